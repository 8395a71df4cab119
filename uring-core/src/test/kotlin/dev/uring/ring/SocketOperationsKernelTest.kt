package dev.uring.ring

import dev.uring.abi.Errno
import dev.uring.abi.IoUring
import dev.uring.abi.Layouts
import dev.uring.abi.Socket
import dev.uring.ffi.Libc
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout.JAVA_INT
import java.lang.foreign.ValueLayout.JAVA_LONG
import java.net.InetAddress
import java.net.ServerSocket
import kotlin.random.Random

class SocketOperationsKernelTest :
    FunSpec({
        kernelTest("one multishot accept yields every connection until it is cancelled") {
            Loopback().use { listener ->
                withRing { ring ->
                    ring.queue(userData = 1) { it.prepAcceptMultishot(listener.fd, Socket.SOCK_CLOEXEC) }
                    ring.enter(0, 0)
                    val clients = List(5) { listener.connect() }
                    val accepted = ring.await(5)
                    accepted.all { it.userData == 1L && it.hasMore } shouldBe true
                    accepted.map(Cqe::result).distinct().size shouldBe 5

                    ring.queue(userData = 2) { it.prepCancel(1, 0) }
                    ring.await(2) shouldContainExactlyInAnyOrder listOf(Cqe(2, 0, 0), Cqe(1, -Errno.ECANCELED, 0))
                    clients.forEach { it.close() }
                    accepted.forEach { Libc.close(it.result) }
                }
            }
        }

        kernelTest("accept passes its flags on to the new descriptor") {
            Loopback().use { listener ->
                listener.connect().use {
                    withRing { ring ->
                        val fd = ok("accept", ring.complete { it.prepAccept(listener.fd, Socket.SOCK_NONBLOCK) }.result)
                        Arena.ofConfined().use { Libc.read(fd, it.allocate(1)) } shouldBe -Errno.EAGAIN
                        ring.complete { it.prepClose(fd) }.result shouldBe 0
                        Libc.close(fd) shouldBe -Errno.EBADF
                    }
                }
            }
        }

        kernelTest("a multishot receive and sends echo every byte in order") {
            val seed = Random.nextLong()
            val random = Random(seed)
            val sent = random.nextBytes(300_000)
            println("echo through multishot receive: seed=$seed")
            Loopback().use { listener ->
                listener.connect().use { client ->
                    withRing { ring ->
                        val fd = ok("accept", ring.complete { it.prepAccept(listener.fd, 0) }.result)
                        val buffers = ring.newBufferRing(3, 16, 4096, 0)
                        val writer =
                            Thread.ofPlatform().start {
                                var at = 0
                                while (at < sent.size) {
                                    val count = minOf(random.nextInt(1, 9000), sent.size - at)
                                    client.getOutputStream().write(sent, at, count)
                                    at += count
                                }
                                client.shutdownOutput()
                            }
                        var echoed = ByteArray(0)
                        val reader = Thread.ofPlatform().start { echoed = client.getInputStream().readAllBytes() }
                        echoUntilEnd(ring, fd, buffers)
                        Libc.close(fd)
                        writer.join()
                        reader.join()
                        echoed.contentEquals(sent) shouldBe true
                    }
                }
            }
        }

        kernelTest("connect reaches a listener, and refuses with the peer's error") {
            ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { server ->
                Arena.ofConfined().use { arena ->
                    withRing { ring ->
                        val address = arena.loopbackAddress(server.localPort)
                        val fd = Libc.socket(Socket.AF_INET, Socket.SOCK_STREAM, 0)
                        ring
                            .complete {
                                it.prepConnect(
                                    fd,
                                    address.address(),
                                    Layouts.SOCKADDR_IN_BYTES,
                                )
                            }.result shouldBe
                            0
                        server.accept().close()
                        Libc.close(fd)

                        server.close()
                        val other = Libc.socket(Socket.AF_INET, Socket.SOCK_STREAM, 0)
                        ring
                            .complete {
                                it.prepConnect(
                                    other,
                                    address.address(),
                                    Layouts.SOCKADDR_IN_BYTES,
                                )
                            }.result shouldBe
                            -Errno.ECONNREFUSED
                        Libc.close(other)
                    }
                }
            }
        }

        kernelTest("recv fills the caller's memory and reports the end with zero") {
            withSocketPair { left, right ->
                Arena.ofConfined().use { arena ->
                    withRing { ring ->
                        val memory = arena.allocate(16)
                        Libc.write(right, arena.bytes("hello".toByteArray()))
                        ring.complete { it.prepRecv(left, memory.address(), 16, 0) }.result shouldBe 5
                        String(memory.bytesAt(0, 5)) shouldBe "hello"
                        ring.complete { it.prepShutdown(right, Socket.SHUT_WR) }.result shouldBe 0
                        ring.complete { it.prepRecv(left, memory.address(), 16, 0) }.result shouldBe 0
                    }
                }
            }
        }

        kernelTest("sendmsg gathers several pieces into one stream") {
            withSocketPair { left, right ->
                Arena.ofConfined().use { arena ->
                    withRing { ring ->
                        val message = arena.message("one, ", "two, ", "three")
                        ring.complete { it.prepSendmsg(left, message.address(), Socket.MSG_NOSIGNAL) }.result shouldBe
                            15
                        val memory = arena.allocate(32)
                        Libc.read(right, memory) shouldBe 15
                        String(memory.bytesAt(0, 15)) shouldBe "one, two, three"
                    }
                }
            }
        }

        kernelTest("a send to a peer that has gone reports EPIPE and raises no signal") {
            withSocketPair { left, right ->
                Arena.ofConfined().use { arena ->
                    withRing { ring ->
                        Libc.shutdown(right, Socket.SHUT_RDWR)
                        val memory = arena.bytes(byteArrayOf(1))
                        ring.complete { it.prepSend(left, memory.address(), 1, Socket.MSG_NOSIGNAL) }.result shouldBe
                            -Errno.EPIPE
                    }
                }
            }
        }

        listOf(Capability.SEND_ZC, Capability.SENDMSG_ZC).forEach { operation ->
            kernelTest("$operation completes twice, the second time to give the memory back", operation) {
                Loopback().use { listener ->
                    listener.connect().use { client ->
                        Arena.ofConfined().use { arena ->
                            withRing { ring ->
                                val fd = ok("accept", ring.complete { it.prepAccept(listener.fd, 0) }.result)
                                val message = arena.message("zero", "copy")
                                ring.queue(userData = 4) {
                                    if (operation == Capability.SEND_ZC) {
                                        it.prepSendZc(fd, message.firstPiece(), 4, Socket.MSG_NOSIGNAL)
                                    } else {
                                        it.prepSendmsgZc(fd, message.address(), Socket.MSG_NOSIGNAL)
                                    }
                                }
                                val (sent, notified) = ring.await(2)
                                val expected = if (operation == Capability.SEND_ZC) "zero" else "zerocopy"
                                (sent.result to sent.hasMore) shouldBe (expected.length to true)
                                (notified.isNotification to notified.hasMore) shouldBe (true to false)
                                notified.userData shouldBe 4
                                String(client.getInputStream().readNBytes(expected.length)) shouldBe expected
                                Libc.close(fd)
                            }
                        }
                    }
                }
            }
        }

        kernelTest("a cancelled receive ends with ECANCELED, and cancelling it again finds nothing") {
            withSocketPair { left, _ ->
                Arena.ofConfined().use { arena ->
                    withRing { ring ->
                        val memory = arena.allocate(8)
                        ring.queue(userData = 1) { it.prepRecv(left, memory.address(), 8, 0) }
                        ring.enter(0, 0)
                        ring.queue(userData = 2) { it.prepCancel(1, 0) }
                        ring.await(2) shouldContainExactlyInAnyOrder listOf(Cqe(2, 0, 0), Cqe(1, -Errno.ECANCELED, 0))
                        ring.complete { it.prepCancel(1, 0) }.result shouldBe -Errno.ENOENT
                    }
                }
            }
        }

        kernelTest("cancelling by descriptor ends every operation on it and counts them") {
            withSocketPair { left, right ->
                Arena.ofConfined().use { arena ->
                    withRing { ring ->
                        val memory = arena.allocate(8)
                        repeat(3) { i -> ring.queue(userData = i + 1L) { it.prepRecv(left, memory.address(), 8, 0) } }
                        ring.queue(userData = 9) { it.prepRecv(right, memory.address(), 8, 0) }
                        ring.enter(0, 0)
                        ring.queue(userData = 4) { it.prepCancelFd(left, IoUring.IORING_ASYNC_CANCEL_ALL) }
                        val results = ring.await(4).associate { it.userData to it.result }
                        results shouldBe
                            mapOf(4L to 3, 1L to -Errno.ECANCELED, 2L to -Errno.ECANCELED, 3L to -Errno.ECANCELED)
                        ring.reap().shouldBeEmpty()
                    }
                }
            }
        }
    })

