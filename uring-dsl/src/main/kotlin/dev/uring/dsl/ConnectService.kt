package dev.uring.dsl

import dev.uring.base.ConfigException
import dev.uring.base.ConnectFailedException
import dev.uring.base.UringException
import dev.uring.dns.NameResolutionException
import dev.uring.dns.ServiceRecord
import dev.uring.socket.SocketOptions
import dev.uring.tls.TlsClientOptions
import kotlinx.coroutines.CoroutineScope
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.TimeSource

/**
 * Opens a connection to where the service [name] is to be had (SRV), runs [block] with it and closes it.
 *
 * ### Shapes and units
 * [name] is such as `_redis._tcp.example.org`. The places are tried one after the other in the order of
 * [Resolver.services][dev.uring.dns.Resolver.services]: by priority, and within one by lot, so that weights share the
 * load out. [timeout] is for all of it, and each place has an equal part of what is left. With [tls] the certificate must
 * have the domain of [name], here `example.org`, and not the host that its record names, which anybody could have
 * answered; unless [TlsClientOptions.serverName] says another.
 * ### Ownership
 * As in [UringScope.connect] with a block.
 * ### Threading and cancellation
 * As in [UringScope.connect].
 * ### Errors
 * [ConnectFailedException] no place can be connected to; the message has each with its reason ·
 * [NameResolutionException] there is no such service · [ConfigException] [name] is no service's · [block]'s own, after
 * which no other place is tried.
 * ### Source
 * RFC 2782; RFC 6125 §6.2.1 for the certificate.
 *
 * @sample samples.dsl.askService
 */
public suspend fun <R> UringScope.connectService(
    name: String,
    timeout: Duration = UringScope.CONNECT_TIMEOUT,
    options: SocketOptions = SocketOptions.defaults(),
    tls: TlsClientOptions? = null,
    block: suspend CoroutineScope.(connection: Connection) -> R,
): R {
    require(timeout.isPositive()) { "timeout=$timeout of connectService must be positive" }
    val domain = domainOf(name)
    val secured = tls?.let { if (it.serverName().isPresent) it else it.toBuilder().serverName(domain).build() }
    val began = TimeSource.Monotonic.markNow()
    val places = resolver.services(name)
    val failures = mutableListOf<UringException>()
    for ((tried, place) in places.withIndex()) {
        val left = (timeout - began.elapsedNow()).coerceAtLeast(1.milliseconds)
        var isConnected = false
        try {
            return connect(place.address, left / (places.size - tried), options, secured) { connection ->
                isConnected = true
                block(connection)
            }
        } catch (failure: UringException) {
            if (isConnected) throw failure
            failures += failure
        }
    }
    throw unreachable(name, places, failures)
}

private val ServiceRecord.address get() = "$host:$port"

// RFC 2782, "The format of the SRV RR": _Service._Proto.Name.
private fun domainOf(service: String): String {
    val labels = service.split('.', limit = 3)
    val isService = labels.size == 3 && labels.take(2).all { it.length > 1 && it[0] == '_' }
    if (!isService || labels[2].trimEnd('.').isEmpty()) {
        throw ConfigException("name", "'$service' is no service's name, such as _redis._tcp.example.org")
    }
    return labels[2].removeSuffix(".")
}

private fun unreachable(
    name: String,
    places: List<ServiceRecord>,
    failures: List<UringException>,
): ConnectFailedException {
    val text =
        buildString {
            append("cannot connect to service $name in any of ${places.size} places")
            places.zip(failures).forEach { (place, why) -> append("\n  ${place.address}: ${why.message}") }
        }
    val errno = failures.filterIsInstance<ConnectFailedException>().lastOrNull()?.errno() ?: 0
    return ConnectFailedException(text, errno).apply { failures.lastOrNull()?.let(::initCause) }
}
