package dev.uring.ffi

import dev.uring.abi.Errno
import dev.uring.abi.Layouts
import dev.uring.abi.Posix
import dev.uring.abi.Socket
import dev.uring.base.RingSetupException
import dev.uring.ring.Loopback
import dev.uring.ring.bytes
import dev.uring.ring.bytesAt
import dev.uring.ring.loopbackAddress
import dev.uring.ring.withSocketPair
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.lang.foreign.Arena
import java.lang.foreign.ValueLayout.JAVA_INT
import java.lang.foreign.ValueLayout.JAVA_LONG
import java.net.InetAddress
import java.net.ServerSocket
import java.net.SocketException
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit.SECONDS

class LibcTest :
    FunSpec({
        test("a refused call returns minus its error number") {
            Libc.close(-1) shouldBe -Errno.EBADF
            Libc.socket(9999, Socket.SOCK_STREAM, 0) shouldBe -Errno.EAFNOSUPPORT
            Libc.shutdown(-1, Socket.SHUT_WR) shouldBe -Errno.EBADF
            Libc.listen(-1, 1) shouldBe -Errno.EBADF
        }

        test("an address in use is refused unless both sides asked for SO_REUSEPORT") {
            Loopback().use { taken ->
                val plain = Libc.socket(Socket.AF_INET, Socket.SOCK_STREAM, 0)
                Libc.bind(plain, taken.address, Layouts.SOCKADDR_IN_BYTES) shouldBe -Errno.EADDRINUSE
                Libc.close(plain)
            }
            Arena.ofConfined().use { arena ->
                val address = arena.loopbackAddress(port = 0)
                val sharing = List(2) { Libc.socket(Socket.AF_INET, Socket.SOCK_STREAM, 0) }
                sharing.forEach { fd ->
                    Libc.setsockopt(fd, Socket.SOL_SOCKET, Socket.SO_REUSEPORT, 1) shouldBe 0
                    Libc.bind(fd, address, Layouts.SOCKADDR_IN_BYTES) shouldBe 0
                    // The first bind picks a port, the second takes the same.
                    Libc.getsockname(fd, address) shouldBe Layouts.SOCKADDR_IN_BYTES
                    Libc.listen(fd, 1) shouldBe 0
                }
                sharing.forEach { Libc.close(it) }
            }
        }

        test("names of both ends of a connection agree") {
            Loopback().use { listener ->
                Arena.ofConfined().use { arena ->
                    val client = Libc.socket(Socket.AF_INET, Socket.SOCK_STREAM, 0)
                    Libc.connect(client, listener.address, Layouts.SOCKADDR_IN_BYTES) shouldBe 0
                    val peer = arena.allocate(Layouts.SOCKADDR_STORAGE_BYTES.toLong(), 8)
                    Libc.getpeername(client, peer) shouldBe Layouts.SOCKADDR_IN_BYTES
                    peer.asSlice(0, 8).mismatch(listener.address.asSlice(0, 8)) shouldBe -1
                    Libc.close(client)
                }
            }
        }

        test("options are read back as they were set") {
            val fd = Libc.socket(Socket.AF_INET, Socket.SOCK_STREAM, 0)
            Libc.getsockoptInt(fd, Socket.IPPROTO_TCP, Socket.TCP_NODELAY) shouldBe 0
            Libc.setsockopt(fd, Socket.IPPROTO_TCP, Socket.TCP_NODELAY, 1) shouldBe 0
            Libc.getsockoptInt(fd, Socket.IPPROTO_TCP, Socket.TCP_NODELAY) shouldBe 1
            Libc.setsockopt(fd, Socket.SOL_SOCKET, Socket.SO_REUSEPORT, 1) shouldBe 0
            Libc.getsockoptInt(fd, Socket.SOL_SOCKET, Socket.SO_REUSEPORT) shouldBe 1
            Libc.getsockoptInt(fd, Socket.SOL_SOCKET, 9999) shouldBe -Errno.ENOPROTOOPT
            Libc.close(fd)
        }

        test("a close with SO_LINGER of zero seconds reaches the peer as a reset") {
            ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { server ->
                Arena.ofConfined().use { arena ->
                    val fd = Libc.socket(Socket.AF_INET, Socket.SOCK_STREAM, 0)
                    Libc.connect(fd, arena.loopbackAddress(server.localPort), Layouts.SOCKADDR_IN_BYTES) shouldBe 0
                    val linger = arena.allocate(Layouts.LINGER_BYTES.toLong(), Int.SIZE_BYTES.toLong())
                    linger.set(JAVA_INT, Layouts.LINGER_ONOFF.toLong(), 1)
                    Libc.setsockopt(fd, Socket.SOL_SOCKET, Socket.SO_LINGER, linger) shouldBe 0
                    server.accept().use { peer ->
                        Libc.close(fd) shouldBe 0
                        shouldThrow<SocketException> { peer.getInputStream().read() }.message shouldBe
                            "Connection reset"
                    }
                }
            }
        }

        test("an eventfd adds up what is written and gives it out once") {
            Arena.ofConfined().use { arena ->
                val fd = Libc.eventfd(3, Posix.EFD_NONBLOCK or Posix.EFD_CLOEXEC)
                val word = arena.allocate(JAVA_LONG)
                word.set(JAVA_LONG, 0, 4)
                Libc.write(fd, word) shouldBe 8
                Libc.write(fd, word.address(), 8) shouldBe 8
                Libc.read(fd, word) shouldBe 8
                word.get(JAVA_LONG, 0) shouldBe 11
                Libc.read(fd, word.address(), 8) shouldBe -Errno.EAGAIN
                Libc.close(fd) shouldBe 0
            }
        }

        test("a mapping can be used until its arena closes, and is gone then") {
            // More than another thread maps at once: one that is given the place again leaves a part of it free.
            val bytes = (256L shl 20) + 3L * Libc.pageBytes()
            val address: Long
            Arena.ofConfined().use { arena ->
                val memory = mapAnonymous(bytes, arena)
                address = memory.address()
                memory.byteSize() shouldBe bytes
                memory.set(JAVA_LONG, bytes - 8, 42)
                memory.get(JAVA_LONG, bytes - 8) shouldBe 42
                listOf(address, address + bytes - 1).map(::mapped) shouldBe listOf(true, true)
            }
            listOf(address, address + bytes - 1).all(::mapped) shouldBe false
        }

        test("a mapping that is refused says how much was asked for and what to check") {
            Arena.ofConfined().use { arena ->
                shouldThrow<RingSetupException> { mapAnonymous(1L shl 60, arena) }.message shouldBe
                    """
                    mmap failed: errno=12 (ENOMEM), bytes=1152921504606846976, flags=0x22, fd=-1.
                      Likely cause: out of memory or of address space. Check: ulimit -v, ulimit -l, the container's memory limit, and sysctl vm.max_map_count.
                    """.trimIndent()
            }
        }

        test("a thread can be bound to each CPU it is allowed on, others stay as they are") {
            val allowed = Libc.schedGetaffinity()
            allowed.size shouldBeGreaterThan 0
            val bound =
                onThread {
                    allowed.map { cpu ->
                        Libc.schedSetaffinityCurrentThread(cpu) shouldBe 0
                        Libc.schedGetaffinity().toList()
                    }
                }
            bound shouldBe allowed.map { listOf(it) }
            Libc.schedGetaffinity() shouldBe allowed
        }

        listOf(-1, 8191, 8192).forEach { cpu ->
            test("binding to CPU $cpu, which is not there, is refused") {
                onThread { Libc.schedSetaffinityCurrentThread(cpu) } shouldBe -Errno.EINVAL
            }
        }

        test("each thread has its own id, and it is the kernel's") {
            val id =
                onThread {
                    Libc.gettid() to
                        Files.readSymbolicLink(Path.of("/proc/thread-self")).fileName.toString()
                }
            id.first.toString() shouldBe id.second
            (onThread { Libc.gettid() } == Libc.gettid()) shouldBe false
        }

        test("the descriptor limit can be lowered and raised back to what it was") {
            val before = Libc.getrlimit(Posix.RLIMIT_NOFILE)
            before.soft() shouldBeLessThanOrEqual before.hard()
            val lower = ResourceLimit(before.soft() - 1, before.hard())
            Libc.setrlimit(Posix.RLIMIT_NOFILE, lower) shouldBe 0
            Libc.getrlimit(Posix.RLIMIT_NOFILE) shouldBe lower
            Libc.setrlimit(Posix.RLIMIT_NOFILE, before) shouldBe 0
            Libc.setrlimit(Posix.RLIMIT_NOFILE, ResourceLimit(2, 1)) shouldBe -Errno.EINVAL
        }

        test("no limit is written as a word") {
            ResourceLimit(1024, Posix.RLIM_INFINITY).let { it.softText() to it.hardText() } shouldBe
                ("1024" to "unlimited")
        }

        test("a resource that does not exist is a mistake of the caller") {
            shouldThrow<IllegalArgumentException> { Libc.getrlimit(999) }.message shouldContain
                "getrlimit(999) failed: EINVAL"
        }

        test("the release is the one the kernel shows in proc") {
            Libc.unameRelease() shouldBe Files.readString(Path.of("/proc/sys/kernel/osrelease")).trim()
        }

        test("bytes written to one end of a pair come out of the other, then the end") {
            withSocketPair { left, right ->
                Arena.ofConfined().use { arena ->
                    val memory = arena.allocate(16)
                    Libc.write(left, arena.bytes("hello".toByteArray())) shouldBe 5
                    Libc.shutdown(left, Socket.SHUT_WR) shouldBe 0
                    Libc.read(right, memory) shouldBe 5
                    String(memory.bytesAt(0, 5)) shouldBe "hello"
                    Libc.read(right, memory) shouldBe 0
                }
            }
        }
    })

private fun mapAnonymous(
    bytes: Long,
    arena: Arena,
) = Libc.mmap(
    bytes,
    Posix.PROT_READ or Posix.PROT_WRITE,
    Posix.MAP_PRIVATE or Posix.MAP_ANONYMOUS,
    -1,
    0,
    arena,
)

private fun mapped(address: Long): Boolean =
    Files.readAllLines(Path.of("/proc/self/maps")).any { line ->
        val (from, to) = line.substringBefore(' ').split('-').map { it.toULong(16) }
        address.toULong() in from..<to
    }

private fun <T> onThread(block: () -> T): T {
    val result = CompletableFuture<T>()
    Thread
        .ofPlatform()
        .start { runCatching(block).fold(result::complete, result::completeExceptionally) }
        .join()
    return result.get(1, SECONDS)
}
