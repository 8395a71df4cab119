package dev.uring.memcache

import java.io.IOException
import java.io.InputStream
import java.io.OutputStream
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread

/**
 * A server that says what a test wants: each connection is served by [serve] on a thread of its own, which ends it when it
 * returns. [close] waits until every connection has been ended by its client, too.
 */
internal class FakeMemcached(
    private val serve: FakeConnection.() -> Unit,
) : AutoCloseable {
    private val listener = ServerSocket(0, 50, InetAddress.getLoopbackAddress())
    private val threads = CopyOnWriteArrayList<Thread>()
    private val failures = CopyOnWriteArrayList<Throwable>()
    private val accepted = AtomicInteger()
    private val accepting =
        thread {
            while (true) {
                val socket = runCatching { listener.accept() }.getOrNull() ?: break
                // Counted before it is served: whoever is answered may look at once.
                val number = accepted.incrementAndGet()
                threads += thread { socket.use { serve(it, number) } }
            }
        }

    val address: String get() = "127.0.0.1:${listener.localPort}"

    /** How many connections there have been. */
    val connections: Int get() = accepted.get()

    private fun serve(
        socket: Socket,
        number: Int,
    ) {
        socket.soTimeout = TimeUnit.SECONDS.toMillis(20).toInt()
        socket.tcpNoDelay = true
        try {
            FakeConnection(socket.getInputStream(), socket.getOutputStream(), number).serve()
            socket.shutdownOutput()
            while (socket.getInputStream().read(ByteArray(1 shl 16)) >= 0) continue
        } catch (_: IOException) {
            // The client has reset it, which is an end like any other; one that goes on for 20 s is told below.
            return
        } catch (wrong: Throwable) {
            failures += wrong
        }
    }

    override fun close() {
        listener.close()
        accepting.join()
        for (thread in threads) {
            thread.join(TimeUnit.SECONDS.toMillis(30))
            check(!thread.isAlive) { "the client has not ended a connection" }
        }
        failures.firstOrNull()?.let { throw it }
    }
}

/** One connection of a [FakeMemcached]. */
internal class FakeConnection(
    val input: InputStream,
    val output: OutputStream,
    val connectionNumber: Int,
) {
    /** The next line without its end, or null when the client has no more. */
    fun line(): String? {
        val line = StringBuilder()
        while (true) {
            val next = input.read()
            if (next < 0) return null
            if (next == '\n'.code) return line.toString().removeSuffix("\r")
            line.append(next.toChar())
        }
    }

    fun say(text: String) = output.write(text.toByteArray(Charsets.ISO_8859_1))
}
