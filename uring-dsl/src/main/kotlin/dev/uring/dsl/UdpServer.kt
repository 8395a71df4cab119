package dev.uring.dsl

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.future.await
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull
import java.net.InetSocketAddress
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.time.Duration
import dev.uring.net.UdpServer as CoreUdpServer

/**
 * A UDP address with one socket, and one coroutine, on each worker.
 *
 * ### Ownership
 * A child of the [UringScope] that opened it, which closes it and waits for it.
 * ### Threading and cancellation
 * All members may be used from any thread.
 */
public class UdpServer internal constructor(
    private val scope: CoroutineScope,
    private val core: CoreUdpServer,
    private val group: UdpGroup,
    private val drainTimeout: Duration,
) : RunningServer {
    private val isClosed = AtomicBoolean()

    init {
        // However it ends: handlers that have returned, or were cancelled, leave no socket behind.
        group.job.onCancellationOrCompletion { core.close() }
    }

    /** The address that it is bound to, with the port that the kernel chose if port 0 was asked for. */
    public val localAddress: InetSocketAddress get() = core.localAddress()

    /** Datagrams that the kernel dropped because a socket's receive buffer was full, over all sockets. */
    public val kernelDrops: Long get() = core.sockets().sumOf { it.counters().kernelDrops }

    /**
     * Lets the handlers end; returns at once. Repeated calls do nothing.
     *
     * ### Shapes and units
     * A `receive` returns false from now on, so that handlers return and what they have queued is sent; after
     * [drainTimeout][dev.uring.RuntimeConfig.drainTimeout] those that are left are cancelled.
     */
    override fun close() {
        if (!isClosed.compareAndSet(false, true)) return
        group.drain()
        scope.launch {
            withTimeoutOrNull(drainTimeout) { join() }
                ?: group.job.cancel(CancellationException("not drained within drainTimeout=$drainTimeout"))
        }
    }

    /** Suspends until the server is closed: the address free, every handler returned and every descriptor closed. */
    override suspend fun join() {
        group.job.join()
        core.closed().await()
    }

    override fun toString(): String = "UdpServer($localAddress)"
}
