package dev.uring.dns

import java.net.Inet4Address
import java.net.Inet6Address
import java.net.InetAddress

/** Which IP versions' addresses are asked for. */
public enum class AddressFamily {
    /** Both, at the same time. */
    EITHER,

    /** A records only. */
    IPV4,

    /** AAAA records only. */
    IPV6,

    ;

    internal fun holds(address: InetAddress): Boolean =
        when (this) {
            EITHER -> true
            IPV4 -> address is Inet4Address
            IPV6 -> address is Inet6Address
        }
}

/**
 * [addresses] with the versions by turns, IPv6 first, each in its own order: when one version does not get through, the
 * second attempt already is the other one. RFC 8305 §4 with a First Address Family Count of 1; the preferences of RFC 6724
 * before it are left to the order that the server chose.
 */
internal fun interleaved(addresses: List<InetAddress>): List<InetAddress> {
    val (v6, v4) = addresses.distinct().partition { it is Inet6Address }
    return buildList {
        for (i in 0 until maxOf(v6.size, v4.size)) {
            v6.getOrNull(i)?.let(::add)
            v4.getOrNull(i)?.let(::add)
        }
    }
}
