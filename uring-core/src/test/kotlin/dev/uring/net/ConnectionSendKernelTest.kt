package dev.uring.net

import dev.uring.base.ConnectionLostException
import dev.uring.base.PoolExhaustedException
import dev.uring.base.SendQueueFullException
import dev.uring.buffer.BlockLease
import dev.uring.bytes.ByteWindow
import dev.uring.testing.Recorder
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.receive
import dev.uring.testing.receiveText
import dev.uring.testing.reset
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import dev.uring.testing.withServer
import dev.uring.worker.Worker
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.comparables.shouldBeLessThanOrEqualTo
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.InetSocketAddress
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random

private const val KIB = 1 shl 10
private const val MIB = 1 shl 20

class ConnectionSendKernelTest :
    FunSpec({
        driverTest("everything written in a turn arrives in its order, whatever it was written with") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect()
                recorder.connection().call {
                    write("1".toByteArray())
                    writeUtf8("2€")
                    output().putDecimal(3).putAscii("4")
                    write(ByteWindow.copyOf("x5x".toByteArray()), 1, 1)
                    write("xx6".toByteArray(), 2, 1)
                    write(ByteWindow.copyOf("7".toByteArray()))
                    unsentBytes() shouldBe 10
                }
                String(client.receive(10)) shouldBe "12€34567"
                recorder.connection().call { unsentBytes() } shouldBe 0
            }
        }

        driverTest("a send that the kernel cuts short goes on at the byte where it stopped") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect()
                recorder.connection().call {
                    writeUtf8("0123456789")
                    write(lease(worker(), "abcdef"))
                    // The kernel's part, played here: it cuts a send short only when it is in need. First inside the
                    // first piece, then inside the second.
                    val queue = output() as SendQueue
                    queue.fill()
                    queue.sent(4, null)
                    unsentBytes() shouldBe 12
                    queue.fill()
                    queue.sent(8, null)
                    sentBytesTotal() shouldBe 12
                }
                client.receiveText(4) shouldBe "cdef"
                recorder.connection().call { unsentBytes() } shouldBe 0
            }
        }

        driverTest("a thousand writes in a turn leave in one operation") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect()
                val connection = recorder.connection()
                val before = connection.call { server.worker.snapshot().submitted() }
                connection.call { repeat(1_000) { writeUtf8("line $it\n") } }
                client.receive((0 until 1_000).sumOf { "line $it\n".length })
                // The send; the wakes of the two tasks and the reads that wait for them.
                (connection.call { server.worker.snapshot().submitted() } - before) shouldBeLessThanOrEqualTo 6L
            }
        }

        driverTest("a flush does not wait for the end of the turn") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect()
                recorder.connection().call {
                    writeUtf8("first")
                    flush()
                    writeUtf8("second")
                    flush()
                }
                client.receiveText(11) shouldBe "firstsecond"
            }
        }

        driverTest("megabytes in random parts reach a slow reader byte-exact") {
            val seed = System.nanoTime()
            withClue("seed=$seed") {
                val random = Random(seed)
                val stream = random.nextBytes(8 * MIB)
                val view = ByteWindow.copyOf(stream)
                val recorder = Recorder()
                withServer(recorder) { server ->
                    val client = server.connect(receiveBufferBytes = 8 * KIB)
                    val connection = recorder.connection()
                    var at = 0
                    while (at < stream.size) {
                        val parts = List(random.nextInt(1, 300)) { random.nextInt(1, 10_000) }
                        connection.call {
                            for (part in parts) {
                                val count = minOf(part, stream.size - at)
                                if (count % 2 == 0) {
                                    write(stream, at, count)
                                } else {
                                    write(view, at, count)
                                }
                                at += count
                                if (count % 13 == 0) flush()
                            }
                        }
                    }
                    client.receive(stream.size).contentEquals(stream) shouldBe true
                    connection.call { unsentBytes() } shouldBe 0
                }
            }
        }

        driverTest("onWritable comes once for each request, when few enough bytes are unsent") {
            val unsentAtCall = CompletableFuture<Long>()
            val calls = AtomicInteger()
            val recorder =
                Recorder(onWritable = {
                    calls.incrementAndGet()
                    unsentAtCall.complete(it.unsentBytes())
                })
            withServer(recorder) { server ->
                val client = server.connect(receiveBufferBytes = 8 * KIB)
                val connection = recorder.connection()
                connection.call {
                    write(ByteArray(16 * MIB))
                    isWritable shouldBe false
                    requestWritable(MIB.toLong())
                }
                connection.call { calls.get() } shouldBe 0
                client.receive(16 * MIB)
                unsentAtCall.get(20, TimeUnit.SECONDS) shouldBeLessThanOrEqualTo MIB.toLong()
                await { connection.call { unsentBytes() } == 0L }
                connection.call { isWritable } shouldBe true
                calls.get() shouldBe 1
                connection.call { requestWritable(0) }
                await { calls.get() == 2 }
            }
        }

        driverTest("a handler that asks for onWritable in every onWritable keeps nobody else waiting") {
            val recorder = Recorder(onOpen = { it.requestWritable(0) }, onWritable = { it.requestWritable(0) })
            withServer(recorder) { server ->
                server.connect()
                repeat(100) { server.worker.call { it } shouldBe it }
                recorder.connection().call { abort() }
            }
        }

        driverTest("a queue beyond sendQueueBytesMax ends the connection and says so") {
            val recorder = Recorder()
            val config = smallConfig().sendQueueBytesMax(256L * KIB).sendHighWaterBytes(64L * KIB).build()
            withServer(recorder, config) { server ->
                val client = server.connect()
                val peer = "127.0.0.1:${client.localPort}"
                val connection = recorder.connection()
                val full =
                    connection.call {
                        shouldThrow<SendQueueFullException> { repeat(1_000) { write(ByteArray(KIB)) } }
                    }
                full.sendQueueBytesMax() shouldBe 256L * KIB
                // Seen at the first block that would begin beyond the limit.
                full.message!!.replace(Regex("of \\d+ bytes"), "of N bytes") shouldBe
                    """
                    send queue of N bytes exceeds sendQueueBytesMax=262144 bytes (connection $peer, worker 0).
                      Likely cause: the peer reads slower than the program writes, and the program writes without waiting. Use the suspending send, or requestWritable, or raise RuntimeConfig.sendQueueBytesMax.
                    """.trimIndent()
                recorder.closed() shouldBe full
                runCatching { client.getInputStream().readAllBytes() }.isFailure shouldBe true
            }
        }

        driverTest("what is written to a connection that is closing or gone is dropped and holds nothing") {
            val large = ByteArray(MIB)
            val writeAll: (Connection) -> Unit = {
                it.writeUtf8("late")
                it.output().putLong(1).putBytes(large)
                it.write(ByteWindow.copyOf(large))
                it.shutdownOutput()
                it.flush()
                it.unsentBytes() shouldBe 0
                it.isOpen shouldBe false
            }
            val recorder = Recorder(onClosed = writeAll)
            withServer(recorder) { server ->
                val client = server.connect()
                val connection = recorder.connection()
                connection.call {
                    writeUtf8("kept")
                    close()
                    output().putBytes(large)
                    unsentBytes() shouldBe 4
                }
                String(client.getInputStream().readAllBytes()) shouldBe "kept"
                client.close()
                recorder.closed() shouldBe null
                server.worker.call { writeAll(connection) }
                server.worker.snapshot().failures() shouldBe 0
            }
        }

        driverTest("no part of a view beyond its end is sent, with or without a copy") {
            val refused = CompletableFuture<Int>()
            val recorder =
                Recorder(onReceive = { connection, bytes ->
                    if (bytes.size() < 6 * KIB) {
                        0
                    } else {
                        var count = 0
                        for ((from, size) in listOf(0 to bytes.size() + 1, 1 to bytes.size(), -1 to 5 * KIB, 0 to -1)) {
                            shouldThrow<IndexOutOfBoundsException> { connection.write(bytes, from, size) }
                            count++
                        }
                        connection.unsentBytes() shouldBe 0
                        refused.complete(count)
                        bytes.size()
                    }
                })
            val config = smallConfig().recvBufferBytes(16 * KIB).retainBytesMin(KIB).build()
            withServer(recorder, config) { server ->
                server.connect().getOutputStream().write(ByteArray(6 * KIB))
                refused.get(20, TimeUnit.SECONDS) shouldBe 4
            }
        }

        driverTest("slow peers pin at most half of the receive buffers, and everybody else is served") {
            val buffers = 8
            val echo = ConnectionHandler { connection, bytes -> bytes.size().also { connection.write(bytes) } }
            val config =
                smallConfig()
                    .recvBuffersCount(buffers)
                    .recvBufferBytes(4 * KIB)
                    .retainBytesMin(KIB)
                    .build()
            withServer(echo, config) { server ->
                val slow = List(12) { server.connect(receiveBufferBytes = 4 * KIB) }
                // More than the sockets between us hold: each of them has replies that cannot leave.
                val flooders = slow.map { client -> Thread.ofPlatform().start { runCatching { client.flood() } } }
                await { server.worker.snapshot().receiveBuffersHeld() >= buffers / 2 }
                val quick = server.connect()
                repeat(200) {
                    val message = ByteArray(3 * KIB) { i -> (i + it).toByte() }
                    quick.getOutputStream().write(message)
                    quick.receive(message.size) shouldBe message
                    server.worker.call { server.worker.snapshot().receiveBuffersHeld() } shouldBeLessThanOrEqualTo
                        buffers / 2
                }
                slow.forEach { it.reset() }
                flooders.forEach { it.join() }
            }
        }

        driverTest("bytes sent on from the receive buffer are those that were received, however late they leave") {
            val seed = System.nanoTime()
            withClue("seed=$seed") {
                val random = Random(seed)
                val echo = ConnectionHandler { connection, bytes -> bytes.size().also { connection.write(bytes) } }
                val config =
                    smallConfig()
                        .recvBuffersCount(16)
                        .recvBufferBytes(4 * KIB)
                        .recvHeadroomBytes(KIB)
                        .retainBytesMin(64)
                        .build()
                withServer(echo, config) { server ->
                    val clients = List(8) { server.connect(receiveBufferBytes = 4 * KIB) }
                    val streams = clients.map { random.nextBytes(2 * MIB) }
                    val senders =
                        clients.zip(streams) { client, stream ->
                            Thread.ofPlatform().start { client.getOutputStream().write(stream) }
                        }
                    val readers =
                        clients.zip(streams) { client, stream ->
                            CompletableFuture.supplyAsync { client.receive(stream.size).contentEquals(stream) }
                        }
                    readers.all { it.get(20, TimeUnit.SECONDS) } shouldBe true
                    senders.forEach { it.join() }
                }
            }
        }

        driverTest("a peer that resets while megabytes are queued ends the connection once and frees everything") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect(receiveBufferBytes = 8 * KIB)
                val connection = recorder.connection()
                connection.call { write(ByteArray(16 * MIB)) }
                client.receive(64 * KIB)
                client.reset()
                val cause = recorder.closed().shouldBeInstanceOf<ConnectionLostException>()
                withClue(cause) { (cause.errno() in setOf(32, 104)) shouldBe true }
                connection.isOpen shouldBe false
            }
        }

        driverTest("writing on after the peer has closed ends the connection with the kernel's reason") {
            val recorder = Recorder(onEnd = {})
            withServer(recorder) { server ->
                val client = server.connect()
                client.close()
                val connection = recorder.connection()
                await { connection.call { inputEnded() } }
                await {
                    connection.call { writeUtf8("anybody there?") }
                    recorder.isClosed
                }
                val errno = (recorder.closed() as ConnectionLostException).errno()
                withClue("errno=$errno") { (errno in setOf(32, 104)) shouldBe true }
            }
        }

        driverTest("shutdownOutput sends a FIN behind what is queued, and receiving goes on") {
            val received = CompletableFuture<String>()
            val recorder =
                Recorder(onReceive = { _, bytes ->
                    received.complete(bytes.toUtf8())
                    bytes.size()
                })
            withServer(recorder) { server ->
                val client = server.connect()
                val connection = recorder.connection()
                connection.call {
                    write(ByteArray(2 * MIB))
                    shutdownOutput()
                    writeUtf8("dropped")
                    isOpen shouldBe true
                }
                client.getInputStream().readAllBytes().size shouldBe 2 * MIB
                client.send("still here")
                received.get(20, TimeUnit.SECONDS) shouldBe "still here"
                client.close()
                recorder.closed() shouldBe null
                recorder.events shouldBe listOf("open", "receive", "end", "closed")
            }
        }

        driverTest("shutdownOutput and then close ends in order, with and without something queued") {
            for (queued in listOf(0, 3, 4 * MIB)) {
                val recorder = Recorder()
                withServer(recorder) { server ->
                    val client = server.connect()
                    recorder.connection().call {
                        write(ByteArray(queued))
                        shutdownOutput()
                        close()
                    }
                    client.getInputStream().readAllBytes().size shouldBe queued
                    client.close()
                    recorder.closed() shouldBe null
                }
            }
        }

        driverTest("a pool at its limit still sends what is queued") {
            val recorder = Recorder()
            withServer(recorder, smallConfig().blockPoolBytesMax(MIB.toLong()).build()) { server ->
                val client = server.connect()
                val connection = recorder.connection()
                connection.call {
                    write(ByteArray(MIB))
                    // Not one block is left, not even for the list of what to gather.
                    shouldThrow<PoolExhaustedException> { server.worker.blocks().take(1) }
                }
                client.receive(MIB).size shouldBe MIB
                connection.call { isOpen to unsentBytes() } shouldBe (true to 0L)
            }
        }

        driverTest("a pool that is exhausted in the middle of a message ends that connection and no other") {
            val recorders = List(2) { Recorder() }
            val next = AtomicInteger()
            val config = smallConfig().blockPoolBytesMax(MIB.toLong()).build()
            withServer(config, { recorders[next.getAndIncrement()] }) { server ->
                val first = server.connect()
                val hungry = recorders[0].connection()
                val second = server.connect()
                val modest = recorders[1].connection()
                modest.call { writeUtf8("before") }
                second.receiveText(6) shouldBe "before"
                val exhausted = hungry.call { shouldThrow<PoolExhaustedException> { write(ByteArray(2 * MIB)) } }
                recorders[0].closed() shouldBe exhausted
                runCatching { first.getInputStream().readAllBytes() }.isFailure shouldBe true
                modest.call { writeUtf8("after") }
                second.receiveText(5) shouldBe "after"
            }
        }

        driverTest("the thread of another worker or program is refused") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                server.connect()
                val connection = recorder.connection()
                for (use in listOf<Connection.() -> Unit>(
                    { writeUtf8("x") },
                    { write(ByteArray(1)) },
                    { output() },
                    { flush() },
                    { requestWritable(0) },
                    { shutdownOutput() },
                    { received() },
                    { consume(0) },
                    { pauseReceive() },
                    { resumeReceive() },
                    { close() },
                    { abort() },
                )) {
                    shouldThrow<IllegalStateException> { connection.use() }
                }
                connection.isOpen shouldBe true
            }
        }

        driverTest("addresses are those of the two ends") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect()
                val connection = recorder.connection()
                connection.call { remoteAddress() } shouldBe client.localSocketAddress
                connection.call { localAddress() } shouldBe client.remoteSocketAddress
                client.close()
                recorder.closed() shouldBe null
                connection.call { (remoteAddress() as? InetSocketAddress)?.port to localAddress() } shouldBe
                    (client.localPort to null)
                connection.id() shouldBeGreaterThan 0L
                connection.receivedBytesTotal() shouldBeGreaterThanOrEqualTo 0L
            }
        }
    })

/** Writes until the other side takes no more or is gone. */
private fun java.net.Socket.flood() {
    val bytes = ByteArray(3 * KIB)
    while (true) getOutputStream().write(bytes)
}

private fun lease(
    worker: Worker,
    text: String,
): BlockLease = worker.lease(text.length).apply { putUtf8(text) }
