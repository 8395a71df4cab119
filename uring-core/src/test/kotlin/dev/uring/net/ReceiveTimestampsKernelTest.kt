package dev.uring.net

import dev.uring.UringRuntime
import dev.uring.socket.SocketOptions
import dev.uring.testing.Recorder
import dev.uring.testing.RingOnly
import dev.uring.testing.UdpRecorder
import dev.uring.testing.await
import dev.uring.testing.block
import dev.uring.testing.call
import dev.uring.testing.closeInTime
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.receive
import dev.uring.testing.receiveText
import dev.uring.testing.reset
import dev.uring.testing.ringTest
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import dev.uring.testing.withUdp
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.comparables.shouldBeBetween
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.InetSocketAddress
import java.net.Socket
import java.time.Duration
import java.time.Instant
import java.util.concurrent.CompletableFuture
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.random.Random

private const val MIB = 1 shl 20
private val stamped = SocketOptions.builder().receiveTimestamps(true).build()

class ReceiveTimestampsKernelTest :
    FunSpec({
        ringTest(
            RingOnly.KERNEL_STAMPS,
            "a handler knows when the kernel took the bytes, however long they waited for the worker",
        ) {
            val stamps = LinkedBlockingQueue<Long>()
            withStamped({
                Recorder(onReceive = { connection, bytes ->
                    stamps += connection.kernelReceiveEpochNanos()
                    connection.write(bytes)
                    bytes.size()
                })
            }) { runtime, client ->
                // The kernel begins to stamp a moment after the first socket has asked for it.
                await {
                    client.send("warm")
                    client.receiveText(4)
                    stamps.next() > 0
                }
                val gate = runtime.worker(0).block()
                val before = epochNanos()
                client.send("late")
                // Loopback delivers within the send.
                val sent = epochNanos()
                Thread.sleep(50)
                gate.countDown()
                client.receiveText(4) shouldBe "late"
                stamps.next().shouldBeBetween(before, sent)
            }
        }

        ringTest(
            RingOnly.KERNEL_STAMPS,
            "the stream is the same with stamps: carried tails, starved buffers, both ends",
        ) {
            val seed = System.nanoTime()
            withClue("seed=$seed") {
                val recorder =
                    Recorder(onReceive = { connection, bytes ->
                        // A tail is left over each time, to be carried in front of the next bytes.
                        val whole = bytes.size() / 1_000 * 1_000
                        connection.write(bytes, 0, whole)
                        whole
                    })
                withStamped({ recorder }) { _, client ->
                    val stream = Random(seed).nextBytes(4 * MIB / 1_000 * 1_000)
                    val writer =
                        Thread.startVirtualThread {
                            var at = 0
                            val random = Random(seed)
                            while (at < stream.size) {
                                val count = minOf(stream.size - at, random.nextInt(1, 90_000))
                                client.getOutputStream().write(stream, at, count)
                                at += count
                            }
                        }
                    client.receive(stream.size).contentEquals(stream) shouldBe true
                    writer.join()
                    client.shutdownOutput()
                    client.getInputStream().read() shouldBe -1
                    recorder.closed() shouldBe null
                    recorder.events shouldContainExactly listOf("open", "receive", "end", "closed")
                }
            }
        }

        ringTest(RingOnly.KERNEL_STAMPS, "a reset is told as without stamps") {
            val recorder = Recorder()
            withStamped({ recorder }) { _, client ->
                client.send("x")
                await { recorder.events.contains("receive") }
                client.reset()
                recorder.closed().shouldBeInstanceOf<dev.uring.base.ConnectionLostException>().message!!.contains(
                    "ECONNRESET",
                ) shouldBe true
            }
        }

        ringTest(RingOnly.KERNEL_STAMPS, "stamped bytes are owned and sent on as others are") {
            withStamped({
                Recorder(onReceive = { connection, bytes ->
                    connection.own(bytes.size()).use { connection.write(it.view()) }
                    0
                })
            }) { _, client ->
                val stream = Random(7).nextBytes(100_000)
                Thread.startVirtualThread { client.getOutputStream().write(stream) }
                client.receive(stream.size).contentEquals(stream) shouldBe true
            }
        }

        ringTest(
            RingOnly.KERNEL_STAMPS,
            "a connection that was opened with the option has stamps, one without has none",
        ) {
            leavesNothingBehind {
                val runtime = UringRuntime.start(smallConfig().build())
                try {
                    val echo = {
                        Recorder(onReceive = {
                            connection,
                            bytes,
                            ->
                            bytes.size().also { connection.write(bytes) }
                        })
                    }
                    val listener = runtime.listen("127.0.0.1:0") { echo() }
                    val port = (listener.localAddress() as InetSocketAddress).port
                    runtime.askedStamp(port, stamped) { it > 0 } shouldBeGreaterThan 0
                    runtime.askedStamp(port, SocketOptions.defaults()) { true } shouldBe 0
                } finally {
                    runtime.closeInTime()
                }
            }
        }

        for (host in listOf("127.0.0.1", "[::1]")) {
            ringTest(
                RingOnly.KERNEL_STAMPS,
                "a datagram says when the kernel took it, with every other message beside it, at $host",
            ) {
                withUdp { udp ->
                    val stamps = LinkedBlockingQueue<Long>()
                    val options =
                        UdpOptions
                            .builder()
                            .receiveTimestamps(true)
                            .receivesEcn(true)
                            .joinsArrivals(true)
                            .receiveBuffersCount(16)
                            .build()
                    val marks = LinkedBlockingQueue<Int>()
                    val handler =
                        UdpRecorder { socket, _, _ ->
                            stamps += socket.kernelReceiveEpochNanos()
                            marks += socket.ecn()
                        }
                    val socket = udp.open(handler, options, "$host:0")
                    val sender = udp.open(UdpRecorder(), address = "$host:0")
                    await {
                        sender.call { send("warm".toByteArray(), UdpPeer.of(socket.localAddress())) }
                        handler.text()
                        marks.poll(20, TimeUnit.SECONDS)
                        stamps.next() > 0
                    }
                    val before = epochNanos()
                    sender.call {
                        sendEcn(UdpSocket.ECN_CONGESTED)
                        send("hello".toByteArray(), UdpPeer.of(socket.localAddress()))
                    }
                    handler.text() shouldBe "hello"
                    stamps.next().shouldBeBetween(before, epochNanos())
                    marks.poll(20, TimeUnit.SECONDS) shouldBe UdpSocket.ECN_CONGESTED
                }
            }
        }

        ringTest(RingOnly.KERNEL_STAMPS, "a datagram that waits in a paused socket keeps its time") {
            withUdp { udp ->
                val options = UdpOptions.builder().receiveTimestamps(true).build()
                val stamps = LinkedBlockingQueue<Long>()
                val socket = udp.open(UdpRecorder { s, _, _ -> stamps += s.kernelReceiveEpochNanos() }, options)
                val sender = udp.open(UdpRecorder())
                await {
                    sender.call { send("warm".toByteArray(), UdpPeer.of(socket.localAddress())) }
                    stamps.next() > 0
                }
                socket.call { pauseReceive() }
                val before = epochNanos()
                sender.call { send("1".toByteArray(), UdpPeer.of(socket.localAddress())) }
                await { socket.call { hasPending() } }
                val arrived = epochNanos()
                Thread.sleep(20)
                socket
                    .call {
                        check(take())
                        kernelReceiveEpochNanos().also { release() }
                    }.shouldBeBetween(before, arrived)
            }
        }

        ringTest(
            RingOnly.KERNEL_STAMPS,
            "without the option a datagram has no time, beside one with it on the same worker",
        ) {
            withUdp { udp ->
                val stamps = LinkedBlockingQueue<Long>()
                val plain = udp.open(UdpRecorder { socket, _, _ -> stamps += socket.kernelReceiveEpochNanos() })
                udp.open(UdpRecorder(), UdpOptions.builder().receiveTimestamps(true).build())
                plain.call { send("self".toByteArray(), UdpPeer.of(localAddress())) }
                stamps.next() shouldBe 0
            }
        }
    })

