package dev.uring.net

import dev.uring.base.FrameTooLargeException
import dev.uring.bytes.ByteView
import dev.uring.testing.Recorder
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.receiveText
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import dev.uring.testing.withServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.ByteArrayOutputStream
import java.io.DataOutputStream
import java.net.Socket
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.random.Random

private const val KIB = 1 shl 10
private const val MIB = 1 shl 20

class ConnectionReceiveKernelTest :
    FunSpec({
        driverTest("bytes arrive, are consumed, and the end comes last") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect()
                client.send("hello")
                await { recorder.events.contains("receive") }
                client.close()
                recorder.closed() shouldBe null
                recorder.events shouldBe listOf("open", "receive", "end", "closed")
                recorder.connection().receivedBytesTotal() shouldBe 5
            }
        }

        driverTest("an unfinished message is offered again, in one piece, when more of it has arrived") {
            // Sizes around the headroom (1 KiB), the buffer (4 KiB) and several buffers.
            for (messageBytes in listOf(2, 1023, 1024, 1025, 4095, 4096, 4097, 5119, 5120, 5121, 100_000, MIB + 1)) {
                withClue("messageBytes=$messageBytes") {
                    val message = ByteArray(messageBytes) { (it * 31).toByte() }
                    val whole = CompletableFuture<ByteArray>()
                    val recorder =
                        Recorder(onReceive = { _, bytes ->
                            if (bytes.size() < messageBytes) {
                                0
                            } else {
                                whole.complete(bytes.toByteArray())
                                bytes.size()
                            }
                        })
                    val config = smallConfig().recvBufferBytes(4 * KIB).recvHeadroomBytes(KIB).build()
                    withServer(recorder, config) { server ->
                        val client = server.connect()
                        val first = messageBytes / 2
                        client.getOutputStream().write(message, 0, first)
                        await { recorder.connection().receivedBytesTotal() == first.toLong() }
                        client.getOutputStream().write(message, first, messageBytes - first)
                        whole.get(20, TimeUnit.SECONDS) shouldBe message
                    }
                }
            }
        }

        driverTest("messages of every size up to three buffers, split anywhere, are parsed byte-exact") {
            val seed = System.nanoTime()
            withClue("seed=$seed") {
                val random = Random(seed)
                val config =
                    smallConfig()
                        .recvBufferBytes(KIB)
                        .recvHeadroomBytes(128)
                        .recvBuffersCount(8)
                        .build()
                val parsed = ConcurrentLinkedQueue<Int>()
                withServer(Recorder(onReceive = framesInto(parsed)), config) { server ->
                    val sizes = List(2_000) { random.nextInt(0, 3 * KIB) }
                    val stream = sizes.fold(ByteWriter()) { writer, size -> writer.frame(size) }.toByteArray()
                    server.connect().sendSplit(stream, random)
                    await({ "parsed ${parsed.size} of ${sizes.size}" }) { parsed.size == sizes.size }
                    parsed.toList() shouldBe sizes
                    server.runtime
                        .snapshots()
                        .single()
                        .bytesCarried() shouldBeGreaterThan 0L
                }
            }
        }

        driverTest("consume during the call counts, and what is returned counts besides") {
            val seen = ConcurrentLinkedQueue<String>()
            val recorder =
                Recorder(onReceive = { connection, bytes ->
                    seen += bytes.toUtf8()
                    connection.consume(2)
                    seen += connection.received().toUtf8()
                    connection.readableBytes() shouldBe 4
                    1
                })
            withServer(recorder) { server ->
                val client = server.connect()
                client.send("abcdef")
                await { seen.size == 2 }
                recorder.connection().call { received().toUtf8() } shouldBe "def"
                seen.toList() shouldBe listOf("abcdef", "cdef")
            }
        }

        for (returned in listOf(-1, 7)) {
            driverTest("a handler that consumes $returned of 6 bytes is found out") {
                val recorder = Recorder(onReceive = { _, _ -> returned })
                withServer(recorder) { server ->
                    val client = server.connect()
                    val peer = "127.0.0.1:${client.localPort}"
                    client.send("abcdef")
                    recorder.closed().shouldBeInstanceOf<IllegalArgumentException>().message shouldBe
                        "consumed=$returned bytes, but unconsumed=6 bytes (connection $peer, worker 0)"
                }
            }
        }

        driverTest("a view that is kept beyond the call throws") {
            val kept = CompletableFuture<ByteView>()
            val recorder = Recorder(onReceive = { _, bytes -> kept.complete(bytes).let { 0 } })
            withServer(recorder) { server ->
                server.connect().send("abc")
                val view = kept.get(20, TimeUnit.SECONDS)
                recorder.connection().call { shouldThrow<IllegalStateException> { view.toUtf8() } }.message shouldBe
                    "view used after its loan ended (lent by Connection.received): copy the bytes (toByteArray, " +
                    "toUtf8) inside the block that receives them"
                recorder.connection().call { shouldThrow<IllegalStateException> { write(view) } }
            }
        }

        driverTest("a view looked at in a task ends when the next bytes arrive") {
            val recorder = Recorder(onReceive = { _, _ -> 0 })
            withServer(recorder) { server ->
                val client = server.connect()
                client.send("abc")
                val connection = recorder.connection()
                await { connection.receivedBytesTotal() == 3L }
                val view = connection.call { pauseReceive().let { received() } }
                client.send("def")
                await { connection.receivedBytesTotal() == 6L }
                connection.call { shouldThrow<IllegalStateException> { view.toUtf8() } }
                connection.call { received().toUtf8().also { abort() } } shouldBe "abcdef"
            }
        }

        driverTest("whoever looks for bytes where there are none finds an empty view") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                server.connect()
                recorder.connection().call { received().toUtf8() } shouldBe ""
            }
        }

        driverTest("while receiving is paused nothing is offered, and the peer has to wait") {
            val offered = ConcurrentLinkedQueue<Int>()
            val recorder =
                Recorder(
                    onOpen = { it.pauseReceive() },
                    onReceive = { _, bytes -> bytes.size().also { offered += it } },
                )
            val config = smallConfig().recvBufferBytes(4 * KIB).recvHighWaterBytes(16 * KIB).build()
            withServer(recorder, config) { server ->
                val total = 64 * MIB
                val client = server.connect()
                val sender = thread { client.getOutputStream().write(ByteArray(total)) }
                val connection = recorder.connection()
                await {
                    server.runtime
                        .snapshots()
                        .single()
                        .receivePauses() > 0
                }
                // The sockets' own buffers are full and nothing moves: neither side takes more.
                await { sender.state != Thread.State.TERMINATED && connection.isQuiet() }
                offered.size shouldBe 0
                connection.call { readableBytes() } shouldBeGreaterThanOrEqualTo 16 * KIB
                connection.call { readableBytes() } shouldBeLessThan 4 * MIB
                connection.call { resumeReceive() }
                sender.join()
                await { connection.receivedBytesTotal() == total.toLong() }
                connection.call { readableBytes() } shouldBe 0
                offered.sum() shouldBe total
            }
        }

        driverTest("pausing and resuming at any moment loses, doubles and reorders nothing") {
            val seed = System.nanoTime()
            withClue("seed=$seed") {
                val random = Random(seed)
                val config =
                    smallConfig()
                        .recvBufferBytes(KIB)
                        .recvBuffersCount(8)
                        .recvHighWaterBytes(2 * KIB)
                        .build()
                val parsed = ConcurrentLinkedQueue<Int>()
                val frames = framesInto(parsed)
                val recorder =
                    Recorder(onReceive = { connection, bytes ->
                        if (parsed.size % 7 == 3) connection.pauseReceive()
                        frames(connection, bytes)
                    })
                withServer(recorder, config) { server ->
                    val sizes = List(3_000) { random.nextInt(0, 3 * KIB) }
                    val stream = sizes.fold(ByteWriter()) { writer, size -> writer.frame(size) }.toByteArray()
                    val client = server.connect()
                    val sender = thread { client.getOutputStream().write(stream) }
                    val connection = recorder.connection()
                    await({ "parsed ${parsed.size} of ${sizes.size}" }) {
                        connection.call { if (Random.nextBoolean()) pauseReceive() else resumeReceive() }
                        connection.call { resumeReceive() }
                        parsed.size == sizes.size
                    }
                    sender.join()
                    parsed.toList() shouldBe sizes
                    recorder.isClosed shouldBe false
                    // The last bytes may have paused it once more, and a paused connection does not see its peer leave.
                    connection.call { resumeReceive() }
                }
            }
        }

        driverTest("bytes and the end that came while receiving was paused are offered after it, in order") {
            val recorder = Recorder(onOpen = { it.pauseReceive() })
            withServer(recorder) { server ->
                val client = server.connect()
                client.send("abc")
                client.shutdownOutput()
                val connection = recorder.connection()
                await { connection.call { inputEnded() } }
                recorder.events shouldBe listOf("open")
                connection.call { resumeReceive() }
                recorder.closed() shouldBe null
                recorder.events shouldBe listOf("open", "receive", "end", "closed")
            }
        }

        driverTest("bytes that were pulled while receiving was paused are not offered again") {
            val recorder = Recorder(onOpen = { it.pauseReceive() })
            withServer(recorder) { server ->
                val client = server.connect()
                client.send("abc")
                val connection = recorder.connection()
                await { connection.call { readableBytes() } == 3 }
                connection.call {
                    received().toUtf8() shouldBe "abc"
                    consume(1)
                    resumeReceive()
                }
                connection.call { }
                recorder.events shouldBe listOf("open")
                client.send("d")
                await { recorder.events == listOf("open", "receive") }
            }
        }

        driverTest("closing while paused drops what is there and ends in order") {
            val recorder = Recorder(onOpen = { it.pauseReceive() })
            val config = smallConfig().recvBufferBytes(KIB).recvHighWaterBytes(KIB).build()
            withServer(recorder, config) { server ->
                val client = server.connect()
                client.getOutputStream().write(ByteArray(100 * KIB))
                await {
                    server.runtime
                        .snapshots()
                        .single()
                        .receivePauses() > 0
                }
                recorder.connection().call { close() }
                client.getInputStream().read() shouldBe -1
                client.close()
                recorder.closed() shouldBe null
            }
        }

        driverTest("a message larger than frameBytesMax ends the connection and says so") {
            val recorder = Recorder(onReceive = { _, _ -> 0 })
            val config = smallConfig().frameBytesMax(64 * KIB).recvHighWaterBytes(KIB).build()
            withServer(recorder, config) { server ->
                val client = server.connect()
                val port = client.localPort
                val sender = thread { runCatching { client.getOutputStream().write(ByteArray(MIB)) } }
                val cause = recorder.closed().shouldBeInstanceOf<FrameTooLargeException>()
                sender.join()
                cause.frameBytesMax() shouldBe 64 * KIB
                cause.message!!.replace(Regex("of \\d+ bytes"), "of N bytes") shouldBe
                    """
                    unconsumed input of N bytes exceeds frameBytesMax=65536 bytes (connection 127.0.0.1:$port, worker 0).
                      Likely cause: the parser waits for the end of a message that is larger than the limit. Raise RuntimeConfig.frameBytesMax, or consume the message in parts.
                    """.trimIndent()
            }
        }

        driverTest("a message of exactly frameBytesMax passes, whatever follows it") {
            val limit = 64 * KIB
            val parsed = ConcurrentLinkedQueue<Int>()
            val recorder =
                Recorder(onReceive = { _, bytes ->
                    val whole = bytes.size() / limit * limit
                    if (whole > 0) parsed += whole
                    whole
                })
            val config =
                smallConfig()
                    .frameBytesMax(limit)
                    .recvHighWaterBytes(KIB)
                    .recvBufferBytes(48 * KIB)
                    .build()
            withServer(recorder, config) { server ->
                val client = server.connect()
                val count = 50
                client.getOutputStream().write(ByteArray(count * limit))
                await({ "closed: ${recorder.events}" }) { parsed.sum() == count * limit }
                recorder.isClosed shouldBe false
            }
        }

        driverTest("frameBytesMax does not end a connection that is paused") {
            val recorder = Recorder(onOpen = { it.pauseReceive() })
            val config =
                smallConfig()
                    .frameBytesMax(KIB)
                    .recvHighWaterBytes(KIB)
                    .recvBufferBytes(4 * KIB)
                    .build()
            withServer(recorder, config) { server ->
                val client = server.connect()
                val sender = thread { client.getOutputStream().write(ByteArray(MIB)) }
                val connection = recorder.connection()
                await {
                    server.runtime
                        .snapshots()
                        .single()
                        .receivePauses() > 0 && connection.isQuiet()
                }
                connection.call { resumeReceive() }
                sender.join()
                await { connection.receivedBytesTotal() == MIB.toLong() }
                recorder.isClosed shouldBe false
            }
        }

        driverTest("the peer's end leaves the other direction open") {
            val recorder = Recorder(onEnd = { it.writeUtf8("after the end") })
            withServer(recorder) { server ->
                val client = server.connect()
                client.send("abc")
                client.shutdownOutput()
                client.receiveText(13) shouldBe "after the end"
                val connection = recorder.connection()
                connection.call { inputEnded() to isOpen } shouldBe (true to true)
                connection.call { close() }
                client.getInputStream().read() shouldBe -1
                recorder.closed() shouldBe null
            }
        }

        driverTest("what is left of a message at the end is still there in onEnd") {
            val rest = CompletableFuture<String>()
            val recorder =
                Recorder(
                    onReceive = { _, _ -> 0 },
                    onEnd = {
                        rest.complete(it.received().toUtf8())
                        it.close()
                    },
                )
            withServer(recorder) { server ->
                val client = server.connect()
                client.send("half a mess")
                client.shutdownOutput()
                rest.get(20, TimeUnit.SECONDS) shouldBe "half a mess"
            }
        }

        driverTest("callbacks see the present time, however long the worker has slept") {
            val ages = ConcurrentLinkedQueue<Long>()
            val recorder =
                Recorder(onReceive = { connection, bytes ->
                    ages += System.nanoTime() - connection.worker().nanoTime()
                    bytes.size()
                })
            withServer(recorder) { server ->
                val client = server.connect()
                repeat(5) {
                    Thread.sleep(60)
                    client.send("x")
                    await { ages.size == it + 1 }
                }
                // The smallest: a time from before the sleep makes each one 60 ms old, a busy machine only some.
                ages.min() shouldBeLessThan TimeUnit.MILLISECONDS.toNanos(50)
            }
        }
    })

