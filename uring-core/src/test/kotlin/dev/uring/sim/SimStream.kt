package dev.uring.sim

import dev.uring.abi.Errno
import dev.uring.driver.SendOperation
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout
import java.net.InetSocketAddress
import java.net.SocketAddress

/** One end of a TCP or Unix connection. */
internal class SimStream(
    host: SimHost,
    id: Int,
) : SimSocket(host, id) {
    private val inbound =
        Pipe(
            world.faults.windowBytes.let {
                if (it.first >=
                    it.last
                ) {
                    it.first
                } else {
                    world.random.nextInt(it.first, it.last + 1)
                }
            },
        )
    private val opening = Opening(this)
    private var receiving: Asking? = null
    private var sending: Sending? = null
    private var isFinSent = false
    private var isClosed = false
    private var isResetByPeer = false
    private var notifying = mutableListOf<Asking>()

    var resetsOnClose = false
    var peer: SimStream? = null
    override var local: SocketAddress? = null
    override var remote: SocketAddress? = null

    val isConnected: Boolean get() = peer != null && !isResetByPeer

    /** Gives a stream that was waiting to be accepted its number. */
    fun numbered(newId: Int): SimStream = also { it.id = newId }

    fun connect(
        asking: Asking,
        to: SocketAddress,
    ) = opening.begin(asking, to)

    // Receiving.

    fun receive(asking: Asking) {
        if (receiving != null) throw world.fail("two receives at a time on $this")
        receiving = asking
        pumpReceive()
    }

    /** Looks whether the receive can go on, after the time that the kernel takes. */
    fun pumpReceive() {
        val asking = receiving ?: return
        if (asking.isPumping || !hasInput()) return
        asking.isPumping = true
        asking.later {
            asking.isPumping = false
            if (receiving === asking && hasInput()) fill(asking)
        }
    }

    private fun hasInput() = inbound.arrivedBytes > 0 || inbound.isEnded || isResetByPeer

    private fun fill(asking: Asking) {
        if (inbound.arrivedBytes == 0) {
            receiving = null
            asking.finish(if (isResetByPeer) -Errno.ECONNRESET else 0)
            return
        }
        val buffers = asking.driver.buffers
        val bufferId = if (world.chance(world.faults.noBuffers)) null else buffers.take()
        if (bufferId == null) {
            asking.driver.starve(this)
            return
        }
        val count = minOf(inbound.arrivedBytes, buffers.bufferBytes).let(::shortened)
        val bytes = ByteArray(count)
        inbound.read(bytes)
        MemorySegment.copy(bytes, 0, buffers.memory(), ValueLayout.JAVA_BYTE, buffers.offset(bufferId), count)
        val isLast = world.chance(world.faults.multishotEnds)
        if (isLast) {
            receiving = null
            asking.finish(count, bufferId)
        } else {
            asking.answer(count, bufferId)
        }
        peer?.roomAtPeer()
        pumpReceive()
    }

    private fun shortened(count: Int): Int =
        when {
            world.chance(world.faults.oneByteReads) -> 1
            count > 1 && world.chance(world.faults.shortReads) -> world.random.nextInt(1, count)
            else -> count
        }

    // Sending.

    fun send(
        asking: Asking,
        operation: SendOperation,
        prepared: Sending,
    ) {
        check(operation === prepared.operation)
        when {
            sending != null -> {
                throw world.fail("two sends at a time on $this: their bytes have no order")
            }

            prepared.isZeroCopy && world.chance(world.faults.zeroCopyRefused) -> {
                asking.later { asking.finish(-Errno.EOPNOTSUPP) }
            }

            else -> {
                sending = prepared
                pumpSend()
            }
        }
    }

    private fun roomAtPeer() {
        // What the window has room for the sender hears of when the network has brought it.
        peer?.let { reader -> world.network.carry(reader.host, host) { pumpSend() } }
    }

    private fun pumpSend() {
        val now = sending ?: return
        if (now.isPumping) return
        now.isPumping = true
        now.asking.later {
            now.isPumping = false
            if (sending === now) push(now)
        }
    }

    private fun push(now: Sending) {
        val to = peer
        if (to == null || isFinSent || isResetByPeer) {
            finishSend(
                now,
                if (now.sentBytes >
                    0
                ) {
                    now.sentBytes
                } else if (isResetByPeer) {
                    -Errno.ECONNRESET
                } else {
                    -Errno.EPIPE
                },
            )
            return
        }
        val room = to.inbound.roomBytes
        if (room > 0) {
            val segment = world.faults.segmentBytes
            val most =
                if (segment.first >=
                    segment.last
                ) {
                    segment.first
                } else {
                    world.random.nextInt(segment.first, segment.last + 1)
                }
            transmit(to, now.take(minOf(room, now.leftBytes, most)))
            if (world.chance(world.faults.resets)) breakDown()
        }
        when {
            now.leftBytes == 0 -> finishSend(now, now.sentBytes)
            room > 0 && world.chance(world.faults.shortWrites) -> finishSend(now, now.sentBytes)
            room > 0 -> pumpSend()
        }
    }

    private fun transmit(
        to: SimStream,
        bytes: ByteArray,
    ) {
        to.inbound.send(bytes)
        world.network.carry(host, to.host) { to.segmentCame() }
    }

    private fun finishSend(
        now: Sending,
        result: Int,
    ) {
        now.verify()
        sending = null
        val asking = now.asking
        if (!now.isZeroCopy || result < 0) {
            asking.finish(result)
            return
        }
        asking.answer(result)
        asking.isOnlyNotification = true
        notifying += asking
        val wasCopied = world.chance(world.faults.zeroCopyCopied)
        world.after(world.draw(world.faults.zeroCopyDelay.nanos)) {
            if (!asking.driver.isClosed) {
                now.verify()
                notifying -= asking
                asking.finishNotification(wasCopied)
            }
        }
    }

    fun shutdownOutput(asking: Asking) {
        asking.later {
            sendFin()
            asking.finish(if (peer == null) -Errno.ENOTCONN else 0)
        }
    }

    private fun sendFin() {
        val to = peer
        if (to != null && !isFinSent) {
            isFinSent = true
            transmit(to, Pipe.END)
        }
    }

    // What comes from the network.

    private fun segmentCame() {
        val bytes = inbound.arrive() ?: return
        if (isClosed && bytes !== Pipe.END) {
            // Nobody will read it: the sender is told.
            inbound.dropAll()
            abort()
        } else {
            pumpReceive()
        }
    }

    private fun resetCame() {
        if (isResetByPeer) return
        isResetByPeer = true
        // Of what has arrived, some kernels keep what was not read yet, and some do not.
        if (world.random.nextBoolean()) inbound.dropAll() else inbound.dropUnderWay()
        pumpReceive()
        pumpSend()
    }

    /** Ends the connection for both, as a middlebox or a cable does. */
    fun breakDown() {
        world.note("reset $this")
        resetCame()
        peer?.let { other -> world.after(1) { other.resetCame() } }
    }

    /** Resets the connection from this side. */
    fun abort() {
        val to = peer ?: return
        to.inbound.dropUnderWay()
        world.network.carry(host, to.host) { to.resetCame() }
    }

    // Its end.

    override fun underWay(): List<Asking> = listOfNotNull(receiving, sending?.asking, opening.asking)

    override fun cancel(asking: Asking) {
        val now = sending
        if (asking === receiving) {
            receiving = null
            asking.finish(-Errno.ECANCELED)
        } else if (now != null && asking === now.asking) {
            finishSend(now, if (now.sentBytes > 0) now.sentBytes else -Errno.ECANCELED)
        } else if (asking === opening.asking) {
            opening.cancel()
        }
    }

    override fun closed() {
        isClosed = true
        receiving = null
        sending = null
        opening.end()
        if (resetsOnClose || inbound.arrivedBytes > 0) {
            inbound.dropAll()
            abort()
        } else {
            sendFin()
        }
    }

    /** The two ends know each other. */
    fun joinWith(other: SimStream) {
        peer = other
        other.peer = this
    }

    override fun toString(): String =
        "stream $id " +
            listOf(local, remote).joinToString("-") {
                (it as? InetSocketAddress)?.run { "${address.hostAddress}:$port" }
                    ?: "$it"
            }
}
