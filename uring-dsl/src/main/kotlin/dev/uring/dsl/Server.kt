package dev.uring.dsl

import dev.uring.net.Listener
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.future.await
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull
import java.net.SocketAddress
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.time.Duration

/**
 * A listening address and the connections accepted on it.
 *
 * ### Ownership
 * A child of the [UringScope] that opened it, which closes it and waits for it.
 * ### Threading and cancellation
 * All members may be used from any thread.
 */
public class Server internal constructor(
    private val scope: CoroutineScope,
    private val listener: Listener,
    internal val connections: ConnectionGroup,
    private val drainTimeout: Duration,
) : RunningServer {
    private val isClosed = AtomicBoolean()

    init {
        // An ancestor that is cancelled cancels the handlers by itself; the listener would go on accepting.
        connections.job.onCancellationOrCompletion { listener.close() }
    }

    /**
     * The address that it listens on, with the port that the kernel chose if port 0 was asked for: an
     * `InetSocketAddress`, `UnixDomainSocketAddress` or [AbstractUnixAddress][dev.uring.socket.AbstractUnixAddress].
     */
    public val localAddress: SocketAddress get() = listener.localAddress()

    /**
     * The port that it listens on, with the one that the kernel chose if 0 was asked for.
     *
     * ### Errors
     * `IllegalStateException` it listens on a Unix socket, which has no port.
     */
    public val port: Int get() = listener.port()

    /**
     * Stops accepting and lets the open connections drain; returns at once. Repeated calls do nothing.
     *
     * ### Shapes and units
     * In phases: no new connections; a `receive` with nothing left to answer ends with [Connection.END_OF_INPUT], so
     * that handlers finish the message they are in and return, and what they have queued is sent; after
     * [drainTimeout][dev.uring.RuntimeConfig.drainTimeout] the handlers that are left are cancelled and their
     * connections reset.
     */
    override fun close() {
        if (!isClosed.compareAndSet(false, true)) return
        listener.close()
        connections.drain()
        scope.launch {
            withTimeoutOrNull(drainTimeout) { join() }
                ?: connections.job.cancel(CancellationException("not drained within drainTimeout=$drainTimeout"))
        }
    }

    /** The first phase of [close], alone. */
    internal fun stopAccepting(): Unit = listener.close()

    /** Suspends until the server is closed: the address free, every handler returned and every descriptor closed. */
    override suspend fun join() {
        connections.job.join()
        listener.closed().await()
    }

    override fun toString(): String = "Server($localAddress)"
}

/** What a scope must be able to end. */
public sealed interface RunningServer {
    /** Ends the server in phases; returns at once. Repeated calls do nothing. */
    public fun close()

    /** Suspends until everything of the server is closed. */
    public suspend fun join()
}
