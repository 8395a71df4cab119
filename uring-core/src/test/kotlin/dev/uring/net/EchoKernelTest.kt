package dev.uring.net

import dev.uring.RuntimeConfig
import dev.uring.bytes.ByteView
import dev.uring.testing.RingOnly
import dev.uring.testing.TestServer
import dev.uring.testing.block
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.receiveText
import dev.uring.testing.ringTest
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import dev.uring.testing.withServer
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.net.Socket
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import kotlin.random.Random

private const val KIB = 1 shl 10
private const val MIB = 1 shl 20
private const val MESSAGE = "more than nothing"

class EchoKernelTest :
    FunSpec({
        driverTest("200 connections with messages up to 8 MiB, split at random, are echoed byte by byte") {
            withServer(
                PoliteEcho(),
                RuntimeConfig
                    .builder()
                    .workersCount(2)
                    .pinWorkers(false)
                    .build(),
            ) { server ->
                server.echoAll(connections = 200, bytesMax = 8 * MIB)
            }
        }

        driverTest("tiny rings, tiny buffers and many connections lose and mix nothing") {
            val tiny =
                smallConfig()
                    .sqEntries(8)
                    .recvBuffersCount(4)
                    .recvBufferBytes(KIB)
                    .recvHeadroomBytes(64)
                    .retainBytesMin(64)
                    .build()
            withServer(PoliteEcho(), tiny) { it.echoAll(connections = 100, bytesMax = 256 * KIB) }
        }

        ringTest(RingOnly.THE_RING, "a full completion queue, and more bytes than buffers, lose nothing") {
            // Eight submissions, so 32 completions, and four buffers.
            val tiny =
                smallConfig()
                    .sqEntries(8)
                    .recvBuffersCount(4)
                    .recvBufferBytes(KIB)
                    .build()
            withServer(PoliteEcho(), tiny) { server ->
                val gate = server.worker.block()
                // All of them are there before the worker looks: it gets more answers than the queue holds.
                val clients = List(100) { server.connect() }
                clients.forEach { it.send(MESSAGE) }
                gate.countDown()
                clients.forEach { it.receiveText(MESSAGE.length) shouldBe MESSAGE }
                val snapshot = server.worker.call { server.worker.snapshot() }
                snapshot.overflowedEnters() shouldBeGreaterThan 0L
                snapshot.buffersExhausted() shouldBeGreaterThan 0L
                snapshot.failures() shouldBe 0
            }
        }

        ringTest(RingOnly.THE_RING, "more receives at once than the kernel is given buffers for are all served") {
            // 512 buffers, of which the kernel has 256 at a time; every message keeps its buffer until it is sent.
            val config = smallConfig().recvBuffersCount(512).retainBytesMin(64)
            val message = "x".repeat(64)
            withServer(PoliteEcho(), config.build()) { server ->
                repeat(3) {
                    val gate = server.worker.block()
                    val clients = List(400) { server.connect() }
                    clients.forEach { it.send(message) }
                    gate.countDown()
                    clients.forEach { it.receiveText(message.length) shouldBe message }
                    clients.forEach { it.close() }
                }
                server.worker.call { server.worker.snapshot() }.buffersExhausted() shouldBeGreaterThan 0L
            }
        }

        driverTest("an echo that ignores back-pressure is byte-exact while its peers read") {
            val naive = ConnectionHandler { connection, bytes -> bytes.size().also { connection.write(bytes) } }
            withServer(naive, smallConfig().retainBytesMin(KIB).build()) { server ->
                server.echoAll(connections = 50, bytesMax = MIB)
            }
        }

        driverTest("an echo that minds back-pressure holds no more than it says for peers that do not read") {
            val config =
                smallConfig()
                    .recvBufferBytes(4 * KIB)
                    .sendHighWaterBytes(64L * KIB)
                    .sendLowWaterBytes(16L * KIB)
                    .build()
            withServer(PoliteEcho(), config) { server ->
                val stuck = List(20) { server.connect(receiveBufferBytes = 4 * KIB) }
                val flooders = stuck.map { client -> Thread.ofVirtual().start { runCatching { client.flood() } } }
                server.echoAll(connections = 20, bytesMax = 256 * KIB)
                // For each stuck connection the high-water marks of both directions, and what the kernel delivers before
                // it hears of a pause: a few rounds of 32 buffers, in blocks of up to twice the size.
                val bound = 20 * (2 * 64L * KIB + 2 * 96 * 4 * KIB) + 8 * MIB
                server.worker.snapshot().blockBytesTaken() shouldBeLessThan bound
                stuck.forEach { it.close() }
                flooders.forEach { it.join() }
            }
        }
    })

/** Writes until the other side is gone. */
private fun Socket.flood() {
    while (true) getOutputStream().write(ByteArray(KIB))
}

/** An echo that stops reading while its peer does. */
internal class PoliteEcho : ConnectionHandler {
    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int {
        connection.write(bytes)
        if (!connection.isWritable) {
            connection.pauseReceive()
            connection.requestWritable(16L * KIB)
        }
        return bytes.size()
    }

    override fun onWritable(connection: Connection) = connection.resumeReceive()
}

/** Sends a message on each connection, in random parts, and compares what comes back, all at the same time. */
internal fun TestServer.echoAll(
    connections: Int,
    bytesMax: Int,
) {
    val seed = System.nanoTime()
    withClue("seed=$seed") {
        val random = Random(seed)
        // Spread over the magnitudes: as many messages of ten bytes as of ten million.
        val sizes =
            List(connections) {
                (1 shl random.nextInt(32 - bytesMax.countLeadingZeroBits())).let(random::nextInt) +
                    1
            }
        sizes.max() shouldBeGreaterThan 0
        Executors.newVirtualThreadPerTaskExecutor().use { threads ->
            val results =
                sizes.mapIndexed { index, size ->
                    val client = connect()
                    threads.submit { client.sendRandomly(Random(seed + index), size) }
                    threads.submit(Callable { client.receivesRandomly(Random(seed + index), size) })
                }
            results.forEachIndexed { index, result ->
                withClue("connection $index of ${sizes[index]} bytes") { result.get(60, TimeUnit.SECONDS) shouldBe -1 }
            }
        }
    }
}

private fun Socket.sendRandomly(
    random: Random,
    size: Int,
) {
    val parts = Random(size)
    val message = random.nextBytes(size)
    var at = 0
    while (at < size) {
        val part = minOf(parts.nextInt(1, 100_000), size - at)
        getOutputStream().write(message, at, part)
        at += part
    }
    shutdownOutput()
}

/** The first position that differs from what was sent, or -1. */
private fun Socket.receivesRandomly(
    random: Random,
    size: Int,
): Int {
    val expected = random.nextBytes(size)
    val received = getInputStream().readAllBytes()
    close()
    val differing = expected.indices.firstOrNull { it >= received.size || expected[it] != received[it] }
    return differing ?: if (received.size == size) -1 else size
}
