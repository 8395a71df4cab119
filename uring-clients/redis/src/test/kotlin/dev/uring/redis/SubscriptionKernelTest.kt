package dev.uring.redis

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch

class SubscriptionKernelTest :
    FunSpec({
        needsRedis()

        val server = lazy { RealRedis() }
        val redis by server
        afterSpec { if (server.isInitialized()) redis.close() }

        for (protocol in listOf(RespVersion.RESP3, RespVersion.RESP2)) {
            test("messages of channels, patterns and shard channels come in order, over $protocol") {
                withClient(redis, configure = { copy(protocol = protocol) }) { client ->
                    val subscribed = List(3) { CompletableDeferred<Unit>() }
                    val byChannel =
                        async { client.subscribe("news", "talk") { subscribed[0].complete(Unit) }.take(3).toList() }
                    val byPattern = async { client.psubscribe("ne*") { subscribed[1].complete(Unit) }.take(2).toList() }
                    val byShard =
                        async(Dispatchers.Default) {
                            client.ssubscribe("shard") { subscribed[2].complete(Unit) }.take(1).toList()
                        }
                    subscribed.forEach { it.await() }
                    client.announce("news", "a")
                    client.announce("talk", "b")
                    client.announce("news", "c")
                    client.cmd("SPUBLISH", "shard", "s")
                    byChannel.await() shouldBe
                        listOf(
                            "news" to "a",
                            "talk" to "b",
                            "news" to "c",
                        ).map { RedisMessage(it.first, null, it.second) }
                    byPattern.await() shouldBe
                        listOf(RedisMessage("news", "ne*", "a"), RedisMessage("news", "ne*", "c"))
                    byShard.await() shouldBe listOf(RedisMessage("shard", null, "s"))
                    eventually({ "no subscriber is left" }) { "pubsub_channels:0" in redis.admin("INFO stats") }
                }
            }
        }

        test("a subscriber that is thrown out subscribes again, and says so") {
            withClient(redis) { client ->
                val subscribed = Channel<Unit>(Channel.UNLIMITED)
                val messages = Channel<String>(Channel.UNLIMITED)
                val collector =
                    launch { client.subscribe("again") { subscribed.send(Unit) }.collect { messages.send(it.payload) } }
                repeat(3) { n ->
                    subscribed.receive()
                    client.announce("again", "$n") shouldBe 1
                    messages.receive() shouldBe "$n"
                    redis.admin("CLIENT KILL TYPE pubsub")
                }
                collector.cancelAndJoin()
            }
        }

        test(
            "a collector that is slow loses nothing that fits into the server's buffer, and the client's stays bounded",
        ) {
            withClient(redis) { client ->
                val subscribed = CompletableDeferred<Unit>()
                val mayRead = CompletableDeferred<Unit>()
                val collected =
                    async {
                        client
                            .subscribe("much") {
                                subscribed.complete(Unit)
                                mayRead.await()
                            }.take(20_000)
                            .toList()
                    }
                subscribed.await()
                repeat(20) { round ->
                    client.pipeline { repeat(1000) { publish(it + round * 1000) } }
                }
                mayRead.complete(Unit)
                collected.await().map { it.payload } shouldBe List(20_000) { "$it".padEnd(100, '.') }
            }
        }

        test("a subscription that the server refuses fails its flow with the server's text") {
            RealRedis().use { guarded ->
                guarded.admin("ACL SETUSER default resetchannels")
                withClient(guarded) { client ->
                    shouldThrow<RedisException> { client.subscribe("secret").collect() }.code shouldBe "NOPERM"
                }
                guarded.admin("CONFIG SET requirepass x")
                withUring {
                    val client = RedisClient(runtime, RedisConfig.parse(guarded.url))
                    shouldThrow<RedisException> { client.subscribe("any").collect() }.code shouldBe "NOAUTH"
                    client.close()
                }
            }
        }

        test("a subscription to a server that is not there fails at once") {
            withUring {
                RedisClient(runtime, RedisConfig(address = "127.0.0.1:1")).use { client ->
                    shouldThrow<RedisConnectionException> { client.psubscribe("*").collect() }
                }
            }
        }
    })

private fun RedisBatch<String, String>.publish(number: Int) =
    execute(
        command(
            dev.uring.redis.codec.Command
                .of("PUBLISH"),
        ).arg("much").arg("$number".padEnd(100, '.')),
        Replies.unit,
    )
