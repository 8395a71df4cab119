package dev.uring.dsl

import dev.uring.base.ConnectionLostException
import dev.uring.base.FrameTooLargeException
import dev.uring.bytes.ByteView
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield
import java.io.ByteArrayOutputStream
import java.net.SocketException

class ReceiveKernelTest :
    FunSpec({
        driverTest("receive lends what has arrived and returns what the block consumed") {
            val results = Channel<Pair<String, Int>>(Channel.UNLIMITED)
            withServer({ conn ->
                var text = ""
                val consumed =
                    conn.receive {
                        text = it.toUtf8()
                        it.size()
                    }
                results.send(text to consumed)
            }) { server ->
                server.connect().use {
                    it.send("hello")
                    results.receive() shouldBe ("hello" to 5)
                }
            }
        }

        driverTest("bytes left over by a block that consumed some are offered again at once") {
            withServer({ conn ->
                repeat(3) {
                    conn.receive { view ->
                        conn.write("${view.toUtf8()};")
                        2
                    }
                }
            }) { server ->
                server.connect().use {
                    it.send("abcdef")
                    it.receiveTextToEnd() shouldBe "abcdef;cdef;ef;"
                }
            }
        }

        driverTest("a block that consumed nothing is asked again only when more has arrived") {
            withServer({ conn ->
                repeat(2) {
                    conn.receive { view ->
                        conn.write("${view.toUtf8()};")
                        0
                    }
                }
            }) { server ->
                server.connect().use {
                    it.send("ab")
                    it.receiveText(3) shouldBe "ab;"
                    it.send("c")
                    it.receiveTextToEnd() shouldBe "abc;"
                }
            }
        }

        driverTest("receive says END_OF_INPUT after the peer's FIN, each time it is asked") {
            val results = CompletableDeferred<List<Int>>()
            withServer({ conn ->
                results.complete(List(4) { conn.receive { view -> if (view.size() == 3) 0 else view.size() } })
            }) { server ->
                server.connect().use {
                    it.send("abc")
                    it.finishSending()
                    // The block left "abc" whole, so there is nothing new to offer it after the FIN.
                    results.await() shouldBe listOf(0, -1, -1, -1)
                    it.receiveTextToEnd() shouldBe ""
                }
            }
        }

        driverTest("what is left when the peer finishes is offered once more after a block that consumed some") {
            val results = CompletableDeferred<List<Int>>()
            withServer({ conn -> results.complete(List(3) { conn.receive { 2 } }) }) { server ->
                server.connect().use {
                    it.send("abcd")
                    it.finishSending()
                    results.await() shouldBe listOf(2, 2, Connection.END_OF_INPUT)
                }
            }
        }

        driverTest("parse gives one message a call when many arrive at once") {
            withServer({ conn -> upperCaseLines(conn) }) { server ->
                server.connect().use {
                    it.send("one\ntwo\nthree\n")
                    it.finishSending()
                    it.receiveTextToEnd() shouldBe "ONE\nTWO\nTHREE\n"
                }
            }
        }

        driverTest("parse gives one message a call when each byte arrives alone") {
            withServer({ conn -> upperCaseLines(conn) }) { server ->
                server.connect().use {
                    for (byte in "one\ntwo\n".encodeToByteArray()) it.send(byteArrayOf(byte))
                    it.receiveText(8) shouldBe "ONE\nTWO\n"
                }
            }
        }

        driverTest("parse is false at the end of input with an unfinished message") {
            val result = CompletableDeferred<Boolean>()
            withServer({ conn -> result.complete(conn.parse { it.indexOf('\n'.code.toByte(), 0) + 1 }) }) { server ->
                server.connect().use {
                    it.send("no newline")
                    it.finishSending()
                    result.await() shouldBe false
                }
            }
        }

        driverTest("forEachView consumes every arrival whole, until the end of input") {
            withServer({ conn ->
                conn.forEachView { conn.write(it) }
                conn.write("end")
            }) { server ->
                server.connect().use {
                    for (part in listOf("a", "bc", "def")) {
                        it.send(part)
                        it.receiveText(part.length) shouldBe part
                    }
                    it.finishSending()
                    it.receiveTextToEnd() shouldBe "end"
                }
            }
        }

        driverTest("forEachView ends when its block closes the connection, and goes on when it only ends the output") {
            val received = Channel<String>(Channel.UNLIMITED)
            withServer({ conn ->
                conn.forEachView { view ->
                    val text = view.toUtf8()
                    conn.write(text)
                    if (text == "a") conn.shutdownOutput()
                    if (text == "c") conn.close()
                    received.trySend(text)
                }
                received.send("returned")
            }) { server ->
                server.connect().use { peer ->
                    for (text in listOf("a", "b", "c")) {
                        peer.send(text)
                        received.receive() shouldBe text
                    }
                    received.receive() shouldBe "returned"
                    peer.receiveTextToEnd() shouldBe "a"
                }
            }
        }

        driverTest("bytes stay in the connection when the block throws") {
            withServer({ conn ->
                try {
                    conn.receive { error("in the block") }
                } catch (expected: IllegalStateException) {
                    conn.write("${expected.message};")
                }
                conn.receive { view ->
                    conn.write(view)
                    view.size()
                }
            }) { server ->
                server.connect().use {
                    it.send("kept")
                    it.receiveTextToEnd() shouldBe "in the block;kept"
                }
            }
        }

        driverTest("a block that claims more than it was lent is refused with the numbers, and nothing is consumed") {
            val failures = Channel<Throwable>(Channel.UNLIMITED)
            withServer({ conn ->
                for (claim in listOf(6, -3)) {
                    failures.send(shouldThrow<IllegalArgumentException> { conn.receive { claim } })
                }
                conn.receive { view ->
                    conn.write(view)
                    view.size()
                }
            }) { server ->
                server.connect().use { peer ->
                    peer.send("hello")
                    val address = peer.socket.localSocketAddress
                    failures.receive().message shouldBe
                        "the block says it consumed 6 bytes, but its view held 5 (connection $address).\n" +
                        "  Return how many bytes of the view are done with, counted from its start; " +
                        "0 asks for more bytes."
                    failures.receive().message shouldContain "consumed -3 bytes, but its view held 5"
                    peer.receiveTextToEnd() shouldBe "hello"
                }
            }
        }

        driverTest("a view kept beyond its block is empty and names its lender") {
            val failure = CompletableDeferred<Throwable>()
            withServer({ conn ->
                var leaked: ByteView? = null
                conn.receive {
                    leaked = it
                    it.size()
                }
                failure.complete(shouldThrow<IllegalStateException> { leaked!!.get(0) })
            }) { server ->
                server.connect().use {
                    it.send("x")
                    failure.await().message shouldContain "a block of Connection.receive"
                }
            }
        }

        driverTest("a second coroutine in receive gets an error that says what to do, and the first is not disturbed") {
            val failure = CompletableDeferred<Throwable>()
            withServer({ conn ->
                coroutineScope {
                    launch { conn.forEachView { conn.write(it) } }
                    yield()
                    failure.complete(shouldThrow<IllegalStateException> { conn.receive { it.size() } })
                }
            }) { server ->
                server.connect().use { peer ->
                    failure.await().message shouldBe
                        "connection ${peer.socket.localSocketAddress} has a reader already: " +
                        "another coroutine waits in receive or forwards.\n" +
                        "  Bytes have one order, so let one coroutine receive and pass messages on, " +
                        "for instance through a channel."
                    peer.send("still served")
                    peer.receiveText(12) shouldBe "still served"
                }
            }
        }

        driverTest("receive on another thread gets an error that names both, and says how to get back") {
            val failure = CompletableDeferred<Throwable>()
            withServer({ conn ->
                withContext(Dispatchers.Default) {
                    failure.complete(shouldThrow<IllegalStateException> { conn.receive { it.size() } })
                }
            }) { server ->
                server.connect().use { peer ->
                    val message = failure.await().message!!
                    message shouldContain "receive on thread 'DefaultDispatcher-worker-"
                    message shouldContain "but connection ${peer.socket.localSocketAddress} belongs to worker "
                    message shouldContain "Call it there: onWorker("
                }
            }
        }

        driverTest("a busy handler's peer is stopped at the high-water mark, and every byte is there afterwards") {
            val go = CompletableDeferred<Unit>()
            val expected = bytesOf(seed = 7, count = 24 shl 20)
            val received = ByteArrayOutputStream()
            withServer(
                handler = { conn ->
                    conn.receive { 0 }
                    go.await()
                    conn.forEachView { received.write(it.toByteArray()) }
                    conn.write("done")
                },
                configure = {
                    recvHighWaterBytes(256 shl 10)
                    frameBytesMax(1 shl 20)
                },
            ) { server ->
                server.connect().use { peer ->
                    peer.send(byteArrayOf(expected[0]))
                    val writer =
                        launch(Dispatchers.IO) {
                            peer.send(expected, 1)
                            peer.finishSending()
                        }
                    // Unread bytes are bounded: more than frameBytesMax of them would have killed the connection.
                    while (runtime.snapshots().sumOf { it.receivePauses() } == 0L) yield()
                    go.complete(Unit)
                    peer.receiveTextToEnd() shouldBe "done"
                    writer.join()
                }
            }
            received.toByteArray().contentEquals(expected) shouldBe true
        }

        driverTest("a peer's reset is an exception with its errno, not an end of input") {
            val failure = CompletableDeferred<Throwable>()
            withServer({ conn ->
                conn.write("ready")
                try {
                    conn.forEachView { }
                } catch (lost: ConnectionLostException) {
                    failure.complete(lost)
                    // And again: it does not turn into an end of input later.
                    shouldThrow<ConnectionLostException> { conn.receive { it.size() } }
                }
            }) { server ->
                val peer = server.connect()
                peer.receiveText(5) shouldBe "ready"
                peer.reset()
                failure.await().shouldBeInstanceOf<ConnectionLostException>().errno() shouldBe ECONNRESET
            }
        }

        driverTest("a block may close its connection, and its view ends with that") {
            val results = CompletableDeferred<List<Any>>()
            withServer({ conn ->
                var late: Throwable? = null
                val consumed =
                    conn.receive { view ->
                        val size = view.size()
                        conn.write("goodbye")
                        conn.close()
                        late = shouldThrow<IllegalStateException> { view.get(0) }
                        size
                    }
                results.complete(listOf(consumed, conn.receive { it.size() }, late!!.message!!))
            }) { server ->
                server.connect().use {
                    it.send("hello")
                    it.receiveTextToEnd() shouldBe "goodbye"
                    val (consumed, next, late) = results.await()
                    consumed shouldBe 5
                    next shouldBe Connection.END_OF_INPUT
                    late.toString() shouldContain "a block of Connection.receive"
                }
            }
        }

        driverTest("a message that outgrows frameBytesMax ends the connection with the limit, not the memory") {
            val failure = CompletableDeferred<Throwable>()
            withServer(
                handler = { conn -> failure.complete(shouldThrow<FrameTooLargeException> { conn.parse { 0 } }) },
                configure = {
                    recvHighWaterBytes(32 shl 10)
                    frameBytesMax(64 shl 10)
                },
            ) { server ->
                server.connect().use { peer ->
                    shouldThrow<SocketException> {
                        peer.send(ByteArray(8 shl 20))
                        peer.receiveToEnd()
                    }
                    failure.await().message shouldContain "exceeds frameBytesMax=65536 bytes"
                }
            }
        }

        driverTest("receive after this side's close is an end of input") {
            val results = CompletableDeferred<List<Int>>()
            withServer({ conn ->
                conn.receive { 0 }
                conn.close()
                results.complete(List(2) { conn.receive { it.size() } })
            }) { server ->
                server.connect().use {
                    it.send("ignored")
                    results.await() shouldContainExactly listOf(-1, -1)
                    it.receiveTextToEnd() shouldBe ""
                }
            }
        }
    })

private const val ECONNRESET = 104

private suspend fun upperCaseLines(conn: Connection) {
    do {
        val hasLine =
            conn.parse { view ->
                val end = view.indexOf('\n'.code.toByte(), 0) + 1
                if (end > 0) conn.write(view.toUtf8(0, end).uppercase())
                end
            }
    } while (hasLine)
}
