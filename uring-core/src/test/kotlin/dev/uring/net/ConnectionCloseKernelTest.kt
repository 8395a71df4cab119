package dev.uring.net

import dev.uring.base.ConnectionLostException
import dev.uring.bytes.ByteView
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.Recorder
import dev.uring.testing.RingOnly
import dev.uring.testing.TestServer
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.receiveText
import dev.uring.testing.reset
import dev.uring.testing.ringTest
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import dev.uring.testing.withServer
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeIn
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.net.Socket
import java.time.Duration
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread

private const val KIB = 1 shl 10
private const val MIB = 1 shl 20

/** The callbacks in which a program may do anything. */
private val callbacks = listOf("open", "receive", "end", "writable", "drain", "closed")

class ConnectionCloseKernelTest :
    FunSpec({
        for (callback in callbacks) {
            driverTest("close() inside on${callback.replaceFirstChar(Char::uppercase)} is followed by onClosed alone") {
                val recorder = recorderActing(callback) { it.close() }
                withServer(recorder) { server ->
                    server.drive(callback)
                    recorder.closed() shouldBe null
                    recorder.events.drop(recorder.events.indexOf(callback) + 1) shouldBeIn
                        listOf(listOf("closed"), emptyList())
                    server.worker.snapshot().failures() shouldBe 0
                }
            }

            driverTest("abort() inside on${callback.replaceFirstChar(Char::uppercase)} is followed by onClosed alone") {
                val recorder = recorderActing(callback) { it.abort() }
                withServer(recorder) { server ->
                    server.drive(callback)
                    val cause = recorder.closed()
                    if (callback != "closed") {
                        cause.shouldBeInstanceOf<ConnectionLostException>().errno() shouldBe 0
                        recorder.events.last() shouldBe "closed"
                        recorder.events[recorder.events.size - 2] shouldBe callback
                    }
                }
            }

            driverTest(
                "what on${callback.replaceFirstChar(Char::uppercase)} throws ends this connection and no other",
            ) {
                val failure = IllegalStateException("thrown in $callback")
                val failing = recorderActing(callback) { throw failure }
                val other = Recorder()
                val next = AtomicInteger()
                withServer(smallConfig().build(), { if (next.getAndIncrement() == 0) failing else other }) { server ->
                    server.drive(callback)
                    val cause = failing.closed()
                    if (callback == "closed") {
                        await { server.worker.snapshot().failures() == 1L }
                    } else {
                        cause shouldBe failure
                    }
                    if (callback != "drain") {
                        server.connect().send("x")
                        await { other.events.contains("receive") }
                    }
                }
            }
        }

        driverTest("what was queued before close() reaches a slow reader, then comes the end") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect(receiveBufferBytes = 8 * KIB)
                recorder.connection().call {
                    write(ByteArray(8 * MIB))
                    close()
                    close()
                    isOpen shouldBe false
                }
                client.getInputStream().readAllBytes().size shouldBe 8 * MIB
                client.close()
                recorder.closed() shouldBe null
                recorder.events shouldBe listOf("open", "closed")
            }
        }

        driverTest("bytes that arrive after close() do not reset the connection under the reply") {
            val recorder =
                Recorder(onReceive = { connection, _ ->
                    connection.write(ByteArray(256 * KIB))
                    connection.close()
                    0
                })
            // The client gets its CPU when it gets it; what it has not written when the time is over is answered by a reset.
            val config = smallConfig().lingerTimeout(Duration.ofSeconds(PATIENCE_SECONDS)).build()
            withServer(recorder, config) { server ->
                val client = server.connect()
                client.getOutputStream().write(ByteArray(MIB))
                client.getInputStream().readAllBytes().size shouldBe 256 * KIB
                client.close()
                recorder.closed() shouldBe null
            }
        }

        driverTest("a peer that does not close is given lingerTimeout and not more, though it sends without end") {
            val recorder = Recorder()
            val config = smallConfig().lingerTimeout(Duration.ofMillis(200)).build()
            withServer(recorder, config) { server ->
                val client = server.connect()
                val connection = recorder.connection()
                val flooder =
                    thread { runCatching { while (true) client.getOutputStream().write(ByteArray(64 * KIB)) } }
                await { connection.receivedBytesTotal() > 0 }
                val began = System.nanoTime()
                connection.call { close() }
                recorder.closed() shouldBe null
                val elapsed = Duration.ofNanos(System.nanoTime() - began)
                elapsed shouldBeGreaterThanOrEqualTo Duration.ofMillis(200)
                elapsed shouldBeLessThan Duration.ofSeconds(10)
                flooder.join()
            }
        }

        driverTest("without a lingerTimeout the descriptor goes as soon as everything is sent") {
            val recorder = Recorder()
            withServer(recorder, smallConfig().lingerTimeout(Duration.ZERO).build()) { server ->
                val client = server.connect()
                recorder.connection().call {
                    writeUtf8("bye")
                    close()
                }
                recorder.closed() shouldBe null
                client.receiveText(3) shouldBe "bye"
                client.getInputStream().read() shouldBe -1
            }
        }

        driverTest("without a lingerTimeout, too, all that was queued reaches a slow reader, and the end is no reset") {
            val recorder = Recorder()
            withServer(recorder, smallConfig().lingerTimeout(Duration.ZERO).build()) { server ->
                val client = server.connect(receiveBufferBytes = 8 * KIB)
                recorder.connection().call {
                    write(ByteArray(8 * MIB))
                    close()
                }
                client.getInputStream().readAllBytes().size shouldBe 8 * MIB
                recorder.closed() shouldBe null
            }
        }

        driverTest("abort() after close() ends at once what close() was waiting for") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect(receiveBufferBytes = 8 * KIB)
                val connection = recorder.connection()
                connection.call {
                    write(ByteArray(8 * MIB))
                    close()
                }
                connection.call { }
                connection.call {
                    abort()
                    abort()
                    close()
                }
                recorder.closed().shouldBeInstanceOf<ConnectionLostException>().message shouldBe
                    "aborted by this side (connection 127.0.0.1:${client.localPort}, worker 0)"
                runCatching { client.getInputStream().readAllBytes() }
                    .exceptionOrNull()
                    .shouldBeInstanceOf<IOException>()
            }
        }

        driverTest("the peer of an aborted connection sees a reset") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect()
                recorder.connection().call { abort() }
                runCatching { client.getInputStream().read() }.exceptionOrNull()?.message shouldBe "Connection reset"
                recorder.closed()
            }
        }

        driverTest("the peer's reset is reported with the kernel's reason, and is no end of input") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect()
                val connection = recorder.connection()
                client.reset()
                recorder.closed().shouldBeInstanceOf<ConnectionLostException>().errno() shouldBe 104
                connection.inputEnded() shouldBe false
                recorder.events shouldBe listOf("open", "closed")
            }
        }

        ringTest(
            RingOnly.THE_RING,
            "a connection that is aborted while its receive finds no buffer ends all the same",
        ) {
            // Two buffers and a flood: nearly every receive ends with ENOBUFS, some of them after abort() was called.
            val config = smallConfig().recvBuffersCount(2).recvBufferBytes(KIB).build()
            val closed = AtomicInteger()
            val handler =
                object : ConnectionHandler {
                    override fun onReceive(
                        connection: Connection,
                        bytes: ByteView,
                    ): Int = bytes.size().also { if (connection.receivedBytesTotal() > 3 * KIB) connection.abort() }

                    override fun onClosed(
                        connection: Connection,
                        cause: Throwable?,
                    ) {
                        closed.incrementAndGet()
                    }
                }
            withServer(config, { handler }) { server ->
                repeat(20) { round ->
                    val clients = List(10) { server.connect() }
                    clients.forEach { runCatching { it.getOutputStream().write(ByteArray(16 * KIB)) } }
                    // The clients keep their side open: only the abort can end these connections.
                    await({ "closed ${closed.get()} of ${10 * (round + 1)}: ${server.worker.snapshot()}" }) {
                        closed.get() == 10 * (round + 1)
                    }
                    clients.forEach { it.close() }
                }
                withClue("buffers never ran out") {
                    (server.worker.snapshot().buffersExhausted() > 0) shouldBe true
                }
            }
        }

        driverTest("a connection under a flood of bytes is paused, resumed and aborted at any moment") {
            val recorders = List(30) { Recorder() }
            val next = AtomicInteger()
            val config =
                smallConfig()
                    .recvBufferBytes(KIB)
                    .recvBuffersCount(32)
                    .recvHighWaterBytes(2 * KIB)
                    .build()
            withServer(config, { recorders[next.getAndIncrement()] }) { server ->
                for (recorder in recorders) {
                    val client = server.connect()
                    val flooder =
                        thread { runCatching { while (true) client.getOutputStream().write(ByteArray(64 * KIB)) } }
                    val connection = recorder.connection()
                    repeat(5) {
                        connection.call { pauseReceive() }
                        connection.call { resumeReceive() }
                    }
                    connection.call { pauseReceive() }
                    val unread = connection.call { readableBytes() }
                    unread shouldBeLessThan 16 * MIB
                    connection.call { abort() }
                    recorder.closed().shouldBeInstanceOf<ConnectionLostException>()
                    flooder.join()
                }
            }
        }

        driverTest("thousands of connections that end in every way leave nothing") {
            val ends =
                listOf<
                    (
                        Socket,
                    ) -> Unit,
                >({ it.close() }, { it.reset() }, { it.shutdownOutput() }, { it.send("x") })
            val handler = ConnectionHandler { connection, bytes -> bytes.size().also { connection.abort() } }
            withServer(handler) { server ->
                repeat(2_000) { round ->
                    server.connect().use { client ->
                        client.send("request")
                        runCatching { ends[round % ends.size](client) }
                    }
                }
                await { server.worker.snapshot().connectionsClosed() == 2_000L }
                server.worker.snapshot().connectionsAccepted() shouldBe 2_000
                server.worker.snapshot().failures() shouldBe 0
            }
        }
    })

private fun recorderActing(
    callback: String,
    act: (Connection) -> Unit,
): Recorder {
    fun on(name: String): (Connection) -> Unit =
        {
            if (callback == name) {
                act(it)
            } else if (name == "drain") {
                it.close()
            }
        }
    return Recorder(
        onOpen = {
            on("open")(it)
            if (callback == "writable") it.requestWritable(0)
        },
        onReceive = { connection, bytes ->
            on("receive")(connection)
            bytes.size()
        },
        onEnd = { if (callback == "end") act(it) else it.close() },
        onWritable = on("writable"),
        onDrain = on("drain"),
        onClosed = on("closed"),
    )
}

/** Makes the callback happen. */
private fun TestServer.drive(callback: String) {
    val client = connect()
    runCatching { client.send("hello") }
    if (callback == "drain") {
        await { worker.snapshot().connectionsAccepted() == 1L }
        runtime.drain()
    } else {
        runCatching { client.shutdownOutput() }
    }
}
