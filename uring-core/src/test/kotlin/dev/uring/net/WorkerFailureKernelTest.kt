package dev.uring.net

import dev.uring.base.ConnectionLostException
import dev.uring.base.UringException
import dev.uring.buffer.BlockPool
import dev.uring.driver.Driver
import dev.uring.driver.UringDriver
import dev.uring.ring.RingOptions
import dev.uring.socket.Endpoint
import dev.uring.socket.SocketOptions
import dev.uring.testing.Guarded
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.Recorder
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.send
import dev.uring.worker.Worker
import dev.uring.worker.WorkerOptions
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.Socket
import java.util.concurrent.ExecutionException
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

class WorkerFailureKernelTest :
    FunSpec({
        driverTest("a worker whose loop breaks closes everything, tells every handler and refuses new work") {
            leavesNothingBehind {
                val broken = UringException("the kernel went away")
                val driver = BreakableDriver()
                val worker = Worker(0, driver, driver.blocks, WorkerOptions(1024, 1024, 0, Long.MAX_VALUE), null)
                val limits = NetLimits(65_536, 1 shl 20, 1 shl 18, 1 shl 16, 1L shl 26, 4096, 0, 1_000_000_000, 1000)
                val table = ConnectionTable(worker, limits)
                worker.start()
                worker.started().get(PATIENCE_SECONDS, TimeUnit.SECONDS)
                val recorders = List(3) { Recorder(onReceive = { _, _ -> 0 }) }
                val next = AtomicInteger()
                val listener =
                    ListenerGroup(listOf(table), 128)
                        .listen(
                            Endpoint.parse("127.0.0.1:0"),
                            SocketOptions.defaults(),
                        ) { recorders[next.getAndIncrement()] }
                val clients = List(3) { Socket("127.0.0.1", listener.port()) }
                // Unfinished input, queued output and a view held by a send: memory that the kernel still refers to.
                clients[0].send("half a message")
                recorders[1].connection().call { write(ByteArray(32 shl 20)) }
                await { recorders[0].connection().call { readableBytes() } > 0 }
                val guards = List(2) { Guarded(ByteArray(16 shl 20)) }
                recorders[2].connection().call { guards.forEach(::write) }

                driver.failure = broken
                driver.wake()
                for (recorder in recorders) {
                    val cause = recorder.closed().shouldBeInstanceOf<ConnectionLostException>()
                    cause.message shouldBe "worker 0 has ended"
                    cause.cause shouldBe broken
                }
                worker.terminated().get(PATIENCE_SECONDS, TimeUnit.SECONDS)
                guards.map { it.releases } shouldBe listOf(1, 1)
                listener.closed().toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS)
                table.empty().isDone shouldBe true
                clients.forEach {
                    runCatching { it.getInputStream().readAllBytes() }.isFailure shouldBe true
                    it.close()
                }
                shouldThrow<RejectedExecutionException> { worker.execute { } }
                shouldThrow<UringException> {
                    ListenerGroup(listOf(table), 128)
                        .listen(Endpoint.parse("127.0.0.1:0"), SocketOptions.defaults()) { recorders[0] }
                }
            }
        }

        driverTest("a worker whose driver cannot start says so and is gone") {
            leavesNothingBehind {
                val refused = UringException("no ring today")
                val driver = BreakableDriver(startFailure = refused)
                val worker = Worker(0, driver, driver.blocks, WorkerOptions(1024, 1024, 0, Long.MAX_VALUE), null)
                worker.start()
                val failed =
                    shouldThrow<ExecutionException> { worker.started().get(PATIENCE_SECONDS, TimeUnit.SECONDS) }
                failed.cause shouldBe refused
                worker.terminated().get(PATIENCE_SECONDS, TimeUnit.SECONDS)
                shouldThrow<RejectedExecutionException> { worker.execute { } }
            }
        }

        driverTest("a worker that was never started is released by whoever made it") {
            leavesNothingBehind {
                val driver = BreakableDriver()
                val worker = Worker(0, driver, driver.blocks, WorkerOptions(1024, 1024, 0, Long.MAX_VALUE), null)
                worker.abandon()
                worker.terminated().isDone shouldBe true
                shouldThrow<RejectedExecutionException> { worker.execute { } }
            }
        }
    })

/** A driver that works until it is told to fail. */
private class BreakableDriver(
    private val startFailure: RuntimeException? = null,
    val blocks: BlockPool = BlockPool(1L shl 30),
    private val real: Driver = UringDriver(RingOptions.ofSqEntries(64), 16, 4096, 1024, blocks),
) : Driver by real {
    @Volatile
    var failure: RuntimeException? = null

    override fun start() {
        startFailure?.let { throw it }
        real.start()
    }

    override fun enter(timeoutNanos: Long) {
        real.enter(timeoutNanos)
        failure?.let { throw it }
    }
}