/** Sends back each received buffer before the next, so that order does not depend on the kernel. */
private fun echoUntilEnd(
    ring: Ring,
    fd: Int,
    buffers: BufferRing,
) {
    val receive = 1L
    val send = 2L
    val queue = ArrayDeque<Pair<Int, Int>>()
    var armed = false
    var ended = false
    var sending = false
    while (!ended || queue.isNotEmpty() || sending) {
        // Re-arm only when buffers are back; the ring is full again once nothing is queued.
        if (!armed && !ended && queue.isEmpty() && !sending) {
            ring.queue(receive) { it.prepRecvMultishot(fd, buffers.group()) }
            armed = true
        }
        if (!sending && queue.isNotEmpty()) {
            val (bid, count) = queue.first()
            val flags = Socket.MSG_NOSIGNAL or Socket.MSG_WAITALL
            ring.queue(send) { it.prepSend(fd, buffers.address(bid), count, flags) }
            sending = true
        }
        for (cqe in ring.await(1)) {
            if (cqe.userData == send) {
                val (bid, count) = queue.removeFirst()
                check(cqe.result == count) { "short send: $cqe of $count" }
                buffers.add(bid)
                buffers.publish()
                sending = false
            } else {
                armed = cqe.hasMore
                ended = ended || cqe.result == 0
                if (cqe.result > 0) queue += cqe.bufferId to cqe.result
                check(cqe.result >= 0 || cqe.result == -Errno.ENOBUFS) { "receive failed: $cqe" }
            }
        }
    }
}

