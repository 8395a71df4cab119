package dev.uring.net

import dev.uring.base.ConfigException
import dev.uring.base.UringException
import dev.uring.testing.RingOnly
import dev.uring.testing.UdpRecorder
import dev.uring.testing.asPeer
import dev.uring.testing.await
import dev.uring.testing.block
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.peerAddress
import dev.uring.testing.receiveBytes
import dev.uring.testing.receiveText
import dev.uring.testing.ringTest
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import dev.uring.testing.withUdp
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.comparables.shouldBeLessThanOrEqualTo
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import java.net.DatagramSocket
import java.net.InetSocketAddress
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.ExecutionException
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random

private const val ECONNREFUSED = 111

private val echo = UdpHandler { socket, payload, peer -> socket.send(payload, peer) }

class UdpSocketKernelTest :
    FunSpec({
        for ((name, address, host) in listOf(
            Triple("IPv4", "127.0.0.1:0", "127.0.0.1"),
            Triple("IPv6", "[::1]:0", "::1"),
            Triple("IPv4 on a socket for both", "[::]:0", "127.0.0.1"),
        )) {
            driverTest("a datagram comes back to who sent it, over $name") {
                withUdp { udp ->
                    val socket = udp.open(echo, address = address)
                    val peer = udp.peer(host)
                    peer.connect(InetSocketAddress(host, socket.localAddress().port))
                    peer.send(java.net.DatagramPacket("hello".toByteArray(), 5))
                    peer.receiveText() shouldBe "hello"
                    await { socket.counters().sent == 1L }
                    socket.counters().receivedBytes shouldBe 5
                }
            }
        }

        driverTest("every size from an empty datagram to the largest comes back whole") {
            withUdp { udp ->
                val options =
                    UdpOptions
                        .builder()
                        .receiveBytesMax(65_535)
                        .receiveBuffersCount(16)
                        .build()
                val socket = udp.open(echo, options)
                val peer = udp.peer()
                for (size in listOf(0, 1, 63, 64, 65, 1200, 1472, 1473, 9000, UdpOptions.PAYLOAD_BYTES_MAX, 0, 2)) {
                    val sent = Random(size).nextBytes(size)
                    peer.send(sent, socket)
                    peer.receiveBytes().contentEquals(sent) shouldBe true
                }
            }
        }

        driverTest("a datagram larger than receiveBytesMax is cut, says so, and the next one is whole") {
            withUdp { udp ->
                val seen = CopyOnWriteArrayList<String>()
                val handler =
                    UdpRecorder { socket, payload, _ ->
                        seen += "${payload.size()} of ${socket.fullBytes()} truncated=${socket.isTruncated}"
                    }
                val socket = udp.open(handler, UdpOptions.builder().receiveBytesMax(100).build())
                val peer = udp.peer()
                peer.send(ByteArray(1000), socket)
                peer.send(ByteArray(100), socket)
                await { seen.size == 2 }
                seen.toList() shouldBe listOf("100 of 1000 truncated=true", "100 of 100 truncated=false")
                socket.counters().truncated shouldBe 1
            }
        }

        driverTest("a lent peer finds what was kept for its copy") {
            withUdp { udp ->
                val counts = ConcurrentHashMap<UdpPeer, AtomicInteger>()
                val handler =
                    UdpRecorder { _, _, peer ->
                        (counts[peer] ?: AtomicInteger().also { counts[peer.copy()] = it }).incrementAndGet()
                    }
                val socket = udp.open(handler)
                val peers = List(3) { udp.peer() }
                repeat(4) { peers.forEach { it.send("x", socket) } }
                repeat(12) { handler.text() }
                counts.mapValues { it.value.get() } shouldBe peers.associate { it.asPeer to 4 }
            }
        }

        driverTest("a handler that throws loses one datagram, not the socket") {
            withUdp { udp ->
                val handler = UdpRecorder { _, payload, _ -> check(payload.toUtf8() != "bad") { "as asked" } }
                val socket = udp.open(handler)
                val peer = udp.peer()
                listOf("bad", "good").forEach { peer.send(it, socket) }
                listOf(handler.text(), handler.text()) shouldBe listOf("bad", "good")
                await { udp.runtime.snapshots()[0].failures() == 1L }
            }
        }

        driverTest("a connected socket needs no peer and hears nobody else") {
            withUdp { udp ->
                val handler = UdpRecorder()
                val friend = udp.peer()
                val options = UdpOptions.builder().remote(friend.localSocketAddress as InetSocketAddress).build()
                val socket = udp.open(handler, options)
                socket.call { send("to the friend".toByteArray(), null) } shouldBe true
                friend.receiveText() shouldBe "to the friend"
                udp.peer().send("from a stranger", socket)
                friend.send("from the friend", socket)
                handler.text() shouldBe "from the friend"
            }
        }

        driverTest("an unconnected socket refuses a datagram without a peer") {
            withUdp { udp ->
                val socket = udp.open(UdpRecorder())
                shouldThrow<ExecutionException> { socket.call { send(ByteArray(1), null) } }
                    .cause!!
                    .message!! shouldStartWith "a datagram without a peer on UdpSocket("
            }
        }

        driverTest("ICMP errors are reported and do not end a connected socket") {
            withUdp { udp ->
                val handler = UdpRecorder()
                val port = DatagramSocket(0).use { it.localPort }
                val options = UdpOptions.builder().remote(InetSocketAddress("127.0.0.1", port)).build()
                // At another address: at the same one the system might give it the port that is to be nobody's.
                val socket = udp.open(handler, options, "127.0.0.2:0")
                // The second is what meets the error of the first, and is sent all the same.
                repeat(2) {
                    socket.call { send("anybody there?".toByteArray(), null) } shouldBe true
                    handler.error() shouldBe ECONNREFUSED
                }
                DatagramSocket(InetSocketAddress("127.0.0.1", port)).use { late ->
                    late.soTimeout = 20_000
                    socket.call { send("and now?".toByteArray(), null) }
                    late.receiveText() shouldBe "and now?"
                    late.send("yes", socket)
                    handler.text() shouldBe "yes"
                }
                await { socket.counters().networkErrors >= 2 }
                socket.call { isOpen } shouldBe true
            }
        }

        driverTest("datagrams of one turn arrive in their order, joined where they can be") {
            withUdp { udp ->
                val socket = udp.open(UdpRecorder())
                val peer = udp.peer(receiveBufferBytes = 1 shl 20)
                val other = udp.peer()
                val sizes = listOf(100, 100, 100, 40, 100, 0, 7, 8, 8, 8)
                socket.call {
                    sizes.forEachIndexed { i, size -> send(ByteArray(size) { i.toByte() }, peer.asPeer) }
                    send("between".toByteArray(), other.asPeer)
                    send(ByteArray(8), peer.asPeer)
                }
                val received = List(sizes.size) { peer.receiveBytes() }
                received.map { it.size } shouldBe sizes
                received.forEachIndexed { i, bytes -> bytes.all { it == i.toByte() } shouldBe true }
                other.receiveText() shouldBe "between"
                peer.receiveBytes().size shouldBe 8
                await { socket.counters().sent == sizes.size + 2L }
                // 100·3+40, 100, 0, 7, 8·3, between, 8.
                socket.counters().sendOperations shouldBe 7
            }
        }

        driverTest("nothing is joined when that is switched off") {
            withUdp { udp ->
                val socket = udp.open(UdpRecorder(), UdpOptions.builder().joinsSends(false).build())
                val peer = udp.peer()
                socket.call { repeat(5) { send(ByteArray(10), peer.asPeer) } }
                repeat(5) { peer.receiveBytes().size shouldBe 10 }
                await { socket.counters().sent == 5L }
                socket.counters().sendOperations shouldBe 5
            }
        }

        driverTest("a full queue refuses, counts it, and says when there is room again") {
            withUdp { udp ->
                val writable = AtomicInteger()
                val handler = UdpRecorder(onWritable = { writable.incrementAndGet() })
                val options =
                    UdpOptions
                        .builder()
                        .sendQueueBytesMax(10_000)
                        .joinsSends(false)
                        .build()
                val socket = udp.open(handler, options)
                val peer = udp.peer(receiveBufferBytes = 1 shl 20)
                val accepted =
                    socket.call {
                        val accepted = List(20) { send(ByteArray(1000), peer.asPeer) }.count { it }
                        requestWritable(0)
                        accepted
                    }
                accepted shouldBe 8
                repeat(accepted) { peer.receiveBytes() }
                await { writable.get() == 1 }
                socket.counters().sendRefusals shouldBe 12
                socket.call { isWritable(1000) } shouldBe true
                // An empty queue takes one of any size.
                socket.call { send(ByteArray(20_000), peer.asPeer) } shouldBe true
                peer.receiveBytes().size shouldBe 20_000
            }
        }

        driverTest("a datagram that is too large for the protocol is reported and costs only itself") {
            withUdp { udp ->
                val handler = UdpRecorder()
                val socket = udp.open(handler)
                val peer = udp.peer()
                socket.call {
                    send(ByteArray(UdpOptions.PAYLOAD_BYTES_MAX + 1), peer.asPeer)
                    send("fits".toByteArray(), peer.asPeer)
                }
                handler.error() shouldBe 90
                peer.receiveText() shouldBe "fits"
                socket.counters().sendErrors shouldBe 1
            }
        }

        ringTest(
            RingOnly.DATAGRAM_MARKS,
            "a paused socket keeps datagrams, drops what no one has room for, and goes on in order",
        ) {
            withUdp { udp ->
                val handler = UdpRecorder()
                val options =
                    UdpOptions
                        .builder()
                        .receivePendingMax(8)
                        .socketReceiveBytes(4096)
                        .build()
                val socket = udp.open(handler, options)
                val peer = udp.peer()
                socket.call { pauseReceive() }
                repeat(200) { peer.send("%03d".format(it), socket) }
                await { socket.counters().received >= 4 }
                handler.offeredCount shouldBe 0
                socket.call { resumeReceive() }
                val first = List(4) { handler.text() }
                first shouldBe listOf("000", "001", "002", "003")
                // The kernel's small queue may still be full, and drops then; it tells with one that comes after it.
                var sent = 200L
                do {
                    peer.send("after", socket)
                    sent++
                } while (!handler.hears("after", withinMillis = 200))
                val counters = socket.counters()
                // Each of them is accounted for: offered, dropped here or dropped by the kernel.
                await { counters.received + counters.kernelDrops == sent }
                counters.kernelDrops shouldBeGreaterThan 0
            }
        }

        driverTest("a postponed datagram is offered again, first") {
            withUdp { udp ->
                var postponed = 0
                val handler =
                    UdpRecorder { socket, _, _ ->
                        if (postponed++ < 1) socket.postpone()
                    }
                val socket = udp.open(handler)
                val peer = udp.peer()
                listOf("first", "second").forEach { peer.send(it, socket) }
                handler.text() shouldBe "first"
                await { socket.call { hasPending() } && socket.counters().received == 2L }
                socket.call { resumeReceive() }
                listOf(handler.text(), handler.text()) shouldBe listOf("first", "second")
            }
        }

        driverTest("datagrams can be fetched instead of offered") {
            withUdp { udp ->
                val handler = UdpRecorder()
                val socket = udp.open(handler)
                socket.call { pauseReceive() }
                val peer = udp.peer()
                listOf("a", "b").forEach { peer.send(it, socket) }
                await { socket.counters().received == 2L }
                val fetched =
                    socket.call {
                        List(2) {
                            check(take())
                            (payload().toUtf8() to peer().port()).also { release() }
                        } to take()
                    }
                fetched shouldBe (listOf("a" to peer.localPort, "b" to peer.localPort) to false)
                handler.offeredCount shouldBe 0
            }
        }

        ringTest(RingOnly.DATAGRAM_MARKS, "more datagrams than there are buffers in one turn all arrive") {
            withUdp { udp ->
                val handler = UdpRecorder()
                val options =
                    UdpOptions
                        .builder()
                        .receiveBuffersCount(4)
                        .socketReceiveBytes(1 shl 20)
                        .build()
                val socket = udp.open(handler, options)
                val peer = udp.peer()
                val gate = socket.worker().block()
                repeat(100) { peer.send("$it", socket) }
                gate.countDown()
                List(100) { handler.text() } shouldBe List(100) { "$it" }
                udp.runtime.snapshots()[0].buffersExhausted() shouldBeGreaterThan 0
            }
        }

        ringTest(RingOnly.DATAGRAM_MARKS, "datagrams the kernel dropped are counted") {
            withUdp { udp ->
                val handler = UdpRecorder()
                val socket = udp.open(handler, UdpOptions.builder().socketReceiveBytes(4096).build())
                val peer = udp.peer()
                val gate = socket.worker().block()
                repeat(100) { peer.send(ByteArray(500), socket) }
                gate.countDown()
                await { socket.counters().received > 0 && socket.call { true } }
                peer.send("after", socket)
                while (handler.text() != "after") Unit
                // It tells of the same drops again.
                peer.send("last", socket)
                handler.text() shouldBe "last"
                socket.counters().kernelDrops shouldBeGreaterThan 0
                socket.counters().received + socket.counters().kernelDrops shouldBe 102
            }
        }

        driverTest("a closed socket sends what is queued, refuses more, and frees its port") {
            withUdp { udp ->
                val handler = UdpRecorder()
                val socket = udp.open(handler)
                val peer = udp.peer()
                socket.call {
                    send("last words".toByteArray(), peer.asPeer)
                    close()
                    send("too late".toByteArray(), peer.asPeer) shouldBe false
                }
                peer.receiveText() shouldBe "last words"
                handler.closed() shouldBe null
                DatagramSocket(socket.localAddress()).close()
            }
        }

        driverTest("a socket closed by its handler in the middle of a burst holds nothing") {
            withUdp { udp ->
                val handler =
                    UdpRecorder { socket, payload, _ ->
                        if (payload.toUtf8() == "50") {
                            socket.postpone()
                            socket.close()
                        }
                    }
                val socket = udp.open(handler)
                val peer = udp.peer()
                val gate = socket.worker().block()
                repeat(100) { peer.send("$it", socket) }
                gate.countDown()
                handler.closed() shouldBe null
                handler.offeredCount shouldBe 51
            }
        }

        driverTest("sockets opened and closed under fire leave nothing behind") {
            withUdp { udp ->
                val peer = udp.peer()
                repeat(200) {
                    val handler = UdpRecorder { socket, payload, from -> socket.send(payload, from) }
                    val socket = udp.open(handler)
                    repeat(it % 7) { peer.send("x", socket) }
                    socket.call { close() }
                    handler.closed() shouldBe null
                }
            }
        }

        driverTest("a server has a socket on each worker and every peer is answered") {
            withUdp(smallConfig().workersCount(3).build()) { udp ->
                val server = udp.runtime.udp("udp://127.0.0.1:0", UdpOptions.defaults()) { echo }
                server.sockets().map { it.worker().index() } shouldBe listOf(0, 1, 2)
                val peers = List(32) { udp.peer() }
                peers.forEach { it.send("hi", server.sockets()[0]) }
                peers.forEach { it.receiveText() shouldBe "hi" }
                await { server.sockets().sumOf { it.counters().received } == 32L }
                server.sockets().count { it.counters().received > 0 } shouldBeGreaterThan 1
                server.close()
                server.closed().toCompletableFuture().join()
                DatagramSocket(server.localAddress()).close()
            }
        }

        driverTest("a port that is taken is refused with its reason, also when ports are shared") {
            withUdp(smallConfig().workersCount(2).build()) { udp ->
                val server = udp.runtime.udp("127.0.0.1:0", UdpOptions.defaults()) { echo }
                val port = server.localAddress().port
                shouldThrow<UringException> { udp.runtime.udp("127.0.0.1:$port", UdpOptions.defaults()) { echo } }
                    .message!! shouldStartWith "cannot listen on 127.0.0.1:$port: EADDRINUSE"
            }
        }

        driverTest("shutdown closes sockets and sends what they had queued") {
            val handler = UdpRecorder()
            DatagramSocket(InetSocketAddress("127.0.0.1", 0)).use { peer ->
                withUdp { udp ->
                    val socket = udp.open(handler)
                    socket.call { send("goodbye".toByteArray(), peer.asPeer) }
                }
                peer.soTimeout = 20_000
                peer.receiveText() shouldBe "goodbye"
            }
            handler.closed() shouldBe null
        }

        driverTest("trains that the path refuses are sent again one by one, and not tried again") {
            withUdp { udp ->
                val socket = udp.open(UdpRecorder())
                val peer = udp.peer(receiveBufferBytes = 1 shl 20)
                // Of these a packet would hold more than the protocol's largest: the kernel says EINVAL or EMSGSIZE.
                repeat(2) {
                    socket.call { repeat(2) { send(ByteArray(32_000) { 7 }, peer.asPeer) } }
                    repeat(2) { peer.receiveBytes().size shouldBe 32_000 }
                }
                await { socket.counters().sent == 4L }
                socket.counters().sendErrors shouldBe 0
                socket.counters().sendOperations shouldBeLessThanOrEqualTo 5
            }
        }

        test("options outside their bounds are refused by name") {
            shouldThrow<ConfigException> { UdpOptions.builder().receiveBytesMax(1).build() }.message shouldBe
                "receiveBytesMax=1 is outside 64..65535"
            shouldThrow<ConfigException> { UdpOptions.builder().receiveBuffersCount(3).build() }.field() shouldBe
                "receiveBuffersCount"
        }

        test("peers are equal when address and port are, however they came to be") {
            val peer = UdpPeer.of(InetSocketAddress("127.0.0.1", 7))
            val mapped = UdpPeer.of(InetSocketAddress("::ffff:127.0.0.1", 7))
            peer shouldBe mapped
            peer.hashCode() shouldBe mapped.hashCode()
            peer.toString() shouldBe "127.0.0.1:7"
            UdpPeer.of(InetSocketAddress("::1", 7)).toString() shouldBe "[0:0:0:0:0:0:0:1]:7"
            (peer == UdpPeer.of(InetSocketAddress("127.0.0.1", 8))) shouldBe false
            peer.address() shouldBe InetSocketAddress("127.0.0.1", 7)
        }
    })
