package dev.uring.bench.momento

import java.io.ByteArrayOutputStream
import java.io.DataInputStream
import java.io.IOException
import java.io.InputStream
import java.io.OutputStream
import java.net.InetAddress
import java.net.Socket
import java.security.cert.X509Certificate
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.locks.ReentrantLock
import javax.net.ssl.SSLContext
import javax.net.ssl.X509TrustManager
import kotlin.concurrent.withLock

/**
 * The protocol over a blocking socket, as one writes it in an hour: threads write under a lock, one thread reads and completes
 * the future of whoever asked. Any number of threads may ask.
 */
class BlockingConnection(
    port: Int,
    isTls: Boolean,
) : AutoCloseable {
    private val socket = open(port, isTls)
    private val input = DataInputStream(socket.getInputStream().buffered(BUFFER_BYTES))
    private val output = socket.getOutputStream().buffered(BUFFER_BYTES)
    private val lock = ReentrantLock()
    private val lastId = AtomicLong()
    private val pending = ConcurrentHashMap<Long, CompletableFuture<ByteArray?>>()

    init {
        Thread.ofVirtual().start(::read)
        ask(1) { field(1, TOKEN.toByteArray()) }
    }

    fun get(key: String): ByteArray? =
        ask(2) {
            field(1, NAMESPACE)
            field(2, key.toByteArray())
        }

    fun set(
        key: String,
        value: ByteArray,
    ) {
        ask(3) {
            field(1, NAMESPACE)
            field(2, key.toByteArray())
            field(3, value)
            write(4 shl 3)
            varint(TTL_MILLIS)
        }
    }

    override fun close() = socket.close()

    private fun ask(
        kind: Int,
        content: ByteArrayOutputStream.() -> Unit,
    ): ByteArray? {
        val id = lastId.incrementAndGet()
        val future = CompletableFuture<ByteArray?>()
        pending[id] = future
        val inner = ByteArrayOutputStream().apply(content).toByteArray()
        val unary = ByteArrayOutputStream().apply { field(kind, inner) }.toByteArray()
        val message = ByteArrayOutputStream()
        message.write(2 shl 3)
        message.varint(id)
        message.write(3 shl 3)
        message.write(0)
        message.field(10, unary)
        lock.withLock {
            output.varint(message.size().toLong())
            message.writeTo(output)
            output.flush()
        }
        return future.get()
    }

    private fun read() {
        try {
            while (true) {
                val message = ByteArray(input.varint().toInt()).also(input::readFully).inputStream()
                var id = 0L
                var value: ByteArray? = null
                var error: String? = null
                while (message.available() > 0) {
                    val tag = message.read()
                    when {
                        tag == 1 shl 3 -> {
                            id = message.varint()
                        }

                        tag and 7 == 0 -> {
                            message.varint()
                        }

                        tag == (9 shl 3 or 2) -> {
                            error = message.content().decodeToString()
                        }

                        else -> {
                            value =
                                message.content().takeIf { tag == (11 shl 3 or 2) && it.isNotEmpty() }?.let(::hit)
                        }
                    }
                }
                val future = pending.remove(id) ?: throw IOException("reply $id answers nothing")
                if (error == null) future.complete(value) else future.completeExceptionally(IOException(error))
            }
        } catch (failure: IOException) {
            pending.values.forEach { it.completeExceptionally(failure) }
        }
    }

    private fun hit(content: ByteArray): ByteArray =
        content.inputStream().run {
            read()
            content()
        }

    private companion object {
        const val BUFFER_BYTES = 64 shl 10
        val TTL_MILLIS = TimeUnit.HOURS.toMillis(TTL_HOURS)
        val NAMESPACE = CACHE_NAME.toByteArray()

        fun open(
            port: Int,
            isTls: Boolean,
        ): Socket {
            val loopback = InetAddress.getLoopbackAddress()
            val socket = if (isTls) trusting().socketFactory.createSocket(loopback, port) else Socket(loopback, port)
            return socket.apply { tcpNoDelay = true }
        }

        fun trusting(): SSLContext = SSLContext.getInstance("TLS").apply { init(null, arrayOf(TrustsEverybody), null) }

        fun OutputStream.varint(value: Long) {
            var rest = value
            while (rest >= 0x80) {
                write(rest.toInt() and 0x7F or 0x80)
                rest = rest ushr 7
            }
            write(rest.toInt())
        }

        fun ByteArrayOutputStream.field(
            number: Int,
            content: ByteArray,
        ) {
            write(number shl 3 or 2)
            varint(content.size.toLong())
            write(content)
        }

        fun InputStream.varint(): Long {
            var value = 0L
            var shift = 0
            while (true) {
                val group = read()
                if (group < 0) throw IOException("the server has closed the connection")
                value = value or ((group and 0x7F).toLong() shl shift)
                if (group < 0x80) return value
                shift += 7
            }
        }

        fun InputStream.content(): ByteArray = readNBytes(varint().toInt())
    }

    // The certificate was made for this run, and nobody listens in on loopback.
    private object TrustsEverybody : X509TrustManager {
        override fun checkClientTrusted(
            chain: Array<X509Certificate>,
            authType: String,
        ) = Unit

        override fun checkServerTrusted(
            chain: Array<X509Certificate>,
            authType: String,
        ) = Unit

        override fun getAcceptedIssuers(): Array<X509Certificate> = emptyArray()
    }
}
