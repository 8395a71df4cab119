package dev.uring.sim

import dev.uring.abi.Errno
import dev.uring.driver.ListenOptions
import dev.uring.socket.AbstractUnixAddress
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.SocketAddress
import java.net.UnixDomainSocketAddress

/**
 * The sockets of one host, by number.
 *
 * A number is never given out again: what is asked of a closed socket is found out, where a kernel would do it to another
 * connection.
 */
internal class SocketTable(
    private val host: SimHost,
) {
    private val world get() = host.world
    private val open = LinkedHashMap<Int, SimSocket>()
    private val listeners = mutableListOf<SimListener>()
    private var lastId = FIRST_ID - 1
    private var lastPort = EPHEMERAL_FIRST - 1

    val count: Int get() = open.size

    fun describe(): String = open.values.joinToString()

    fun add(make: (Int) -> SimSocket): SimSocket = make(++lastId).also { open[lastId] = it }

    /** An open socket; anything else breaks the law that a descriptor is not used after it is closed. */
    fun find(id: Int): SimSocket = open[id] ?: throw world.fail("socket $id of $host is used after it was closed")

    fun stream(id: Int): SimStream = find(id) as SimStream

    fun listener(id: Int): SimListener = find(id) as SimListener

    fun peek(id: Int): SimSocket? = open[id]

    fun remove(id: Int): SimSocket = find(id).also { open.remove(id) }

    fun listen(
        address: SocketAddress,
        options: ListenOptions,
    ): Int {
        val bound = if (address is InetSocketAddress) withPort(address) else address
        val others = listeners.filter { conflicts(it.local, bound) }
        if (others.any { !it.reusesPort || !options.reusePort }) return -Errno.EADDRINUSE
        if (address is InetSocketAddress && !isOurs(address.address)) return -Errno.EADDRNOTAVAIL
        val listener = add { SimListener(host, it, bound, options) } as SimListener
        listeners += listener
        return listener.id
    }

    fun forget(listener: SimListener) {
        listeners -= listener
    }

    /** Who listens where a connection wants to go: one of those that share the address; null for nobody. */
    fun listenerFor(address: SocketAddress): SimListener? {
        val candidates = listeners.filter { it.takes(address) }
        return if (candidates.isEmpty()) null else candidates[world.random.nextInt(candidates.size)]
    }

    fun mayBindDatagrams(
        port: Int,
        shares: Boolean,
    ): Boolean = open.values.none { it is SimDatagramSocket && it.local.port == port && !(shares && it.sharesPort) }

    /** Who gets a datagram: a connected socket before the others, one of those that share; null for nobody. */
    fun datagramSocketFor(
        to: InetSocketAddress,
        from: InetSocketAddress,
    ): SimDatagramSocket? {
        val takers = open.values.filterIsInstance<SimDatagramSocket>().filter { it.takes(to, from) }
        // The same sender always reaches the same socket, as it does where a kernel spreads them.
        return takers.firstOrNull { it.remote != null }
            ?: takers.getOrNull(if (takers.size < 2) 0 else from.port % takers.size)
    }

    fun breakStreams() = open.values.filterIsInstance<SimStream>().forEach { it.breakDown() }

    fun nextPort(): Int {
        lastPort = if (lastPort == EPHEMERAL_LAST) EPHEMERAL_FIRST else lastPort + 1
        return lastPort
    }

    fun isOurs(address: InetAddress): Boolean =
        address.isAnyLocalAddress || address.isLoopbackAddress || address == host.inetAddress

    private fun withPort(address: InetSocketAddress): InetSocketAddress =
        if (address.port == 0) InetSocketAddress(address.address, nextPort()) else address

    private fun conflicts(
        a: SocketAddress,
        b: SocketAddress,
    ): Boolean =
        if (a is InetSocketAddress && b is InetSocketAddress) {
            a.port == b.port && (a.address == b.address || a.address.isAnyLocalAddress || b.address.isAnyLocalAddress)
        } else {
            a == b
        }

    companion object {
        private const val FIRST_ID = 3
        private const val EPHEMERAL_FIRST = 32_768
        private const val EPHEMERAL_LAST = 60_999

        fun isUnix(address: SocketAddress): Boolean =
            address is UnixDomainSocketAddress || address is AbstractUnixAddress
    }
}

/** What a number of [SocketTable] stands for. */
internal abstract class SimSocket(
    val host: SimHost,
    var id: Int,
) {
    val world: World get() = host.world

    abstract val local: SocketAddress?
    open val remote: SocketAddress? get() = null

    /** What is under way on it. */
    abstract fun underWay(): List<Asking>

    /** Ends one of [underWay], unless its last answer is on its way. */
    abstract fun cancel(asking: Asking)

    /** Nobody has it any more. */
    abstract fun closed()
}
