package dev.uring.testing

import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.TestScope

/**
 * Why a test runs on io_uring and on no other driver: all the reasons there are. Whatever has none of them is behaviour, and
 * a [driverTest].
 */
internal enum class RingOnly(
    val why: String,
) {
    THE_RING("it asks what becomes of completions, queues and ring setup, which only a ring has"),
    BLOCKADE("it asks whether io_uring can be had, or what keeps it away"),
    ZERO_COPY("the JDK has no zero-copy send"),
    KERNEL_STAMPS("the JDK tells no time of arrival in the kernel"),
    NO_DISK_THREADS("beside a ring a thread of a pool does each file operation, and an object carries it there"),
    DIRECT_IO("io_uring registers the memory and the files of direct I/O"),
    NVME("commands to a device are ring operations"),
    SOCKET_DETAIL(
        "the JDK neither sets nor tells this: user timeout, deferred accept, TCP info, options of a descriptor",
    ),
    IPV6_ONLY("the JDK's sockets take IPv4 at every IPv6 wildcard"),
    ABSTRACT_NAMES("the JDK has no Unix names without a file"),
    PEER_CREDENTIALS("the JDK does not tell who is at the other end of a Unix socket"),
    SCANNED("a scanner of TLS takes 20 s, and of the driver it sees nothing"),
    DATAGRAM_MARKS(
        "the JDK passes no control messages: no ECN, no joined trains, no counts of what the kernel dropped",
    ),
}

/** A test of what only io_uring has, for the reason named; see [RingOnly]. */
internal fun FunSpec.ringTest(
    reason: RingOnly,
    name: String,
    body: suspend TestScope.() -> Unit,
) = kernelTest("$name [${reason.name.lowercase()}]", body)
