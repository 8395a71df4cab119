package dev.uring.dsl

import dev.uring.base.ConfigException
import dev.uring.base.ConnectFailedException
import dev.uring.dns.AddressFamily
import dev.uring.dns.NameResolutionException
import dev.uring.dns.Resolver
import dev.uring.socket.Endpoint
import dev.uring.socket.EndpointName
import dev.uring.tls.TlsClientOptions
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withTimeoutOrNull
import java.net.InetSocketAddress
import kotlin.time.Duration

/** Whether [address] has a name in it that has to be looked up. */
internal fun isNamed(address: String): Boolean = EndpointName.find(address).isPresent

/** Whose certificate is asked for with TLS: the one name of [addresses], unless [tls] has a server name. */
internal fun tlsPeer(
    addresses: List<String>,
    tls: TlsClientOptions,
): InetSocketAddress {
    val names = addresses.map { EndpointName.find(it).orElse(null) }
    val hosts = names.map { it?.host() }.distinct()
    if (tls.serverName().isEmpty && hosts.size > 1) {
        throw ConfigException(
            "tls",
            "of the addresses $addresses it is not clear whose certificate the peer has to have; " +
                "set TlsClientOptions.serverName",
        )
    }
    val name = names.first { it != null }!!
    return InetSocketAddress.createUnresolved(name.host().removeSuffix("."), name.port())
}

/**
 * [addresses] without `tls://` and with the IP addresses of names in the place of the names, in their order, all looked
 * up at the same time and within [timeout]. A name that cannot be resolved is left out as long as another address is left.
 */
internal suspend fun Resolver.literals(
    addresses: List<String>,
    timeout: Duration,
): List<String> {
    val answers =
        if (timeout.isInfinite()) lookUpAll(addresses) else withTimeoutOrNull(timeout) { lookUpAll(addresses) }
    if (answers == null) {
        throw ConnectFailedException(
            "cannot connect to ${addresses.joinToString()}: no answer from name servers within " +
                "${timeout.inWholeMilliseconds} ms.\n" +
                "  Likely cause: they are down, or a firewall drops port 53. " +
                "Check nameserver in /etc/resolv.conf; see ResolverConfig.timeout.",
            0,
        )
    }
    val found = answers.flatMap { it.getOrDefault(emptyList()) }
    if (found.isEmpty()) answers.forEach { it.getOrThrow() }
    return found
}

private suspend fun Resolver.lookUpAll(addresses: List<String>): List<Result<List<String>>> =
    coroutineScope { addresses.map { async { lookUp(it) } }.awaitAll() }

private suspend fun Resolver.lookUp(address: String): Result<List<String>> {
    val name = EndpointName.find(address).orElse(null) ?: return Result.success(listOf(address.removePrefix("tls://")))
    return try {
        val found = resolve(name.host(), name.family().toAddressFamily())
        Result.success(found.map { Endpoint.text(InetSocketAddress(it, name.port())) })
    } catch (failure: NameResolutionException) {
        Result.failure(failure)
    }
}

private fun EndpointName.Family.toAddressFamily(): AddressFamily =
    when (this) {
        EndpointName.Family.EITHER -> AddressFamily.EITHER
        EndpointName.Family.V4 -> AddressFamily.IPV4
        EndpointName.Family.V6 -> AddressFamily.IPV6
    }
