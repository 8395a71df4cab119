package dev.uring.dsl

import dev.uring.ShutdownPhase
import dev.uring.UringRuntime
import kotlinx.coroutines.CoroutineScope

/**
 * The receiver of a [uring] block: opens servers, launches coroutines, ends it all.
 *
 * ### Ownership
 * Owns its servers and its coroutines: [uring] returns when all of them have ended.
 * ### Threading and cancellation
 * The block and what is launched from it run on worker 0; a connection's handler runs on the connection's worker. The
 * members may be used from any thread.
 */
public sealed interface UringScope : CoroutineScope {
    /** The workers below. [uring] starts it and stops it. */
    public val runtime: UringRuntime

    /**
     * Listens on [address] and serves every connection with one coroutine of [handler].
     *
     * ### Shapes and units
     * [address] is `host:port`, `[ipv6]:port` or `:port`; port 0 lets the system choose, see [Server.localAddress].
     * Bound when the call returns.
     * ### Ownership
     * The server is a child of this scope, a connection's coroutine one of the server, and what [handler] launches one
     * of that coroutine. When [handler] and all it launched have returned, the connection is closed in order: what it
     * queued is sent.
     * ### Threading and cancellation
     * [handler], and what it launches, run on the worker that accepted the connection, always. A cancelled handler's
     * connection is reset.
     * ### Errors
     * Thrown here: the address cannot be bound. An exception of [handler] is given to [onError] on the connection's
     * worker, which it must not block; the default logs one line. Then the connection, and no other, is reset, unless
     * [onError] has closed it, perhaps after a last message.
     *
     * @sample samples.dsl.echo
     */
    public fun tcp(
        address: String,
        onError: (connection: Connection, cause: Throwable) -> Unit = FailureLog,
        handler: suspend CoroutineScope.(connection: Connection) -> Unit,
    ): Server

    /**
     * Registers what shall happen in [phase] of the end of this block, once, however it ends.
     *
     * ### Shapes and units
     * The phases: [STOP_ACCEPTING][ShutdownPhase.STOP_ACCEPTING] when the listeners are closed;
     * [DRAIN][ShutdownPhase.DRAIN] while the open connections end; [CANCEL][ShutdownPhase.CANCEL] before the coroutines
     * that are left are cancelled; [CLOSE][ShutdownPhase.CLOSE] when all have ended and the workers still run. Actions
     * of one phase run at the same time, and the next phase waits for them.
     * ### Threading and cancellation
     * On worker 0. An action that takes longer than `drainTimeout` is cancelled.
     * ### Errors
     * `IllegalStateException` the phase has begun. What [action] throws is reported with its [name], to the log or to
     * standard error, and holds nothing up.
     *
     * @sample samples.dsl.leaveInOrder
     */
    public fun onShutdown(
        phase: ShutdownPhase,
        name: String,
        action: suspend () -> Unit,
    )

    /**
     * Ends the [uring] block in order; returns at once. Repeated calls do nothing.
     *
     * All servers [close][Server.close], in phases. When they are done, coroutines that are left in the scope, the
     * block itself among them, are cancelled, and [uring] returns normally. SIGTERM and SIGINT do the same.
     */
    public fun shutdown()
}
