package dev.uring.redis

import dev.uring.redis.codec.ReplyLimits
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import java.io.OutputStream
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.concurrent.thread
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds

/** What a client does when what answers is no Redis, or one that went mad. */
class FakeServerKernelTest :
    FunSpec({
        needsRedis()

        test("replies cut at random places, with pushes in between, reach those who asked") {
            val seed = System.getProperty("uring.fuzz.seed")?.toLong() ?: System.nanoTime()
            withClue({ "-During.fuzz.seed=$seed" }) {
                val random = Random(seed)
                FakeRedis { output, words ->
                    val push = if (random.nextInt(3) == 0) ">2\r\n+invalidate\r\n*1\r\n+k\r\n" else ""
                    val wire = push + "$${words[1].length}\r\n${words[1]}\r\n"
                    val cut = random.nextInt(wire.length + 1)
                    output.put(wire.take(cut))
                    output.put(wire.drop(cut))
                }.use { fake ->
                    withFake(fake) { client ->
                        repeat(20) { round ->
                            List(100) { n -> async { client.echoed("$round:$n") } }.awaitAll() shouldBe
                                List(100) { n -> "$round:$n" }
                        }
                    }
                }
            }
        }

        val mad =
            mapOf(
                "garbage" to "HTTP/1.1 400 Bad Request\r\n\r\n",
                "a huge length" to "$999999999999\r\n",
                "a huge array" to "*2000000000\r\n",
                "endless nesting" to "*1\r\n".repeat(10_000),
                "a line without an end" to "+" + "x".repeat(200_000),
                "a reply too many" to "+1\r\n+2\r\n+3\r\n",
                "a wrong line end" to "$1\r\nxyz\r\n",
            )
        for ((what, wire) in mad) {
            test("$what ends the connection with what was wrong, and the next one serves") {
                var isMad = true
                FakeRedis { output, words ->
                    val now = if (isMad) wire else "+${words[1]}\r\n"
                    isMad = false
                    output.put(now)
                }.use { fake ->
                    withFake(fake) { client ->
                        val first = runCatching { client.echoed("first") }
                        if (first.isSuccess) {
                            first.getOrThrow() shouldBe "1"
                        } else {
                            val failure = first.exceptionOrNull() as RedisConnectionException
                            failure.message!! shouldContain "does not speak RESP as it should: RESP: "
                        }
                        eventually({ "the connection is given up" }) { client.snapshot().connectionsLost == 1L }
                        client.echoed("second") shouldBe "second"
                    }
                }
            }
        }

        test("values of the wrong type fail the command that asked, and nothing else") {
            var answers = 0
            FakeRedis { output, words -> output.put(if (answers++ == 0) "*2\r\n:1\r\n:2\r\n" else "+${words[1]}\r\n") }
                .use { fake ->
                    withFake(fake) { client ->
                        runCatching { client.echoed("x") }.exceptionOrNull()!!.message!! shouldContain
                            "expected a string, but the server answered ARRAY of 2 values"
                        client.echoed("y") shouldBe "y"
                        client.snapshot().connects shouldBe 1
                    }
                }
        }

        test("a server that knows no HELLO is spoken to in RESP2") {
            FakeRedis(knowsHello = false) { output, words -> output.put("+${words[1]}\r\n") }.use { fake ->
                withFake(fake) { client -> client.echoed("old") shouldBe "old" }
            }
        }

        test("a server that accepts and says nothing is given up after the time for a connection") {
            FakeRedis(isSilent = true) { _, _ -> }.use { fake ->
                withUring(countsAll = false) {
                    val config = RedisConfig(fake.address, connectTimeout = 100.milliseconds)
                    RedisClient(runtime, config).use { client ->
                        runCatching { client.echoed("x") }.exceptionOrNull()!!.message!! shouldContain
                            "no greeting within 100ms"
                    }
                }
            }
        }
    })

private fun withFake(
    fake: FakeRedis,
    block: suspend kotlinx.coroutines.CoroutineScope.(RedisClient) -> Unit,
) = withUring(countsAll = false) {
    val limits = ReplyLimits(8, 1000, 1 shl 20, 1 shl 16, 1 shl 22, 1 shl 20)
    val config = RedisConfig(address = fake.address, replyLimits = limits)
    RedisClient(runtime, config).use { block(it) }
}

private fun OutputStream.put(text: String) {
    write(text.toByteArray(Charsets.ISO_8859_1))
    flush()
}

private const val UNKNOWN = "-ERR unknown command 'HELLO'\r\n"

/** Answers greetings as a server does, and everything else as [answer] likes. One thread for each connection. */
private class FakeRedis(
    private val knowsHello: Boolean = true,
    private val isSilent: Boolean = false,
    private val answer: (OutputStream, List<String>) -> Unit,
) : AutoCloseable {
    private val listener = ServerSocket(0, 50, InetAddress.getLoopbackAddress())
    private val accepted = CopyOnWriteArrayList<Socket>()
    val address = "127.0.0.1:${listener.localPort}"

    init {
        thread(isDaemon = true) {
            while (true) {
                val socket = runCatching { listener.accept() }.getOrNull() ?: break
                accepted += socket
                thread(isDaemon = true) { runCatching { socket.use(::serve) } }
            }
        }
    }

    private fun serve(socket: Socket) {
        socket.tcpNoDelay = true
        val input = socket.getInputStream().bufferedReader(Charsets.ISO_8859_1)
        val output = socket.getOutputStream()
        while (true) {
            val count = (input.readLine() ?: return).drop(1).toInt()
            val words =
                List(count) {
                    input.readLine()
                    input.readLine()
                }
            when {
                isSilent -> Unit
                words[0] == "HELLO" -> output.put(if (knowsHello) "%1\r\n+proto\r\n:3\r\n" else UNKNOWN)
                words[0] == "CLIENT" || words[0] == "PING" -> output.put("+OK\r\n")
                else -> answer(output, words)
            }
        }
    }

    override fun close() {
        listener.close()
        accepted.forEach(Socket::close)
    }
}
