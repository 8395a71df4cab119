package dev.uring.ring

import dev.uring.abi.Errno
import dev.uring.abi.Layouts
import dev.uring.abi.Socket
import dev.uring.ffi.Libc
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout.JAVA_BYTE
import java.lang.foreign.ValueLayout.JAVA_INT
import java.lang.foreign.ValueLayout.JAVA_SHORT
import java.net.InetAddress
import java.nio.ByteOrder

private val PORT = JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN)

/** A listening socket on a free loopback port. The other side of a test is the JDK's own sockets, which know nothing of us. */
internal class Loopback : AutoCloseable {
    private val arena = Arena.ofShared()
    val fd = ok("socket", Libc.socket(Socket.AF_INET, Socket.SOCK_STREAM or Socket.SOCK_CLOEXEC, Socket.IPPROTO_TCP))
    val address: MemorySegment = arena.loopbackAddress(port = 0)

    init {
        ok("bind", Libc.bind(fd, address, Layouts.SOCKADDR_IN_BYTES))
        ok("listen", Libc.listen(fd, Socket.SOMAXCONN))
        ok("getsockname", Libc.getsockname(fd, address))
    }

    val port: Int get() = address.get(PORT, Layouts.SOCKADDR_IN_PORT.toLong()).toInt() and 0xFFFF

    fun connect() = java.net.Socket(InetAddress.getLoopbackAddress(), port).apply { tcpNoDelay = true }

    override fun close() {
        Libc.close(fd)
        arena.close()
    }
}

internal fun Arena.loopbackAddress(port: Int): MemorySegment =
    allocate(Layouts.SOCKADDR_IN_BYTES.toLong(), Int.SIZE_BYTES.toLong()).also {
        it.set(JAVA_SHORT, Layouts.SOCKADDR_FAMILY.toLong(), Socket.AF_INET.toShort())
        it.set(PORT, Layouts.SOCKADDR_IN_PORT.toLong(), port.toShort())
        it.set(JAVA_BYTE, Layouts.SOCKADDR_IN_ADDR.toLong(), 127)
        it.set(JAVA_BYTE, Layouts.SOCKADDR_IN_ADDR + 3L, 1)
    }

/** Two connected local sockets, closed at the end of [block]. */
internal fun <T> withSocketPair(block: (left: Int, right: Int) -> T): T =
    Arena.ofConfined().use { arena ->
        val pair = arena.allocate(JAVA_INT, 2)
        ok("socketpair", Libc.socketpair(Socket.SOCK_STREAM or Socket.SOCK_CLOEXEC, pair))
        val left = pair.getAtIndex(JAVA_INT, 0)
        val right = pair.getAtIndex(JAVA_INT, 1)
        try {
            block(left, right)
        } finally {
            Libc.close(left)
            Libc.close(right)
        }
    }

internal fun Arena.bytes(content: ByteArray): MemorySegment =
    allocate(maxOf(content.size, 1).toLong()).copyFrom(content)

internal fun MemorySegment.copyFrom(content: ByteArray): MemorySegment =
    apply { MemorySegment.copy(content, 0, this, JAVA_BYTE, 0, content.size) }

internal fun MemorySegment.bytesAt(
    offset: Long,
    count: Int,
): ByteArray = asSlice(offset, count.toLong()).toArray(JAVA_BYTE)

internal fun ok(
    operation: String,
    result: Int,
): Int = result.also { check(it >= 0) { "$operation failed: ${Errno.name(-it)}" } }
