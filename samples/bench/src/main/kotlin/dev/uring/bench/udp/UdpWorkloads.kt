package dev.uring.bench.udp

import dev.uring.bench.echo.EchoWorkload

/**
 * Closed loops of datagrams: each of some client sockets keeps a number of datagrams in flight.
 *
 * In flight at once are at most 64: that many of 1200 bytes fit the kernel's default receive buffer of a socket, so that
 * what is lost is lost by a server and not by the load.
 */
object UdpWorkloads {
    /** In table order. */
    val ALL: List<EchoWorkload> =
        listOf(64, 1200).flatMap { bytes ->
            listOf(EchoWorkload(bytes, 1, 1), EchoWorkload(bytes, 1, 32), EchoWorkload(bytes, 64, 1))
        }

    /** What `--quick` measures: one that is all senders and one that is all one sender. */
    val QUICK: List<EchoWorkload> = listOf(EchoWorkload(64, 64, 1), EchoWorkload(1200, 1, 32))
}
