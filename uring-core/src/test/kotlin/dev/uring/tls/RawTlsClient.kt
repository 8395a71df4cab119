package dev.uring.tls

import dev.uring.testing.PATIENCE_SECONDS
import java.io.Closeable
import java.io.EOFException
import java.io.OutputStream
import java.net.InetAddress
import java.net.Socket
import java.nio.ByteBuffer
import java.util.concurrent.TimeUnit
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult.HandshakeStatus
import javax.net.ssl.SSLEngineResult.Status

/**
 * A client whose records are sent as the test says: the JDK's engine, and a socket that knows nothing of it.
 *
 * @property send how each flight of the handshake leaves
 */
internal class RawTlsClient(
    port: Int,
    protocol: String,
    context: SSLContext = jdkContext(),
    private val send: OutputStream.(ByteArray) -> Unit = { write(it) },
) : Closeable {
    val socket: Socket =
        Socket(InetAddress.getByName("127.0.0.1"), port).apply {
            soTimeout = TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS).toInt()
            tcpNoDelay = true
        }
    private val engine: SSLEngine =
        context.createSSLEngine("localhost", port).apply {
            useClientMode = true
            enabledProtocols = arrayOf(protocol)
        }
    private val plain = ByteBuffer.allocate(PLAIN_BYTES)

    fun handshake(): RawTlsClient {
        engine.beginHandshake()
        while (true) {
            when (engine.handshakeStatus!!) {
                HandshakeStatus.NEED_TASK -> engine.delegatedTask.run()
                HandshakeStatus.NEED_WRAP -> socket.getOutputStream().send(flight())
                HandshakeStatus.NEED_UNWRAP, HandshakeStatus.NEED_UNWRAP_AGAIN -> unwrap(readRecord())
                HandshakeStatus.FINISHED, HandshakeStatus.NOT_HANDSHAKING -> return this
            }
        }
    }

    /** The records of [text]. */
    fun encrypted(text: String): ByteArray = wrap(ByteBuffer.wrap(text.toByteArray()))

    /** The record that ends our side. */
    fun farewell(): ByteArray {
        engine.closeOutbound()
        return wrap(ByteBuffer.allocate(0))
    }

    fun write(bytes: ByteArray) = socket.getOutputStream().write(bytes)

    /** The next bytes of the server's; empty when it has said farewell. An alert is the engine's exception. */
    fun receive(): String {
        while (true) {
            plain.clear()
            if (unwrap(readRecord()) == Status.CLOSED) return ""
            if (plain.position() > 0) return String(plain.array(), 0, plain.position())
        }
    }

    fun receive(bytes: Int): String = buildString { while (length < bytes) append(receive()) }

    /** The server's FIN, with nothing before it. */
    fun isAtEnd(): Boolean = socket.getInputStream().read() < 0

    override fun close() = socket.close()

    // All that the engine has to say in one go, as one write.
    private fun flight(): ByteArray {
        var bytes = ByteArray(0)
        while (engine.handshakeStatus == HandshakeStatus.NEED_WRAP) bytes += wrap(ByteBuffer.allocate(0))
        return bytes
    }

    private fun wrap(bytes: ByteBuffer): ByteArray {
        val records = ByteBuffer.allocate(PLAIN_BYTES)
        do {
            engine.wrap(bytes, records)
        } while (bytes.hasRemaining())
        return records.array().copyOf(records.position())
    }

    private fun unwrap(record: ByteArray): Status {
        val bytes = ByteBuffer.wrap(record)
        var status = engine.unwrap(bytes, plain).status
        while (bytes.hasRemaining() && status == Status.OK) {
            if (engine.handshakeStatus == HandshakeStatus.NEED_TASK) engine.delegatedTask.run()
            status = engine.unwrap(bytes, plain).status
        }
        return status
    }

    private fun readRecord(): ByteArray {
        val input = socket.getInputStream()
        val header = input.readNBytes(HEADER_BYTES)
        if (header.size < HEADER_BYTES) throw EOFException("FIN after ${header.size} bytes of a record")
        val length = (header[3].toInt() and 0xFF shl 8) or (header[4].toInt() and 0xFF)
        return header + input.readNBytes(length).also { check(it.size == length) { "FIN within a record" } }
    }

    private companion object {
        const val HEADER_BYTES = 5
        const val PLAIN_BYTES = 1 shl 16
    }
}
