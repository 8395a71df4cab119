package dev.uring.dsl

import java.io.Closeable
import java.net.Socket
import java.net.SocketAddress
import kotlin.random.Random

/** The other side of a connection: a blocking socket of java.net, which shares no code with what is tested. */
internal class Peer(
    address: SocketAddress,
    receiveBufferBytes: Int = 0,
) : Closeable {
    val socket = Socket()
    private val input by lazy { socket.getInputStream() }
    private val output by lazy { socket.getOutputStream() }

    init {
        if (receiveBufferBytes > 0) socket.receiveBufferSize = receiveBufferBytes
        socket.connect(address, TIMEOUT_MILLIS)
        socket.soTimeout = TIMEOUT_MILLIS
        socket.tcpNoDelay = true
    }

    fun send(text: String) = send(text.encodeToByteArray())

    fun send(
        bytes: ByteArray,
        from: Int = 0,
        count: Int = bytes.size - from,
    ) = output.write(bytes, from, count)

    /** Fewer than [count] bytes only at the server's FIN. */
    fun receiveUpTo(count: Int): ByteArray = input.readNBytes(count)

    fun receive(count: Int): ByteArray {
        val bytes = receiveUpTo(count)
        check(bytes.size == count) { "the connection ended after ${bytes.size} of $count bytes" }
        return bytes
    }

    fun receiveText(count: Int): String = receive(count).decodeToString()

    fun receiveLine(): String =
        buildString {
            while (true) {
                val next = input.read()
                check(next >= 0) { "the connection ended inside the line '$this'" }
                if (next == '\n'.code) return@buildString
                append(next.toChar())
            }
        }

    /** Everything up to the server's FIN; throws when the server resets instead. */
    fun receiveToEnd(): ByteArray = input.readAllBytes()

    fun receiveTextToEnd(): String = receiveToEnd().decodeToString()

    fun finishSending() = socket.shutdownOutput()

    fun reset() {
        socket.setSoLinger(true, 0)
        socket.close()
    }

    override fun close() = socket.close()

    companion object {
        private const val TIMEOUT_MILLIS = 20_000
    }
}

/** [count] bytes that depend on [seed] alone. */
internal fun bytesOf(
    seed: Long,
    count: Int,
): ByteArray = Random(seed).nextBytes(count)