/** Whether nothing has arrived for a while. */
private fun Connection.isQuiet(): Boolean {
    val before = receivedBytesTotal()
    Thread.sleep(100)
    return receivedBytesTotal() == before
}

/** Frames of a length in four bytes and as many bytes of a pattern; checks the pattern and records the length. */
private fun framesInto(parsed: MutableCollection<Int>): (Connection, ByteView) -> Int =
    { _, bytes ->
        var at = 0
        while (bytes.size() - at >= 4 && bytes.size() - at - 4 >= bytes.getInt(at)) {
            val size = bytes.getInt(at)
            for (i in 0 until size) check(bytes.get(at + 4 + i) == (i * 7 + size).toByte()) { "byte $i of $size" }
            parsed += size
            at += 4 + size
        }
        at
    }

private class ByteWriter {
    private val bytes = ByteArrayOutputStream()

    fun frame(size: Int): ByteWriter {
        DataOutputStream(bytes).writeInt(size)
        bytes.write(ByteArray(size) { (it * 7 + size).toByte() })
        return this
    }

    fun toByteArray(): ByteArray = bytes.toByteArray()
}

private fun Socket.sendSplit(
    bytes: ByteArray,
    random: Random,
) {
    var at = 0
    while (at < bytes.size) {
        val part = minOf(random.nextInt(1, 5_000), bytes.size - at)
        getOutputStream().write(bytes, at, part)
        at += part
    }
}
