@file:OptIn(InternalUringApi::class)

package dev.uring.momento

import dev.uring.UringRuntime
import dev.uring.client.Dialer
import dev.uring.client.Dialing
import dev.uring.dns.Resolver
import dev.uring.dsl.ConnectionOpener
import dev.uring.dsl.InternalUringApi
import dev.uring.net.ConnectionAcceptor
import dev.uring.socket.KeepAlive
import dev.uring.socket.SocketOptions
import dev.uring.tls.TlsClientOptions
import dev.uring.worker.Worker

/**
 * Connects to the host of a credential, with TLS unless the configuration is plain. A name is looked up anew for each
 * attempt: a service moves.
 */
internal class MomentoDialer(
    runtime: UringRuntime,
    resolver: Resolver,
    private val config: MomentoConfig,
    private val tls: TlsClientOptions?,
) : Dialer {
    private val opener = ConnectionOpener(runtime, resolver)

    // There is no ping in the protocol: only the kernel can tell that a peer is gone.
    private val options = SocketOptions.builder().keepAlive(KeepAlive.DEFAULT).build()

    override fun dial(
        worker: Worker,
        acceptor: ConnectionAcceptor,
    ): Dialing {
        val opening =
            opener.open(worker, config.credential.address, config.connectTimeout, options, tls, acceptor)
        return Dialing(opening.result, opening::cancel)
    }
}
