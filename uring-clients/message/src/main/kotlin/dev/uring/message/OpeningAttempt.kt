package dev.uring.message

import dev.uring.base.ConfigException
import dev.uring.base.ConnectFailedException
import dev.uring.message.codec.ChannelAddress
import dev.uring.message.codec.MessageStatus
import dev.uring.net.ConnectAttempt
import dev.uring.net.ConnectRace
import dev.uring.net.ConnectionAcceptor
import dev.uring.socket.Endpoint
import dev.uring.socket.EndpointName
import dev.uring.socket.SocketOptions
import dev.uring.tls.TlsClientOptions
import dev.uring.worker.Timer
import java.net.InetAddress
import java.net.InetSocketAddress
import java.time.Duration
import java.util.concurrent.CompletionException

/**
 * How a channel gets its connection: names are looked up beside the worker, then all their addresses are tried.
 *
 * Thread: the channel's worker.
 */
internal class OpeningAttempt(
    private val channel: PeerChannel,
    private val config: EngineConfig,
) : Timer() {
    private val engine = channel.group.engine
    private val acceptor = ConnectionAcceptor { channel }
    private var attempt: ConnectAttempt? = null
    private var race: ConnectRace? = null
    private var isCancelled = false
    private var isUnix = false

    fun begin(address: ChannelAddress) {
        isUnix = address.kind() == ChannelAddress.Kind.UDS
        val tls = config.tlsClient.takeUnless { isUnix }
        try {
            val name = if (isUnix) null else EndpointName.find(address.toEndpoint()).orElse(null)
            if (name != null) {
                lookUp(name, tls)
            } else {
                connect(address.toEndpoint(), tls)
            }
        } catch (wrong: ConfigException) {
            channel.openingFailed(MessageStatus.INVALID_ADDRESS, isAtOnce = true, wrong.message.orEmpty())
        }
    }

    fun cancel() {
        isCancelled = true
        channel.worker.disarm(this)
        attempt?.cancel()
        race?.cancel()
        // The look-up of a name goes on, and nobody waits for it.
        if (attempt == null && race == null) givenUp()
    }

    private fun givenUp() = channel.openingFailed(MessageStatus.CHANNEL_CLOSED, isAtOnce = false, "given up")

    private fun connect(
        endpoint: String,
        tls: TlsClientOptions?,
    ) {
        val options = SocketOptions.defaults()
        val begun =
            if (tls == null) {
                engine.runtime.connect(channel.worker, endpoint, channel.connectTimeout, options, acceptor)
            } else {
                engine.runtime.connect(channel.worker, endpoint, channel.connectTimeout, options, tls, acceptor)
            }
        attempt = begun
        begun.result().whenComplete { _, failure -> if (failure != null) failed(failure) }
    }

    private fun lookUp(
        name: EndpointName,
        tls: TlsClientOptions?,
    ) {
        channel.worker.arm(this, channel.connectTimeout.toNanos())
        engine.resolver.resolveAsync(name.host()).whenComplete { found, failure ->
            channel.worker.tryExecute {
                if (!isCancelled) {
                    channel.worker.disarm(this)
                    if (failure != null) notFound(failure) else connectAll(name, found, tls)
                }
            }
        }
    }

    // The name is not found in time. Its look-up goes on, and nobody waits for it.
    override fun fire() {
        isCancelled = true
        val reason = "its name was not found within connectTimeout=${config.connectTimeout}"
        channel.openingFailed(MessageStatus.CONNECT_FAILED, isAtOnce = false, reason)
    }

    private fun notFound(failure: Throwable) {
        channel.openingFailed(MessageStatus.INVALID_ADDRESS, isAtOnce = true, failure.cause?.message ?: "$failure")
    }

    private fun connectAll(
        name: EndpointName,
        found: List<InetAddress>,
        tls: TlsClientOptions?,
    ) {
        val addresses = found.map { Endpoint.text(InetSocketAddress(it, name.port())) }
        val timeout = channel.connectTimeout
        val options = SocketOptions.defaults()
        val begun =
            if (tls == null) {
                engine.runtime.connect(channel.worker, addresses, ATTEMPT_DELAY, timeout, options, acceptor)
            } else {
                val named = if (tls.serverName().isPresent) tls else tls.toBuilder().serverName(name.host()).build()
                engine.runtime.connect(channel.worker, addresses, ATTEMPT_DELAY, timeout, options, named, acceptor)
            }
        race = begun
        begun.result().whenComplete { _, failure -> if (failure != null) failed(failure) }
    }

    // On the worker, or on another thread because the worker has stopped.
    private fun failed(thrown: Throwable) {
        val failure = (thrown as? CompletionException)?.cause ?: thrown
        val errno = (failure as? ConnectFailedException)?.errno()
        val reason = failure.message ?: "$failure"
        when {
            isCancelled -> givenUp()
            isUnix && errno == ENOENT -> channel.openingFailed(MessageStatus.UDS_PATH_NOT_FOUND, true, reason)
            isUnix && errno == ECONNREFUSED -> channel.openingFailed(MessageStatus.PEER_DISCONNECTED, true, reason)
            failure is ConfigException -> channel.openingFailed(MessageStatus.INVALID_ADDRESS, true, reason)
            else -> channel.openingFailed(MessageStatus.CONNECT_FAILED, isAtOnce = false, reason)
        }
    }

    private companion object {
        const val ENOENT = 2
        const val ECONNREFUSED = 111

        // What RFC 8305 recommends.
        val ATTEMPT_DELAY: Duration = Duration.ofMillis(250)
    }
}
