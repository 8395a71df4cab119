package dev.uring.dsl

import dev.uring.net.ConnectionHandler
import dev.uring.tls.Tls
import dev.uring.tls.TlsClientOptions
import dev.uring.tls.TlsInfo
import dev.uring.tls.TlsServerSource
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * Goes over to TLS on a connection that was in the clear until now, as its server: what STARTTLS is in mail protocols.
 *
 * ### Shapes and units
 * What was written before is still sent in the clear. What is unconsumed counts as the beginning of the client's
 * handshake: nobody can slip in a message that would seem to have come encrypted. Returns what was agreed on.
 * ### Threading and cancellation
 * On [Connection.worker], by the one coroutine that reads and writes here; suspends until the handshake is through.
 * Cancelled, it resets the connection, which has no way back.
 * ### Errors
 * [TlsException][dev.uring.tls.TlsException] the handshake failed, and the connection is gone · `IllegalStateException`
 * another coroutine reads, or TLS is there already.
 *
 * @sample samples.dsl.startTlsOnDemand
 */
public suspend fun Connection.startTls(tls: TlsServerSource): TlsInfo = upgrade { Tls.startServer(core, tls, it) }

/**
 * Goes over to TLS on a connection that was in the clear until now, as its client: after the server has agreed to it.
 *
 * Otherwise as for a server. The server's certificate must have the address that was connected to, or the
 * [serverName][TlsClientOptions.serverName] of [tls].
 */
public suspend fun Connection.startTls(tls: TlsClientOptions): TlsInfo = upgrade { Tls.startClient(core, tls, it) }

private suspend fun Connection.upgrade(begin: (ConnectionHandler) -> Unit): TlsInfo {
    core.checkOwner("startTls")
    input.handOver()
    suspendCancellableCoroutine { continuation ->
        begin(events)
        events.awaitUpgrade(continuation)
        continuation.invokeOnCancellation { worker.executeUnlessStopped { abort() } }
    }
    return checkNotNull(tlsInfo) { "no TLS after its handshake: $this" }
}