private fun epochNanos(): Long = Instant.now().let { it.epochSecond * 1_000_000_000 + it.nano }

private fun LinkedBlockingQueue<Long>.next(): Long = poll(20, TimeUnit.SECONDS) ?: error("nothing arrived")

private fun withStamped(
    handler: () -> ConnectionHandler,
    body: (UringRuntime, Socket) -> Unit,
) = leavesNothingBehind {
    // Few and small buffers, so that receives starve and messages straddle them.
    val runtime = UringRuntime.start(smallConfig().recvBuffersCount(8).recvBufferBytes(4096).build())
    try {
        val listener = runtime.listen("127.0.0.1:0", stamped) { handler() }
        Socket().use { client ->
            client.soTimeout = 20_000
            client.tcpNoDelay = true
            client.connect(listener.localAddress())
            body(runtime, client)
        }
        await({ "still held: ${runtime.snapshots()}" }) {
            runtime.snapshots().all {
                it.connectionsActive() == 0 && it.receiveBuffersHeld() == 0 && it.blocksHeld() == 0
            }
        }
    } finally {
        runtime.closeInTime()
    }
}

/** Sends something to ourselves, until the stamp of its echo is as wanted; returns that. */
private fun UringRuntime.askedStamp(
    port: Int,
    options: SocketOptions,
    isWanted: (Long) -> Boolean,
): Long {
    val stamp = CompletableFuture<Long>()
    val handler =
        Recorder(
            onOpen = { it.writeUtf8("x") },
            onReceive = { connection, bytes ->
                val told = connection.kernelReceiveEpochNanos()
                if (isWanted(told)) {
                    stamp.complete(told)
                    connection.close()
                } else {
                    connection.write(bytes)
                }
                bytes.size()
            },
        )
    connect(worker(0), "127.0.0.1:$port", Duration.ofSeconds(20), options) { handler }
    return stamp.get(20, TimeUnit.SECONDS)
}
