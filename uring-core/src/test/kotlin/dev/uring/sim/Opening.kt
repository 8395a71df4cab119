package dev.uring.sim

import dev.uring.abi.Errno
import java.net.InetSocketAddress
import java.net.SocketAddress
import kotlin.time.Duration.Companion.seconds

/** The way to a connection: the first message, its answer, and what is done when neither comes. */
internal class Opening(
    private val stream: SimStream,
) {
    private val world get() = stream.world

    var asking: Asking? = null
        private set

    fun begin(
        by: Asking,
        to: SocketAddress,
    ) {
        asking = by
        stream.remote = to
        if (to is InetSocketAddress) {
            if (stream.local ==
                null
            ) {
                stream.local = InetSocketAddress(stream.host.inetAddress, stream.host.sockets.nextPort())
            }
            call(by, to, attempt = 0)
        } else {
            by.later { if (asking === by) joinUnix(by, to) }
        }
    }

    fun cancel() {
        val cancelled = asking ?: return
        asking = null
        cancelled.finish(-Errno.ECANCELED)
    }

    fun end() {
        asking = null
    }

    private fun joinUnix(
        by: Asking,
        to: SocketAddress,
    ) {
        val listener = stream.host.sockets.listenerFor(to)
        when {
            listener == null -> {
                fail(by, -Errno.ENOENT)
            }

            !listener.hasRoom -> {
                world.after(RETRY.inWholeNanoseconds) { if (asking === by) joinUnix(by, to) }
            }

            else -> {
                listener.arrived(serverSide(stream.host, to))
                succeed(by)
            }
        }
    }

    private fun call(
        by: Asking,
        to: InetSocketAddress,
        attempt: Int,
    ) {
        if (asking !== by || stream.peer != null) return
        if (attempt == ATTEMPTS_MAX) return fail(by, -Errno.ETIMEDOUT)
        val target = world.network.find(stream.host, to.address) ?: return by.later { fail(by, -Errno.EHOSTUNREACH) }
        world.network.carryOnce(stream.host, target) {
            if (asking === by &&
                stream.peer == null
            ) {
                answer(by, to, target)
            }
        }
        world.after(RETRY.inWholeNanoseconds shl attempt) { call(by, to, attempt + 1) }
    }

    private fun answer(
        by: Asking,
        to: InetSocketAddress,
        target: SimHost,
    ) {
        val listener = if (world.chance(world.faults.refusedConnects)) null else target.sockets.listenerFor(to)
        when {
            listener == null -> {
                world.network.carry(target, stream.host) { fail(by, -Errno.ECONNREFUSED) }
            }

            // As a kernel whose queue is full: nothing is said, and the caller tries again.
            !listener.hasRoom -> {
                world.note("backlog of $listener is full")
            }

            else -> {
                listener.arrived(serverSide(target, to))
                world.network.carry(target, stream.host) { succeed(by) }
            }
        }
    }

    private fun serverSide(
        target: SimHost,
        address: SocketAddress,
    ): SimStream {
        val server = SimStream(target, UNNUMBERED)
        server.local = address
        server.remote = stream.local
        server.joinWith(stream)
        return server
    }

    private fun succeed(by: Asking) {
        if (asking === by) {
            asking = null
            by.finish(0)
        }
    }

    private fun fail(
        by: Asking,
        errno: Int,
    ) {
        if (asking === by) {
            asking = null
            by.finish(errno)
        }
    }

    private companion object {
        const val UNNUMBERED = -1

        // As TCP: after one second, then twice as long each time; 63 s in all.
        val RETRY = 1.seconds
        const val ATTEMPTS_MAX = 6
    }
}
