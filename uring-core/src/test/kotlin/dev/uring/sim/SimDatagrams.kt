package dev.uring.sim

import dev.uring.abi.Errno
import dev.uring.driver.DatagramArrival
import dev.uring.driver.DatagramDriver
import dev.uring.driver.DatagramOpening
import dev.uring.driver.DatagramSend
import dev.uring.driver.DatagramSide
import dev.uring.driver.MulticastOption
import dev.uring.driver.Operation
import dev.uring.driver.ReceiveBuffers
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout
import java.net.InetAddress
import java.net.InetSocketAddress

/** Datagrams of a simulated host: lost, doubled and out of order, as the links have it. */
internal class SimDatagrams(
    private val driver: SimDriver,
    private val arena: Arena,
) : DatagramDriver {
    private val groups = mutableListOf<SimDatagramBuffers>()

    override fun open(opening: DatagramOpening): Int {
        val sockets = driver.host.sockets
        if (!sockets.isOurs(opening.local().address)) return -Errno.EADDRNOTAVAIL
        val port = if (opening.local().port == 0) sockets.nextPort() else opening.local().port
        if (!sockets.mayBindDatagrams(port, opening.reusePort() || opening.reuseAddress())) return -Errno.EADDRINUSE
        val address = InetSocketAddress(opening.local().address, port)
        return sockets.add { SimDatagramSocket(driver.host, it, address, opening) }.id
    }

    override fun buffers(
        count: Int,
        payloadBytes: Int,
    ): ReceiveBuffers =
        groups.find { it.buffers.bufferBytes == payloadBytes && it.buffers.count() == count }?.buffers
            ?: SimDatagramBuffers(count, payloadBytes, arena).also { groups += it }.buffers

    override fun receive(
        socket: Int,
        buffers: ReceiveBuffers,
        operation: Operation,
    ) {
        val group = groups.first { it.buffers === buffers }
        driver.ask("receive from", socket, operation) { find(socket).receive(it, group) }
    }

    override fun read(
        buffers: ReceiveBuffers,
        bufferId: Int,
        result: Int,
        arrival: DatagramArrival,
    ) {
        val group = groups.first { it.buffers === buffers }
        val brought = checkNotNull(group.brought[bufferId])
        arrival.from.set(brought.from)
        arrival.memory = buffers.memory()
        arrival.offset = buffers.offset(bufferId)
        arrival.length = result
        arrival.fullLength = brought.payload.size
        arrival.segmentBytes = 0
        arrival.ecn = DatagramArrival.UNKNOWN
        arrival.droppedTotal = find(brought.socket).droppedTotal
    }

    override fun send(
        socket: Int,
        isSocketV4: Boolean,
        operation: DatagramSend,
    ) {
        val payload = ByteArray(DatagramSide.length(operation))
        val memory = DatagramSide.memory(operation)
        MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, DatagramSide.offset(operation), payload, 0, payload.size)
        val to = DatagramSide.to(operation)?.toInetSocketAddress()
        val trainBytes = DatagramSide.segmentBytes(operation)
        driver.ask("send to", socket, operation) { asking ->
            asking.later { find(socket).send(asking, payload, to, trainBytes) }
        }
    }

    override fun membership(
        socket: Int,
        group: InetAddress,
        interfaceIndex: Int,
        isMember: Boolean,
    ): Int = SimDriver.UNSUPPORTED

    override fun multicast(
        socket: Int,
        isSocketV4: Boolean,
        option: MulticastOption,
        value: Int,
    ): Int = SimDriver.UNSUPPORTED

    override fun buffersHeldCount(): Int = groups.sumOf { it.buffers.heldCount() }

    private fun find(socket: Int) = driver.host.sockets.find(socket) as SimDatagramSocket
}

/** Receive buffers of one size, and what lies in each. */
internal class SimDatagramBuffers(
    count: Int,
    payloadBytes: Int,
    arena: Arena,
) {
    private val starved = ArrayDeque<SimDatagramSocket>()
    val brought = arrayOfNulls<Datagram>(count)
    val buffers = SimReceiveBuffers(count, payloadBytes, 0, arena) { starved.removeFirstOrNull()?.pump() }

    fun starve(socket: SimDatagramSocket) {
        starved += socket
    }
}

/** A datagram that has arrived at a socket. */
internal class Datagram(
    val payload: ByteArray,
    val from: InetSocketAddress,
    val socket: Int,
)

