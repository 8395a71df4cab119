package dev.uring.sim

import dev.uring.Machine
import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.base.TimeSource
import dev.uring.buffer.BlockPool
import dev.uring.driver.Driver
import java.net.InetAddress
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executor
import java.util.concurrent.TimeoutException

/**
 * A simulated machine: an address, sockets, files and a clock of its own.
 *
 * ### Shapes and units
 * [config] starts a runtime on it: `UringRuntime.start(host.config)`, or `uring(host.config) { … }` with uring-dsl. It has
 * small buffers and two workers, so that boundaries and hand-overs are common; change what you like with `toBuilder()`.
 * ### Ownership
 * What [start] returns is closed at the end of the simulation; other runtimes end with the program that started them.
 * ### Threading and cancellation
 * The thread of the test.
 */
public class SimHost internal constructor(
    internal val world: World,
    public val name: String,
    internal val inetAddress: InetAddress,
) : Machine {
    /** Where it is reached, without a port. */
    public val address: String = inetAddress.hostAddress

    internal val sockets = SocketTable(this)
    internal val disk = SimDisk(world)
    internal val runtimes = mutableListOf<UringRuntime>()
    private var clockAheadNanos = CLOCK_BEGIN_NANOS
    private val clock = TimeSource { world.nowNanos + clockAheadNanos + world.nanosSinceFailure }

    /** What to start runtimes with. */
    public val config: RuntimeConfig =
        RuntimeConfig
            .builder()
            .machine(this)
            .workersCount(2)
            .pinWorkers(false)
            .recvBuffersCount(RECEIVE_BUFFERS)
            .recvBufferBytes(RECEIVE_BUFFER_BYTES)
            .retainBytesMin(RETAIN_BYTES_MIN)
            .stallThreshold(Duration.ZERO)
            .build()

    /** Starts a runtime that lives until the simulation ends. */
    public fun start(configure: RuntimeConfig.Builder.() -> Unit = {}): UringRuntime =
        UringRuntime.start(config.toBuilder().apply(configure).build()).also { runtimes += it }

    /** Bytes that fit on its disk; a write beyond finds it full. */
    public var diskBytes: Long by disk::capacityBytes

    /** Whether tasks and handlers on it may throw: a program that is to fail is no finding. */
    public var mayFail: Boolean = false

    /** Takes the power from its disk: of what was not synced some is kept, some torn, some lost. While no worker runs. */
    public fun losePower() {
        check(world.driversAlive().none { it.host === this }) { "workers of $this run still; end them first" }
        disk.losePower()
    }

    override fun newDriver(
        worker: Int,
        config: RuntimeConfig,
        blocks: BlockPool,
    ): Driver = SimDriver(this, "$name/$worker", config, blocks).also(world::expect)

    override fun time(): TimeSource = clock

    override fun newThread(loop: Runnable): Thread =
        Thread.ofVirtual().unstarted {
            ScopedValue.where(TimeSource.OF_THREAD, clock).run {
                try {
                    loop.run()
                } finally {
                    SimDriver.ofThisThread()?.let(world::left)
                }
            }
        }

    override fun limit(
        future: CompletableFuture<*>,
        nanos: Long,
    ) = world.after(nanos) {
        if (!future.isDone) world.outside.execute { future.completeExceptionally(TimeoutException()) }
    }

    override fun sideThreads(): Executor = world.outside

    override fun toString(): String = "$name ($address)"

    internal fun jumpAhead(nanos: Long) {
        clockAheadNanos += nanos
        world.note("clock of $name +$nanos")
    }

    private companion object {
        // Not zero, which many a mistake would not show beside.
        const val CLOCK_BEGIN_NANOS = 1_000_000_000_000L
        const val RECEIVE_BUFFERS = 16
        const val RECEIVE_BUFFER_BYTES = 1_024
        const val RETAIN_BYTES_MIN = 256
    }
}
