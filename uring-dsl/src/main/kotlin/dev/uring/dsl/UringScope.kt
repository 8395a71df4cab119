package dev.uring.dsl

import dev.uring.UringRuntime
import dev.uring.net.UdpOptions
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
     * Binds a UDP [address] with one socket on each worker, and serves each with one coroutine of [handler].
     *
     * ### Shapes and units
     * [address] is as for [tcp], with or without `udp://`. The kernel gives all datagrams of one peer to the same socket
     * and spreads peers over the sockets.
     * ### Ownership
     * The server is a child of this scope, a socket's coroutine one of the server. When [handler] has returned, its
     * socket is closed: what it queued is sent.
     * ### Threading and cancellation
     * [handler] runs on the worker of its socket, always. A cancelled handler's socket drops what is queued.
     * ### Errors
     * Thrown here: the address cannot be bound. An exception of [handler] is given to [onError], on the worker; the
     * default logs it. Then [handler] is called again with the same socket, because one bad datagram must not end the
     * service for all, unless it had received none since its last start: then the exception ends the server and is
     * thrown by [uring].
     *
     * @sample samples.dsl.udpEcho
     */
    public fun udp(
        address: String,
        options: UdpOptions = UdpOptions.defaults(),
        onError: (socket: UdpSocket, cause: Throwable) -> Unit = { socket, cause -> socket.worker.taskFailed(cause) },
        handler: suspend CoroutineScope.(socket: UdpSocket) -> Unit,
    ): UdpServer

    /**
     * Ends the [uring] block in order; returns at once. Repeated calls do nothing.
     *
     * All servers [close][Server.close], in phases. When they are done, coroutines that are left in the scope, the
     * block itself among them, are cancelled, and [uring] returns normally. SIGTERM and SIGINT do the same.
     */
    public fun shutdown()
}
