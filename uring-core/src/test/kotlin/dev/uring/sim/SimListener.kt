package dev.uring.sim

import dev.uring.abi.Errno
import dev.uring.driver.ListenOptions
import java.net.InetSocketAddress
import java.net.SocketAddress

/** A listening socket: connections that nobody has accepted yet, and the multishot accept that takes them. */
internal class SimListener(
    host: SimHost,
    id: Int,
    override val local: SocketAddress,
    private val options: ListenOptions,
) : SimSocket(host, id) {
    private val waiting = ArrayDeque<SimStream>()
    private var accepting: Asking? = null

    val reusesPort: Boolean get() = options.reusePort
    val hasRoom: Boolean get() = waiting.size < options.backlog

    fun takes(address: SocketAddress): Boolean {
        if (address !is InetSocketAddress || local !is InetSocketAddress) return address == local
        val any = local.address.isAnyLocalAddress
        return address.port == local.port && (any || local.address == address.address)
    }

    fun accept(asking: Asking) {
        accepting = asking
        pump()
    }

    fun arrived(stream: SimStream) {
        waiting += stream
        pump()
    }

    private fun pump() {
        val asking = accepting ?: return
        if (waiting.isEmpty() || asking.isPumping) return
        asking.isPumping = true
        asking.later {
            asking.isPumping = false
            if (accepting === asking && waiting.isNotEmpty()) answer(asking)
        }
    }

    private fun answer(asking: Asking) {
        if (world.chance(world.faults.acceptFailures)) {
            accepting = null
            if (world.random.nextBoolean()) {
                waiting.removeFirst().let { if (it.isConnected) it.abort() }
                asking.finish(-Errno.ECONNABORTED)
            } else {
                asking.finish(-Errno.EMFILE)
            }
            return
        }
        val stream = waiting.removeFirst()
        val accepted = host.sockets.add { stream.numbered(it) }
        if (world.chance(world.faults.multishotEnds)) {
            accepting = null
            asking.finish(accepted.id)
        } else {
            asking.answer(accepted.id)
        }
        pump()
    }

    override fun underWay(): List<Asking> = listOfNotNull(accepting)

    override fun cancel(asking: Asking) {
        if (accepting === asking) {
            accepting = null
            asking.finish(-Errno.ECANCELED)
        }
    }

    override fun closed() {
        host.sockets.forget(this)
        waiting.forEach { it.abort() }
        waiting.clear()
    }

    override fun toString(): String = "listener $id at $local"
}
