package dev.uring.driver

import dev.uring.abi.Datagram
import dev.uring.abi.Errno
import dev.uring.abi.Socket
import dev.uring.ffi.Libc
import dev.uring.testing.leavesNothingBehind
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.net.InetSocketAddress

/** What the kernel says of a socket after it was opened: needs sockets, but no io_uring. */
class DatagramSocketsTest :
    FunSpec({
        for (host in listOf("127.0.0.1", "::1")) {
            val isV4 = host == "127.0.0.1"
            val level = if (isV4) Socket.IPPROTO_IP else Socket.IPPROTO_IPV6

            test("every option of an opening is set, at $host") {
                val opening =
                    DatagramOpening(
                        InetSocketAddress(host, 0),
                        null,
                        true,
                        true,
                        true,
                        true,
                        true,
                        true,
                        true,
                        50_000,
                        60_000,
                    )
                withSocket(opening) { socket ->
                    val flags =
                        listOf(
                            Socket.SOL_SOCKET to Socket.SO_REUSEPORT,
                            Socket.SOL_SOCKET to Socket.SO_REUSEADDR,
                            Socket.SOL_SOCKET to Datagram.SO_BROADCAST,
                            Socket.SOL_SOCKET to Datagram.SO_RXQ_OVFL,
                            Socket.IPPROTO_UDP to Datagram.UDP_GRO,
                            Socket.SOL_SOCKET to Socket.SO_TIMESTAMPNS_NEW,
                            level to (if (isV4) Datagram.IP_RECVTOS else Datagram.IPV6_RECVTCLASS),
                        )
                    flags.map { (level, option) -> Libc.getsockoptInt(socket, level, option) } shouldBe
                        flags.map { 1 }
                    // The kernel doubles them, for its own bookkeeping.
                    Libc.getsockoptInt(socket, Socket.SOL_SOCKET, Socket.SO_RCVBUF) shouldBe 100_000
                    Libc.getsockoptInt(socket, Socket.SOL_SOCKET, Socket.SO_SNDBUF) shouldBe 120_000
                }
            }

            test("nothing is set that was not asked for, at $host") {
                withSocket(plain(host)) { socket ->
                    Libc.getsockoptInt(socket, Socket.SOL_SOCKET, Socket.SO_REUSEPORT) shouldBe 0
                    Libc.getsockoptInt(socket, Socket.SOL_SOCKET, Datagram.SO_BROADCAST) shouldBe 0
                    Libc.getsockoptInt(socket, Socket.IPPROTO_UDP, Datagram.UDP_GRO) shouldBe 0
                    Libc.getsockoptInt(socket, Socket.SOL_SOCKET, Socket.SO_TIMESTAMPNS_NEW) shouldBe 0
                }
            }

            test("multicast options are set, at $host") {
                withSocket(plain(host)) { socket ->
                    DatagramSockets.multicast(socket, isV4, MulticastOption.HOPS, 7) shouldBe 0
                    DatagramSockets.multicast(socket, isV4, MulticastOption.LOOP, 0) shouldBe 0
                    val hops = if (isV4) Datagram.IP_MULTICAST_TTL else Datagram.IPV6_MULTICAST_HOPS
                    val loop = if (isV4) Datagram.IP_MULTICAST_LOOP else Datagram.IPV6_MULTICAST_LOOP
                    Libc.getsockoptInt(socket, level, hops) shouldBe 7
                    Libc.getsockoptInt(socket, level, loop) shouldBe 0
                    DatagramSockets.multicast(socket, isV4, MulticastOption.LOOP, 1) shouldBe 0
                    Libc.getsockoptInt(socket, level, loop) shouldBe 1
                }
            }
        }

        test("an address that cannot be had is an errno and leaves no socket") {
            leavesNothingBehind {
                // Of the range that documents are to use: no machine has it.
                DatagramSockets.open(plain("192.0.2.1")) shouldBe -Errno.EADDRNOTAVAIL
            }
        }
    })

private fun plain(host: String) =
    DatagramOpening(InetSocketAddress(host, 0), null, false, false, false, false, false, false, false, 0, 0)

private fun withSocket(
    opening: DatagramOpening,
    block: (Int) -> Unit,
) = leavesNothingBehind {
    val socket = DatagramSockets.open(opening)
    check(socket >= 0) { Errno.text(-socket) }
    try {
        block(socket)
    } finally {
        Libc.close(socket)
    }
}
