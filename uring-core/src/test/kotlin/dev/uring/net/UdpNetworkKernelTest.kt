package dev.uring.net

import dev.uring.bytes.ByteWindow
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.RingOnly
import dev.uring.testing.UdpRecorder
import dev.uring.testing.asPeer
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.peerAddress
import dev.uring.testing.receiveBytes
import dev.uring.testing.ringTest
import dev.uring.testing.withUdp
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import java.io.IOException
import java.net.DatagramSocket
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.NetworkInterface
import java.net.StandardProtocolFamily
import java.net.StandardSocketOptions
import java.nio.ByteBuffer
import java.nio.channels.DatagramChannel
import java.util.concurrent.ExecutionException
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

private const val EACCES = 13

private val loopback: NetworkInterface by lazy { NetworkInterface.getByInetAddress(InetAddress.getLoopbackAddress()) }

/** What the network layer does for UDP: joining and cutting, marks, groups, broadcasts. */
class UdpNetworkKernelTest :
    FunSpec({
        for (address in listOf("127.0.0.1:0", "[::1]:0")) {
            driverTest("segments leave in one operation and arrive as datagrams, from $address") {
                withUdp { udp ->
                    val socket = udp.open(UdpRecorder(), address = address)
                    val peer = udp.peer(socket.localAddress().address.hostAddress, receiveBufferBytes = 1 shl 20)
                    val sent = ByteArray(10_500) { (it / 1000).toByte() }
                    val view = ByteWindow.copyOf(sent)
                    socket.call { sendSegments(view, 1000, peer.asPeer) } shouldBe true
                    for (segment in 0..10) {
                        val expected = sent.copyOfRange(segment * 1000, minOf(sent.size, segment * 1000 + 1000))
                        peer.receiveBytes().contentEquals(expected) shouldBe true
                    }
                    await { socket.counters().sent == 11L }
                    socket.counters().sendOperations shouldBe 1
                }
            }

            driverTest("more segments than one operation may have leave in several, from $address") {
                withUdp { udp ->
                    val socket = udp.open(UdpRecorder(), address = address)
                    val peer = udp.peer(socket.localAddress().address.hostAddress, receiveBufferBytes = 1 shl 20)
                    val view = ByteWindow.copyOf(ByteArray(150 * 10))
                    socket.call { sendSegments(view, 10, peer.asPeer) } shouldBe true
                    repeat(150) { peer.receiveBytes().size shouldBe 10 }
                    await { socket.counters().sent == 150L }
                    socket.counters().sendOperations shouldBe 3
                }
            }

            ringTest(
                RingOnly.DATAGRAM_MARKS,
                "a train that the kernel joined is offered datagram by datagram, at $address",
            ) {
                withUdp { udp ->
                    val handler = UdpRecorder()
                    val options =
                        UdpOptions
                            .builder()
                            .joinsArrivals(true)
                            .receiveBuffersCount(16)
                            .build()
                    val socket = udp.open(handler, options, address)
                    val sender = udp.open(UdpRecorder(), address = address)
                    val text = List(9) { "datagram $it" }
                    sender.call { text.forEach { send(it.toByteArray(), socket.peerAddress) } }
                    List(9) { handler.text() } shouldBe text
                    socket.counters().received shouldBe 9
                    socket.counters().receiveOperations shouldBe 1
                }
            }

            driverTest("a train that is postponed in its middle goes on there, at $address") {
                withUdp { udp ->
                    var postponed = false
                    val handler =
                        UdpRecorder { socket, payload, _ ->
                            if (payload.toUtf8() == "2" && !postponed) {
                                postponed = true
                                socket.postpone()
                            }
                        }
                    val options =
                        UdpOptions
                            .builder()
                            .joinsArrivals(true)
                            .receiveBuffersCount(16)
                            .build()
                    val socket = udp.open(handler, options, address)
                    val sender = udp.open(UdpRecorder(), address = address)
                    sender.call { repeat(5) { send("$it".toByteArray(), socket.peerAddress) } }
                    List(3) { handler.text() } shouldBe listOf("0", "1", "2")
                    await { socket.call { hasPending() } }
                    // Two fetched, the rest offered again.
                    socket.call {
                        List(2) { check(take()).let { payload().toUtf8().also { release() } } }
                    } shouldBe listOf("2", "3")
                    socket.call { resumeReceive() }
                    handler.text() shouldBe "4"
                }
            }

            ringTest(RingOnly.DATAGRAM_MARKS, "an ECN mark arrives as it was sent, at $address") {
                withUdp { udp ->
                    val marks = LinkedBlockingQueue<Int>()
                    val options = UdpOptions.builder().receivesEcn(true).build()
                    val socket = udp.open(UdpRecorder { s, _, _ -> marks += s.ecn() }, options, address)
                    val sender = udp.open(UdpRecorder(), address = address)
                    sender.call {
                        for (mark in listOf(0, 1, 2, 3, 0)) {
                            sendEcn(mark)
                            send("marked".toByteArray(), socket.peerAddress)
                        }
                    }
                    List(5) { marks.poll(PATIENCE_SECONDS, TimeUnit.SECONDS) } shouldBe listOf(0, 1, 2, 3, 0)
                }
            }
        }

        ringTest(
            RingOnly.DATAGRAM_MARKS,
            "an IPv4 peer's mark arrives on a socket for both, and the answer carries one back",
        ) {
            withUdp { udp ->
                val marks = LinkedBlockingQueue<Int>()
                val options = UdpOptions.builder().receivesEcn(true).build()
                val socket =
                    udp.open(
                        UdpRecorder { s, payload, peer ->
                            marks += s.ecn()
                            s.sendEcn(UdpSocket.ECN_CONGESTED)
                            s.send(payload, peer)
                        },
                        options,
                        "[::]:0",
                    )
                val asker = udp.open(UdpRecorder { s, _, _ -> marks += s.ecn() }, options)
                asker.call {
                    sendEcn(UdpSocket.ECN_CAPABLE_0)
                    send("?".toByteArray(), UdpPeer.of(InetSocketAddress("127.0.0.1", socket.localAddress().port)))
                }
                List(2) { marks.poll(PATIENCE_SECONDS, TimeUnit.SECONDS) } shouldBe
                    listOf(UdpSocket.ECN_CAPABLE_0, UdpSocket.ECN_CONGESTED)
            }
        }

        driverTest("a mark is not received unless asked for, and not sent outside 0 to 3") {
            withUdp { udp ->
                val marks = LinkedBlockingQueue<Int>()
                val socket = udp.open(UdpRecorder { s, _, _ -> marks += s.ecn() })
                socket.call { send("self".toByteArray(), peerAddress) }
                marks.poll(PATIENCE_SECONDS, TimeUnit.SECONDS) shouldBe UdpSocket.ECN_UNKNOWN
                shouldThrow<ExecutionException> { socket.call { sendEcn(4) } }.cause!!.message shouldBe
                    "ECN codepoint=4 is outside 0..3"
            }
        }

        for ((group, any) in listOf("239.77.7.7" to "0.0.0.0", "ff01::77:7" to "[::]")) {
            test("members hear a group until they leave it, $group").config(enabledOrReasonIf = { carried(group) }) {
                val network = carriers.getValue(group)!!
                withUdp { udp ->
                    val address = InetAddress.getByName(group)
                    val options = UdpOptions.builder().reuseAddress(true).build()
                    val first = UdpRecorder()
                    val second = UdpRecorder()
                    val member = udp.open(first, options, "$any:0")
                    val port = member.localAddress().port
                    val other = udp.open(second, options, "$any:$port")
                    val sender = udp.open(UdpRecorder(), address = "$any:0")
                    val to = UdpPeer.of(InetSocketAddress(address, port))
                    listOf(member, other).forEach { it.call { joinGroup(address, network) } }
                    sender.call {
                        multicastInterface(network)
                        multicastHops(1)
                        multicastLoop(true)
                        send("to both".toByteArray(), to)
                    }
                    listOf(first.text(), second.text()) shouldBe listOf("to both", "to both")
                    other.call { leaveGroup(address, network) }
                    sender.call { send("to one".toByteArray(), to) }
                    first.text() shouldBe "to one"
                    shouldThrow<ExecutionException> { other.call { leaveGroup(address, network) } }
                        .cause!!
                        .message!! shouldStartWith "leaving "
                }
            }
        }

        driverTest("a broadcast is refused unless asked for") {
            withUdp { udp ->
                val hears = UdpRecorder()
                val socket = udp.open(hears, address = "0.0.0.0:0")
                val everybody = UdpPeer.of(InetSocketAddress("127.255.255.255", socket.localAddress().port))
                val refused = UdpRecorder()
                udp.open(refused).call { send("no".toByteArray(), everybody) }
                refused.error() shouldBe EACCES
                val options = UdpOptions.builder().broadcast(true).build()
                udp.open(UdpRecorder(), options).call { send("to all".toByteArray(), everybody) }
                hears.text() shouldBe "to all"
            }
        }

        ringTest(RingOnly.IPV6_ONLY, "an IPv4 port and an IPv6-only port of one number are two") {
            withUdp { udp ->
                val v4 = UdpRecorder()
                val v6 = UdpRecorder()
                // What is free in one family may be taken in the other: a socket of both gets a number that is free in both.
                val port = DatagramSocket(0).use { it.localPort }
                udp.open(v4, address = "0.0.0.0:$port")
                udp.open(v6, UdpOptions.builder().v6Only(true).build(), "[::]:$port")
                val sender = udp.open(UdpRecorder(), address = "[::]:0")
                sender.call {
                    send("four".toByteArray(), UdpPeer.of(InetSocketAddress("127.0.0.1", port)))
                    send("six".toByteArray(), UdpPeer.of(InetSocketAddress("::1", port)))
                }
                listOf(v4.text(), v6.text()) shouldBe listOf("four", "six")
            }
        }
    })

