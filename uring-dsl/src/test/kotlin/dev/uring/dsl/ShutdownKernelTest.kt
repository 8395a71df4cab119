package dev.uring.dsl

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.withContext
import java.net.ConnectException
import java.net.SocketException
import java.time.Duration
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch

class ShutdownKernelTest :
    FunSpec({
        driverTest("a handler that waits between two messages sees the end of input when its server closes") {
            val result = CompletableDeferred<Int>()
            withServer({ conn ->
                conn.write("ready")
                result.complete(conn.receive { it.size() })
                conn.write("goodbye")
            }) { server ->
                server.connect().use {
                    it.receiveText(5) shouldBe "ready"
                    server.close()
                    result.await() shouldBe Connection.END_OF_INPUT
                    it.receiveTextToEnd() shouldBe "goodbye"
                    server.join()
                }
            }
        }

        driverTest("a handler in the middle of a message is left to finish it, and then sees the end") {
            val middle = CompletableDeferred<Unit>()
            withServer({ conn ->
                do {
                    val hasMessage =
                        conn.parse { view ->
                            middle.complete(Unit)
                            if (view.size() < 8) 0 else 8.also { conn.write("answer;") }
                        }
                } while (hasMessage)
                conn.write("end")
            }) { server ->
                server.connect().use {
                    it.send("half")
                    middle.await()
                    server.close()
                    it.send("half")
                    it.receiveTextToEnd() shouldBe "answer;end"
                }
            }
        }

        driverTest("a handler that was busy when the server closed sees the end at its next wait") {
            val busy = CompletableDeferred<Unit>()
            val proceed = CompletableDeferred<Unit>()
            withServer({ conn ->
                conn.receive { it.size() }
                busy.complete(Unit)
                proceed.await()
                conn.write("done;")
                conn.write(conn.receive { it.size() }.toString())
            }) { server ->
                server.connect().use {
                    it.send("work")
                    busy.await()
                    server.close()
                    proceed.complete(Unit)
                    it.receiveTextToEnd() shouldBe "done;-1"
                }
            }
        }

        driverTest("a handler that does not come to an end within drainTimeout is cancelled and its connection reset") {
            val reason = CompletableDeferred<String?>()
            withServer(
                handler = { conn ->
                    conn.write("x")
                    try {
                        awaitCancellation()
                    } catch (cancellation: CancellationException) {
                        reason.complete(cancellation.message)
                        throw cancellation
                    }
                },
                configure = { drainTimeout(Duration.ofMillis(100)) },
            ) { server ->
                server.connect().use {
                    it.receiveText(1) shouldBe "x"
                    server.close()
                    reason.await() shouldContain "not drained within drainTimeout=100ms"
                    shouldThrow<SocketException> { it.receiveToEnd() }
                    server.join()
                }
            }
        }

        driverTest("a peer that does not read its last reply cannot hold up the end beyond drainTimeout") {
            val returned = CompletableDeferred<Unit>()
            withServer(
                handler = { conn ->
                    conn.write(ByteArray(16 shl 20))
                    returned.complete(Unit)
                },
                configure = { drainTimeout(Duration.ofMillis(100)) },
            ) { server ->
                Peer(server.localAddress, receiveBufferBytes = 64 shl 10).use {
                    returned.await()
                    server.close()
                    server.join()
                    shouldThrow<SocketException> { it.receiveToEnd() }
                }
            }
        }

        driverTest("a closed server refuses connections, the others go on") {
            testUring {
                val first = tcp("127.0.0.1:0") { it.send("first") }
                val second = tcp("127.0.0.1:0") { it.send("second") }
                withContext(Dispatchers.IO) {
                    first.close()
                    first.close()
                    first.join()
                    shouldThrow<ConnectException> { first.connect() }
                    second.connect().use { it.receiveTextToEnd() shouldBe "second" }
                }
                shutdown()
            }
        }

        driverTest("shutdown under load loses no reply: what a handler answered, its client received") {
            val answered = ConcurrentHashMap<String, Int>()
            val received = ConcurrentHashMap<String, Int>()
            val failures = ConcurrentLinkedQueue<Throwable>()
            val underWay = CountDownLatch(CLIENTS)
            withServer({ conn ->
                val name = conn.remoteAddress.toString()
                var answers = 0
                do {
                    val hasRequest =
                        conn.parse { view ->
                            if (view.size() < REQUEST_BYTES) {
                                0
                            } else {
                                conn.output.putView(view, 0, REQUEST_BYTES)
                                answers++
                                REQUEST_BYTES
                            }
                        }
                } while (hasRequest)
                answered[name] = answers
                // Requests that are on their way are read for this long: a client that comes later is reset, and may be.
            }, { drainTimeout(Duration.ofSeconds(20)).lingerTimeout(Duration.ofSeconds(20)) }) { server ->
                val clients =
                    List(CLIENTS) { number ->
                        async(Dispatchers.IO) {
                            server.connect().use { peer ->
                                received[peer.socket.localSocketAddress.toString()] =
                                    try {
                                        // Some pipeline: then requests are on their way in every moment.
                                        peer.askUntilTheEnd(pipelined = 1 + number % 4 * 8) { underWay.countDown() }
                                    } catch (failure: SocketException) {
                                        failures += failure
                                        -1
                                    }
                            }
                        }
                    }
                underWay.await()
                server.close()
                server.join()
                clients.awaitAll()
            }
            failures.shouldBeEmpty()
            received shouldBe answered
        }
    })

private const val CLIENTS = 16
private const val REQUEST_BYTES = 16

/** Sends requests as fast as answers come until the server says goodbye; the number of answers. */
private fun Peer.askUntilTheEnd(
    pipelined: Int,
    onHundred: () -> Unit,
): Int {
    val request = bytesOf(seed = 2, count = REQUEST_BYTES)
    var answers = 0
    repeat(pipelined) { send(request) }
    while (true) {
        val answer = receiveUpTo(REQUEST_BYTES)
        if (answer.size < REQUEST_BYTES) {
            answer.size shouldBe 0
            return answers
        }
        answer.contentEquals(request) shouldBe true
        if (++answers == 100) onHundred()
        send(request)
    }
}
