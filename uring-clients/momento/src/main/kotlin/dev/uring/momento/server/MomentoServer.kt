package dev.uring.momento.server

import dev.uring.dsl.Connection
import dev.uring.dsl.Server
import dev.uring.dsl.UringScope
import dev.uring.momento.codec.MomentoLimits
import dev.uring.tls.TlsServerSource
import org.slf4j.LoggerFactory

/**
 * Serves Momento's cache protocol on [address] as [declare] declares.
 *
 * ### Shapes and units
 * [address] as in [UringScope.tcp]; clients expect TLS. A connection must authenticate first. At most [callsMax] commands of
 * a connection are answered at a time, by default 4096; then it is not read from until one is answered.
 * ### Ownership
 * The server is a child of this scope.
 * ### Threading and cancellation
 * Handlers run on the connection's worker. One that suspends does not hold up others: replies leave as they come. A command
 * that the client cancels is cancelled here, and not answered. A client that does not read is not read from either.
 * ### Errors
 * [MomentoRefusal] of a handler is answered. Any other failure of one is answered with `INTERNAL` and goes to [onError], whose
 * default logs it. Bytes that are no message go there too, and end their connection. Thrown here: the address cannot be
 * bound.
 *
 * @sample samples.momento.serve
 */
public fun UringScope.momentoServer(
    address: String,
    tls: TlsServerSource? = null,
    limits: MomentoLimits = MomentoLimits.defaults(),
    callsMax: Int = CALLS_MAX,
    onError: (connection: Connection, cause: Throwable) -> Unit = logFailure,
    declare: MomentoServerCommands.() -> Unit = {},
): Server {
    val commands = MomentoServerCommands().apply(declare)
    val config = runtime.config()
    // A message must begin to move into the decoder's memory before the connection refuses to hold more of it.
    val gatherBytesMin = minOf(limits.gatherBytesMin, config.frameBytesMax() / 2)
    val bounded = limits.withGatherBytesMin(gatherBytesMin)
    val highWaterBytes = config.sendHighWaterBytes()
    return tcp(address, onError, tls = tls) {
        MomentoConnection(it, commands, bounded, callsMax, highWaterBytes, onError).serve()
    }
}

private val logFailure: (Connection, Throwable) -> Unit = { _, cause ->
    LoggerFactory.getLogger("dev.uring.momento.server").warn("a client, or the handler of a command, failed", cause)
}

// As many as a client of ours has in flight on one connection.
private const val CALLS_MAX = 4096
