package dev.uring.dsl

import dev.uring.ShutdownPhase
import dev.uring.UringRuntime
import dev.uring.dns.Resolver
import dev.uring.net.UdpOptions
import dev.uring.socket.SocketOptions
import dev.uring.tls.TlsClientOptions
import dev.uring.tls.TlsServerSource
import kotlinx.coroutines.CoroutineScope
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

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
     * Finds the addresses of names: for [connect], and for the program. As the `resolver` of [uring] says; questions
     * that nobody waits for any more end with the block.
     */
    public val resolver: Resolver

    /**
     * Listens on [address] and serves every connection with one coroutine of [handler].
     *
     * ### Shapes and units
     * [address] is one of the forms of [Endpoint][dev.uring.socket.Endpoint], such as `127.0.0.1:7000`,
     * `tcp6://[::]:7000`, `:7000` (every IPv4 address) or `unix:/run/echo.sock`; port 0 lets the system choose, see
     * [Server.localAddress]. Bound when the call returns. [options] are those of its connections too. With [tls], which
     * a `tls://` address needs, a connection comes to [handler] when its handshake is through.
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
        options: SocketOptions = SocketOptions.defaults(),
        tls: TlsServerSource? = null,
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
     * Opens a connection to [address] and suspends until it stands.
     *
     * ### Shapes and units
     * [address] is one of the forms of [Endpoint][dev.uring.socket.Endpoint], such as `127.0.0.1:7000`, `[::1]:7000` or
     * `unix:/run/echo.sock`, or has a name in the place of the IP address: `example.org:7000`. Of a name all addresses
     * are tried, those of both IP versions by turns, as in the form with several addresses; `tcp4://` and `tcp6://` keep
     * to one version. [timeout] is for the [resolver]'s answer and the peer's together;
     * [Duration.INFINITE] leaves the limit to them (lookupTimeout, and the kernel's about two minutes). With [tls], or a
     * `tls://` address (then with [TlsClientOptions.defaults]), it is for the handshake too, and the certificate must
     * have the name.
     * ### Ownership
     * The caller owns the connection and must close it; the form with a block does that by itself. What is still open
     * when the [uring] block and all its coroutines have ended is closed in order then, or reset if they failed.
     * ### Threading and cancellation
     * Called on a worker, the connection lives there. Called elsewhere, the workers get such connections by turns, and
     * its operations belong on [Connection.worker]: see [onWorker]. If the caller is cancelled, also in the moment in
     * which the connection comes to be, the socket is closed.
     * ### Errors
     * [ConnectFailedException][dev.uring.base.ConnectFailedException] refused, unreachable, or no answer within
     * [timeout]; its `errno` tells · [NameResolutionException][dev.uring.dns.NameResolutionException] the name has no
     * address · [TlsException][dev.uring.tls.TlsException] the handshake failed (to a name: a reason in the
     * ConnectFailedException) · [ConfigException][dev.uring.base.ConfigException] no such address.
     * ### Source
     * io_uring_prep_connect(3), since kernel 5.5; RFC 8305.
     *
     * @sample samples.dsl.askServer
     */
    public suspend fun connect(
        address: String,
        timeout: Duration = CONNECT_TIMEOUT,
        options: SocketOptions = SocketOptions.defaults(),
        tls: TlsClientOptions? = null,
    ): Connection

    /**
     * Opens a connection to [address], runs [block] with it and closes it: what [block] returns is returned.
     *
     * ### Shapes and units
     * As in the form without a block.
     * ### Ownership
     * The connection is this call's. When [block] and all it launched have returned, it is closed in order: what was
     * queued is sent, and a peer that reads finds the end behind it. When they fail or are cancelled, it is reset. Its
     * descriptor is closed when this returns or throws.
     * ### Threading and cancellation
     * [block] runs on the connection's worker, which is the caller's own if that is a worker. Cancelling the caller
     * ends this at any moment without a socket left.
     * ### Errors
     * As in the form without a block, and [block]'s own.
     *
     * @sample samples.dsl.askAndClose
     */
    public suspend fun <R> connect(
        address: String,
        timeout: Duration = CONNECT_TIMEOUT,
        options: SocketOptions = SocketOptions.defaults(),
        tls: TlsClientOptions? = null,
        block: suspend CoroutineScope.(connection: Connection) -> R,
    ): R

    /**
     * Opens a connection to a peer that has several addresses, for instance of both IP versions.
     *
     * ### Shapes and units
     * [addresses] are tried in their order, a name standing for all of its addresses; one that cannot be resolved is
     * left out unless it is the last. The next one is tried when the one before has failed, or has not answered
     * for [attemptDelay]; those before go on meanwhile, and the first that answers gets the connection. [timeout] is for
     * all of them.
     * ### Ownership
     * As with one address. The sockets of the others are closed.
     * ### Threading and cancellation
     * As with one address.
     * ### Errors
     * [ConnectFailedException][dev.uring.base.ConnectFailedException] none has answered; the message has the reason of
     * each · [ConfigException][dev.uring.base.ConfigException] one of them is no address · `IllegalArgumentException`
     * there is none.
     * ### Source
     * RFC 8305 §5.
     *
     * @sample samples.dsl.askEitherVersion
     */
    public suspend fun connect(
        addresses: List<String>,
        attemptDelay: Duration = ATTEMPT_DELAY,
        timeout: Duration = CONNECT_TIMEOUT,
        options: SocketOptions = SocketOptions.defaults(),
        tls: TlsClientOptions? = null,
    ): Connection

    /** As the form without a block, and closes the connection as the form with one address and a block does. */
    public suspend fun <R> connect(
        addresses: List<String>,
        attemptDelay: Duration = ATTEMPT_DELAY,
        timeout: Duration = CONNECT_TIMEOUT,
        options: SocketOptions = SocketOptions.defaults(),
        tls: TlsClientOptions? = null,
        block: suspend CoroutineScope.(connection: Connection) -> R,
    ): R

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
     * block itself among them, are cancelled, and [uring] returns normally. SIGTERM and SIGINT do the same, unless they
     * are collected with [signals].
     */
    public fun shutdown()

    /** Constants of scopes. */
    public companion object {
        /** How long `connect` waits unless told otherwise: the kernel repeats a lost request after 1, 3 and 7 s. */
        public val CONNECT_TIMEOUT: Duration = 10.seconds

        /** How long one of several addresses may take before the next is tried as well: what RFC 8305 recommends. */
        public val ATTEMPT_DELAY: Duration = 250.milliseconds
    }
}
