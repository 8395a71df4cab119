package dev.uring.redis

import dev.uring.redis.codec.Command
import dev.uring.redis.codec.Reply
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.seconds

class RedisAsyncKernelTest :
    FunSpec({
        needsRedis()

        val server = lazy { RealRedis() }
        val redis by server
        afterSpec { if (server.isInitialized()) redis.close() }

        test("stages complete with values and with the server's errors, from any thread and on a worker") {
            val url = redis.url
            withUring(workers = 2) {
                RedisAsyncClient.create(runtime, url).use { client ->
                    withContext(Dispatchers.IO) {
                        List(500) { client.echo("$it") }.map { it.joined() } shouldBe List(500) { "$it" }
                        val wrong = client.execute(client.command(Command.of("INCR")), Reply.LONG)
                        (
                            shouldThrow<CompletionException> {
                                wrong.toCompletableFuture().join()
                            }.cause as RedisException
                        ).code shouldBe "ERR"
                        val chained = client.echo("a").thenCompose { client.echo(it + "b") }
                        chained.joined() shouldBe "ab"
                    }
                    client.withCodec(RedisCodec.BYTES).codec shouldBe RedisCodec.BYTES
                }
            }
        }

        test("a stage that waits too long fails, and a client that is closed refuses in the stage") {
            RealRedis().use { own ->
                withUring {
                    val config = RedisConfig.parse(own.url).copy(commandTimeout = 3.seconds)
                    val client = RedisAsyncClient.create(runtime, config)
                    withContext(Dispatchers.IO) {
                        client.echo("x").joined() shouldBe "x"
                        own.signal("STOP")
                        failure(client.echo("late")).message!! shouldStartWith
                            "ECHO: no reply within 3s, it was sent"
                        own.signal("CONT")
                        client.echo("y").joined() shouldBe "y"
                        client.close()
                        failure(client.echo("z")).message shouldBe "ECHO: the client is closed"
                    }
                }
            }
        }
    })

private val ECHO = Command.of("ECHO")

private fun RedisAsync<*, *>.echo(text: String): CompletionStage<String> =
    execute(command(ECHO).arg(text), Reply.STRING)

private fun <T> CompletionStage<T>.joined(): T = toCompletableFuture().get(20, TimeUnit.SECONDS)

private fun failure(stage: CompletionStage<*>): Throwable =
    shouldThrow<CompletionException> { stage.toCompletableFuture().join() }.cause!!
