package dev.uring.net

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.bytes.ByteView
import dev.uring.testing.await
import dev.uring.testing.awaitDone
import dev.uring.testing.block
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import dev.uring.testing.withServer
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import java.net.Socket
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.atomic.AtomicReference

class ReceivePauseKernelTest :
    FunSpec({
        driverTest("what the kernel delivers before it hears of a pause is kept, also beyond frameBytesMax") {
            val config =
                RuntimeConfig
                    .builder()
                    .workersCount(1)
                    .pinWorkers(false)
                    .recvHighWaterBytes(FRAME_BYTES_MAX / 4)
                    .frameBytesMax(FRAME_BYTES_MAX)
                    .build()
            UringRuntime.start(config).use { runtime ->
                val handler = Pausing()
                val listener = runtime.listen("127.0.0.1:0") { handler }
                Socket("127.0.0.1", listener.port()).use { socket ->
                    socket.getOutputStream().write(0)
                    handler.paused.awaitDone("the first byte arrives")
                    val writer = Thread.startVirtualThread { socket.getOutputStream().write(ByteArray(SENT_BYTES)) }
                    await({ "never paused" }) { runtime.snapshots()[0].receivePauses() > 0 }
                    runtime.worker(0).execute { handler.connection.get().resumeReceive() }
                    writer.join()
                    await({ "received=${handler.consumed}" }) { handler.consumed.get() == SENT_BYTES + 1L }
                }
                handler.closed.awaitDone("the connection is closed")
                handler.cause.get().shouldBeNull()
                runtime.snapshots()[0].failures() shouldBe 0
            }
        }

        driverTest("an end that comes with what resumes the connection is told after the bytes before it") {
            val events = ConcurrentLinkedQueue<String>()
            val first = Recording(events)
            val accepted = AtomicInteger()
            val config = smallConfig().build()
            withServer(config, { if (accepted.getAndIncrement() == 0) first else Resuming(first) }) { server ->
                val socket = server.connect()
                val other = server.connect()
                await({ "not accepted" }) { accepted.get() == 2 && first.connection.get() != null }
                socket.send("bytes")
                val connection = first.connection.get()
                await({ "not received" }) { connection.call { readableBytes() } == 5 }
                val gate = server.worker.block()
                other.send("go on")
                socket.shutdownOutput()
                gate.countDown()
                await({ "never ended: $events" }) { "end" in events }
                events.toList() shouldBe listOf("bytes", "end")
            }
        }
    })

/** Pauses from the beginning, and says what it is told. */
private class Recording(
    private val events: ConcurrentLinkedQueue<String>,
) : ConnectionHandler {
    val connection = AtomicReference<Connection>()

    override fun onOpen(connection: Connection) {
        connection.pauseReceive()
        this.connection.set(connection)
    }

    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int {
        events += bytes.toUtf8()
        return bytes.size()
    }

    override fun onEnd(connection: Connection) {
        events += "end"
        connection.close()
    }
}

/** Lets another connection go on with what arrives here. */
private class Resuming(
    private val other: Recording,
) : ConnectionHandler {
    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int {
        other.connection.get().resumeReceive()
        return bytes.size()
    }
}

private const val FRAME_BYTES_MAX = 64 shl 10
private const val SENT_BYTES = 16 shl 20

/** Takes nothing and pauses at the first bytes; after that takes all. */
private class Pausing : ConnectionHandler {
    val connection = AtomicReference<Connection>()
    val paused = CountDownLatch(1)
    val consumed = AtomicLong()
    val closed = CountDownLatch(1)
    val cause = AtomicReference<Throwable?>()

    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int {
        if (paused.count > 0) {
            this.connection.set(connection)
            connection.pauseReceive()
            paused.countDown()
            return 0
        }
        consumed.addAndGet(bytes.size().toLong())
        return bytes.size()
    }

    override fun onClosed(
        connection: Connection,
        cause: Throwable?,
    ) {
        this.cause.set(cause)
        closed.countDown()
    }
}