/** A UDP socket: what has arrived, up to a bound, and the receive that takes it. */
internal class SimDatagramSocket(
    host: SimHost,
    id: Int,
    override val local: InetSocketAddress,
    private val opening: DatagramOpening,
) : SimSocket(host, id) {
    private val arrived = ArrayDeque<Datagram>()
    private var receiving: Asking? = null
    private var into: SimDatagramBuffers? = null

    val sharesPort: Boolean get() = opening.reusePort() || opening.reuseAddress()
    override val remote: InetSocketAddress? get() = opening.remote()

    /** Datagrams that found no room. */
    var droppedTotal = 0
        private set

    fun takes(
        to: InetSocketAddress,
        from: InetSocketAddress,
    ): Boolean =
        to.port == local.port && (local.address.isAnyLocalAddress || to.address == local.address) &&
            (remote == null || remote == from)

    fun receive(
        asking: Asking,
        buffers: SimDatagramBuffers,
    ) {
        receiving = asking
        into = buffers
        pump()
    }

    fun send(
        asking: Asking,
        payload: ByteArray,
        to: InetSocketAddress?,
        trainBytes: Int,
    ) {
        val target = to ?: remote
        val there = target?.let { world.network.find(host, it.address) }
        when {
            target == null -> {
                asking.finish(-Errno.ENOTCONN)
            }

            payload.size > PAYLOAD_BYTES_MAX -> {
                asking.finish(-Errno.EMSGSIZE)
            }

            there == null -> {
                asking.finish(-Errno.EHOSTUNREACH)
            }

            else -> {
                val pieces =
                    if (trainBytes >
                        0
                    ) {
                        payload.asList().chunked(trainBytes) { it.toByteArray() }
                    } else {
                        listOf(payload)
                    }
                pieces.forEach { transmit(it, target, there) }
                asking.finish(payload.size)
            }
        }
    }

    private fun transmit(
        payload: ByteArray,
        to: InetSocketAddress,
        there: SimHost,
    ) {
        val source = if (local.address.isAnyLocalAddress) sourceFor(to) else local
        repeat(if (world.chance(world.faults.duplicates)) 2 else 1) {
            world.network.carryOnce(
                host,
                there,
            ) { there.sockets.datagramSocketFor(to, source)?.arrive(payload, source) }
        }
    }

    private fun sourceFor(to: InetSocketAddress) =
        InetSocketAddress(if (to.address.isLoopbackAddress) to.address else host.inetAddress, local.port)

    private fun arrive(
        payload: ByteArray,
        from: InetSocketAddress,
    ) {
        if (arrived.size == ARRIVED_MAX) {
            droppedTotal++
        } else {
            arrived += Datagram(payload, from, id)
            pump()
        }
    }

    fun pump() {
        val asking = receiving ?: return
        if (asking.isPumping || arrived.isEmpty()) return
        asking.isPumping = true
        asking.later {
            asking.isPumping = false
            if (receiving === asking && arrived.isNotEmpty()) fill(asking, checkNotNull(into))
        }
    }

    private fun fill(
        asking: Asking,
        group: SimDatagramBuffers,
    ) {
        val bufferId = group.buffers.take() ?: return group.starve(this)
        val datagram = arrived.removeFirst()
        val count = minOf(datagram.payload.size, group.buffers.bufferBytes)
        val memory = group.buffers.memory()
        MemorySegment.copy(datagram.payload, 0, memory, ValueLayout.JAVA_BYTE, group.buffers.offset(bufferId), count)
        group.brought[bufferId] = datagram
        val isLast = world.chance(world.faults.multishotEnds)
        if (isLast) receiving = null
        asking.bring(count, bufferId, group.buffers, isLast)
        pump()
    }

    override fun underWay(): List<Asking> = listOfNotNull(receiving)

    override fun cancel(asking: Asking) {
        if (receiving === asking) {
            receiving = null
            asking.finish(-Errno.ECANCELED)
        }
    }

    override fun closed() {
        receiving = null
        arrived.clear()
    }

    override fun toString(): String = "datagrams $id at $local"

    private companion object {
        // As a socket buffer of 208 KiB holds of small ones.
        const val ARRIVED_MAX = 256

        // What one datagram of IPv4 carries, and a train of them in one send.
        const val PAYLOAD_BYTES_MAX = 65_507
    }
}