/**
 * The interface that carries each group's traffic, found out with the JDK's own sockets; null when none does. Of IPv6 that
 * may be any: loopback often has no route for groups, and what is sent to ff01:: leaves no machine.
 */
private val carriers: Map<String, NetworkInterface?> by lazy {
    val others =
        NetworkInterface
            .networkInterfaces()
            .filter {
                it.isUp && !it.isLoopback && it.supportsMulticast()
            }.toList()
    mapOf(
        "239.77.7.7" to listOf(loopback).find { carries("239.77.7.7", it) },
        "ff01::77:7" to (listOf(loopback) + others).find { carries("ff01::77:7", it) },
    )
}

private fun carried(group: String): Enabled =
    if (carriers[group] != null) Enabled.enabled else Enabled.disabled("no interface carries $group: nothing arrived")

private fun carries(
    group: String,
    network: NetworkInterface,
): Boolean {
    val address = InetAddress.getByName(group)
    val family = if (':' in group) StandardProtocolFamily.INET6 else StandardProtocolFamily.INET
    return try {
        DatagramChannel.open(family).use { channel ->
            channel.bind(null)
            channel.setOption(StandardSocketOptions.IP_MULTICAST_IF, network)
            channel.join(address, network)
            val port = (channel.localAddress as InetSocketAddress).port
            channel.send(ByteBuffer.wrap(byteArrayOf(1)), InetSocketAddress(address, port))
            channel.configureBlocking(false)
            val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(1)
            var heard = channel.receive(ByteBuffer.allocate(1))
            while (heard == null && System.nanoTime() < deadline) heard = channel.receive(ByteBuffer.allocate(1))
            heard != null
        }
    } catch (refused: IOException) {
        false
    }
}
