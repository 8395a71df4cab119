package dev.uring.dsl

import dev.uring.base.ConnectionClosedException
import dev.uring.base.ConnectionLostException
import dev.uring.base.SendQueueFullException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeIn
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeGreaterThanOrEqual
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
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
import kotlinx.io.bytestring.encodeToByteString

class SendKernelTest :
    FunSpec({
        driverTest(
            "write and send take views, arrays, parts of arrays, text and byte strings, in the order of the calls",
        ) {
            withServer({ conn ->
                val letters = "abcdef".encodeToByteArray()
                conn.receive { view ->
                    conn.write(view)
                    view.size()
                }
                conn.write(letters)
                conn.send(letters, from = 1, count = 2)
                conn.write(letters, from = 4)
                conn.send("é;")
                conn.write("text;")
                conn.send("bytes;".encodeToByteString())
                conn.write("string;".encodeToByteString())
                conn.output.putAscii("n=").putDecimal(-42)
                conn.send(letters, count = 1)
            }) { server ->
                server.connect().use {
                    it.send("view;")
                    it.receiveTextToEnd() shouldBe "view;abcdefbcefé;text;bytes;string;n=-42a"
                }
            }
        }

        driverTest("an array may be reused as soon as write or send has returned") {
            withServer({ conn ->
                val block = ByteArray(1_000)
                for (value in 1..100) {
                    block.fill(value.toByte())
                    if (value % 2 == 0) conn.write(block) else conn.send(block)
                }
            }) { server ->
                server.connect().use {
                    val received = it.receiveToEnd()
                    received.indices.all { i -> received[i] == (i / 1_000 + 1).toByte() } shouldBe true
                    received.size shouldBe 100_000
                }
            }
        }

        driverTest("a send to a peer that does not read waits at the high-water mark, and goes on at the low one") {
            val unsentAfterSend = ArrayList<Long>()
            val expected = bytesOf(seed = 3, count = 16 shl 20)
            withServer(
                handler = { conn ->
                    for (from in expected.indices step BLOCK_BYTES) {
                        conn.send(expected, from, BLOCK_BYTES)
                        unsentAfterSend += conn.unsentBytes
                    }
                },
                configure = {
                    sendHighWaterBytes(HIGH_WATER_BYTES)
                    sendLowWaterBytes(LOW_WATER_BYTES)
                },
            ) { server ->
                Peer(server.localAddress, receiveBufferBytes = 64 shl 10).use { peer ->
                    peer.receiveToEnd().contentEquals(expected) shouldBe true
                }
            }
            unsentAfterSend.max() shouldBeLessThan HIGH_WATER_BYTES
            // The queue rises to the high-water mark and then falls, within one send, to the low one.
            val falls = unsentAfterSend.zipWithNext().filter { (before, after) -> after < before }
            falls.size shouldBeGreaterThan 10
            falls.forEach { (before, after) ->
                before shouldBeGreaterThanOrEqual HIGH_WATER_BYTES - BLOCK_BYTES
                after shouldBeLessThanOrEqual LOW_WATER_BYTES
            }
        }

        driverTest("several coroutines may wait in send at once, and the bytes of one call stay together") {
            val senders = 5
            val blocks = 200
            withServer(
                handler = { conn ->
                    coroutineScope {
                        repeat(senders) { sender ->
                            launch { repeat(blocks) { conn.send(ByteArray(BLOCK_BYTES) { sender.toByte() }) } }
                        }
                    }
                },
                configure = { sendHighWaterBytes(HIGH_WATER_BYTES) },
            ) { server ->
                Peer(server.localAddress, receiveBufferBytes = 64 shl 10).use { peer ->
                    val counts = IntArray(senders)
                    repeat(senders * blocks) {
                        val block = peer.receive(BLOCK_BYTES)
                        block.all { it == block[0] } shouldBe true
                        counts[block[0].toInt()]++
                    }
                    counts.toList() shouldBe List(senders) { blocks }
                    peer.receiveToEnd().size shouldBe 0
                }
            }
        }

        driverTest("forEachView stops reading from a peer that does not read its echo") {
            val expected = bytesOf(seed = 5, count = 32 shl 20)
            withServer(
                handler = { conn -> conn.forEachView { conn.write(it) } },
                configure = {
                    sendHighWaterBytes(HIGH_WATER_BYTES)
                    // Without backpressure the queue of a 32 MiB echo would pass this and the connection be reset.
                    sendQueueBytesMax(8L shl 20)
                },
            ) { server ->
                Peer(server.localAddress, receiveBufferBytes = 64 shl 10).use { peer ->
                    val writer =
                        launch(Dispatchers.IO) {
                            peer.send(expected)
                            peer.finishSending()
                        }
                    while (runtime.snapshots().sumOf { it.receivePauses() } == 0L) yield()
                    peer.receiveToEnd().contentEquals(expected) shouldBe true
                    writer.join()
                }
            }
        }

        driverTest("flush returns when the kernel has everything") {
            val unsent = Channel<Long>(Channel.UNLIMITED)
            withServer({ conn ->
                conn.write(ByteArray(100_000))
                unsent.send(conn.unsentBytes)
                conn.flush()
                unsent.send(conn.unsentBytes)
                conn.flush()
            }) { server ->
                server.connect().use {
                    it.receiveToEnd().size shouldBe 100_000
                    unsent.receive() shouldBe 100_000
                    unsent.receive() shouldBe 0
                }
            }
        }

        driverTest("after shutdownOutput the peer sees the end, receiving goes on and a send says why it cannot") {
            val failure = CompletableDeferred<Throwable>()
            val received = CompletableDeferred<String>()
            withServer({ conn ->
                conn.write("last words")
                conn.shutdownOutput()
                conn.write("dropped")
                failure.complete(shouldThrow<ConnectionClosedException> { conn.send("refused") })
                conn.flush()
                conn.receive { view ->
                    received.complete(view.toUtf8())
                    view.size()
                }
            }) { server ->
                server.connect().use { peer ->
                    peer.receiveTextToEnd() shouldBe "last words"
                    peer.send("heard")
                    received.await() shouldBe "heard"
                    failure.await().message shouldBe
                        "send after this side's shutdownOutput(): remote=${peer.socket.localSocketAddress}.\n" +
                        "  Likely cause: the handler has returned, or ended the output, " +
                        "while another coroutine still sends. Check isOpen there, or let the handler wait for it."
                }
            }
        }

        driverTest("a send that another coroutine waits in when the connection is closed here says so") {
            val failure = CompletableDeferred<Throwable>()
            withServer(
                handler = { conn ->
                    coroutineScope {
                        launch {
                            failure.complete(shouldThrow<ConnectionClosedException> { sendForEver(conn) })
                        }
                        // The peer says that the sender has begun to wait.
                        conn.receive { it.size() }
                        conn.close()
                    }
                },
                configure = { sendHighWaterBytes(HIGH_WATER_BYTES) },
            ) { server ->
                Peer(server.localAddress, receiveBufferBytes = 64 shl 10).use { peer ->
                    while (runtime.snapshots().sumOf { it.blocksHeld() } == 0) yield()
                    peer.send("go")
                    peer.receiveToEnd()
                    failure.await().message shouldContain "send after this side's close()"
                }
            }
        }

        driverTest(
            "a peer that resets in the middle of a write ends the send with its errno and disturbs no one else",
        ) {
            val failure = CompletableDeferred<Throwable>()
            withServer(
                handler = { conn ->
                    val request = ByteArray(1)
                    conn.receive { view ->
                        view.copyTo(0, request, 0, 1)
                        1
                    }
                    if (request[0] == 'f'.code.toByte()) {
                        failure.complete(shouldThrow<ConnectionLostException> { sendForEver(conn) })
                    } else {
                        conn.forEachView { conn.write(it) }
                    }
                },
                configure = { sendHighWaterBytes(HIGH_WATER_BYTES) },
            ) { server ->
                server.connect().use { sibling ->
                    sibling.send("s")
                    val peer = Peer(server.localAddress, receiveBufferBytes = 64 shl 10)
                    peer.send("f")
                    peer.receive(1 shl 20)
                    peer.reset()
                    // Which of the two depends on whether the receive or the send hears of it first.
                    val errno = failure.await().shouldBeInstanceOf<ConnectionLostException>().errno()
                    errno shouldBeIn listOf(ECONNRESET, EPIPE)
                    sibling.send("still here")
                    sibling.receiveText(10) shouldBe "still here"
                }
            }
        }

        driverTest("a handler that only writes is stopped at sendQueueBytesMax with the numbers") {
            val failure = CompletableDeferred<Throwable>()
            withServer(
                handler = { conn ->
                    conn.receive { it.size() }
                    failure.complete(
                        shouldThrow<SendQueueFullException> { repeat(1_000) { conn.write(ByteArray(BLOCK_BYTES)) } },
                    )
                },
                configure = {
                    sendHighWaterBytes(HIGH_WATER_BYTES)
                    sendQueueBytesMax(1L shl 20)
                },
            ) { server ->
                server.connect().use {
                    it.send("go")
                    failure.await().message shouldContain "exceeds sendQueueBytesMax=1048576 bytes"
                    shouldThrow<java.net.SocketException> { it.receiveToEnd() }
                }
            }
        }

        driverTest("write and send on another thread get an error that says where to call them") {
            val failures = Channel<Throwable>(Channel.UNLIMITED)
            withServer({ conn ->
                withContext(Dispatchers.Default) {
                    failures.send(shouldThrow<IllegalStateException> { conn.write("x") })
                    failures.send(shouldThrow<IllegalStateException> { conn.send("x") })
                    failures.send(shouldThrow<IllegalStateException> { conn.flush() })
                }
            }) { server ->
                server.connect().use {
                    repeat(3) { failures.receive().message shouldContain "onWorker" }
                    it.receiveTextToEnd() shouldBe ""
                }
            }
        }
    })

private const val ECONNRESET = 104
private const val EPIPE = 32
private const val BLOCK_BYTES = 16 shl 10
private const val HIGH_WATER_BYTES = 128L shl 10
private const val LOW_WATER_BYTES = 32L shl 10

private suspend fun sendForEver(conn: Connection): Nothing {
    val block = ByteArray(BLOCK_BYTES)
    while (true) conn.send(block)
}
