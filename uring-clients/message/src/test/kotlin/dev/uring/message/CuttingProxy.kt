package dev.uring.message

import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random

/** Passes connections on to a port of this machine, and cuts them when it is told to. */
internal class CuttingProxy(
    @Volatile var port: Int,
) : AutoCloseable {
    private val listening = ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress())
    private val links = ConcurrentHashMap.newKeySet<Link>()
    private val cuts = AtomicInteger()

    @Volatile
    private var isOpen = true

    val address: String = "tcp|127.0.0.1|${listening.localPort}"
    val cutsCount: Int get() = cuts.get()

    init {
        Thread.ofVirtual().start {
            while (!listening.isClosed) {
                try {
                    begin(listening.accept())
                } catch (_: IOException) {
                    // Closed, or the other side does not listen just now: the next one.
                }
            }
        }
    }

    private fun begin(near: Socket) {
        val far =
            try {
                check(isOpen)
                Socket(InetAddress.getLoopbackAddress(), port)
            } catch (_: Exception) {
                near.reset()
                return
            }
        val link = Link(near, far)
        links += link
        // A close meanwhile has not seen it.
        if (listening.isClosed) link.cut()
        Thread.ofVirtual().start { link.pass(near, far) }
        Thread.ofVirtual().start { link.pass(far, near) }
    }

    /** Resets one connection by chance, at both sides; false when there is none. */
    fun cutOne(random: Random): Boolean {
        val some = links.toList()
        if (some.isEmpty()) return false
        some[random.nextInt(some.size)].cut()
        return true
    }

    fun cutAll() = links.toList().forEach { it.cut() }

    /** Resets the connections at the side that has connected; the other one hears nothing of it. */
    fun cutNearSides() = links.toList().forEach { it.cutNear() }

    /** Whether connections are passed on, or reset at once. */
    fun open(isOpen: Boolean) {
        this.isOpen = isOpen
        if (!isOpen) cutAll()
    }

    override fun close() {
        listening.close()
        links.toList().forEach { it.cut() }
    }

    private inner class Link(
        private val near: Socket,
        private val far: Socket,
    ) {
        @Volatile
        private var keepsFar = false

        fun pass(
            from: Socket,
            to: Socket,
        ) {
            try {
                val bytes = ByteArray(CHUNK_BYTES)
                while (true) {
                    val count = from.getInputStream().read(bytes)
                    if (count < 0) break
                    to.getOutputStream().write(bytes, 0, count)
                }
                to.shutdownOutput()
            } catch (_: IOException) {
                if (!keepsFar) cut()
            }
        }

        fun cut() {
            if (links.remove(this)) cuts.incrementAndGet()
            near.reset()
            far.reset()
        }

        fun cutNear() {
            keepsFar = true
            cuts.incrementAndGet()
            near.reset()
        }
    }

    private fun Socket.reset() {
        runCatching { setSoLinger(true, 0) }
        close()
    }

    private companion object {
        const val BACKLOG = 256
        const val CHUNK_BYTES = 4096
    }
}