private fun Arena.message(vararg pieces: String): MemorySegment {
    val vectors = allocate(pieces.size.toLong() * Layouts.IOVEC_BYTES, Long.SIZE_BYTES.toLong())
    pieces.forEachIndexed { i, piece ->
        vectors.set(
            JAVA_LONG,
            i.toLong() * Layouts.IOVEC_BYTES + Layouts.IOVEC_BASE,
            bytes(piece.toByteArray()).address(),
        )
        vectors.set(JAVA_LONG, i.toLong() * Layouts.IOVEC_BYTES + Layouts.IOVEC_LEN, piece.length.toLong())
    }
    return allocate(Layouts.MSGHDR_BYTES.toLong(), Long.SIZE_BYTES.toLong()).also {
        it.set(JAVA_LONG, Layouts.MSGHDR_IOV.toLong(), vectors.address())
        it.set(JAVA_LONG, Layouts.MSGHDR_IOVLEN.toLong(), pieces.size.toLong())
        it.set(JAVA_INT, Layouts.MSGHDR_FLAGS.toLong(), 0)
    }
}

private fun MemorySegment.firstPiece(): Long {
    val vectors =
        MemorySegment
            .ofAddress(
                get(JAVA_LONG, Layouts.MSGHDR_IOV.toLong()),
            ).reinterpret(Layouts.IOVEC_BYTES.toLong())
    return vectors.get(JAVA_LONG, Layouts.IOVEC_BASE.toLong())
}
