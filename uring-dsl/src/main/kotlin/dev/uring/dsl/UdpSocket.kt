package dev.uring.dsl

import dev.uring.bytes.ByteView
import dev.uring.net.UdpCounters
import dev.uring.net.UdpOptions
import dev.uring.net.UdpPeer
import dev.uring.worker.Worker
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.io.bytestring.ByteString
import kotlinx.io.bytestring.unsafe.UnsafeByteStringApi
import kotlinx.io.bytestring.unsafe.UnsafeByteStringOperations
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.NetworkInterface
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import kotlin.time.Duration
import dev.uring.net.UdpSocket as CoreUdpSocket

/**
 * A UDP socket whose operations suspend instead of calling back.
 *
 * ### Shapes and units
 * Datagrams: each arrives whole, cut or not at all, in no certain order. What is sent in a turn of the worker's loop
 * leaves at its end; datagrams of one size to one peer share an operation.
 * ### Ownership
 * The server or [bindUdp] block that it was given to owns the socket and closes it. Views and peers are borrowed by the
 * block that gets them. What is sent is copied before the call returns; the caller may reuse it at once.
 * ### Threading and cancellation
 * Belongs to one [worker]: every operation, suspending or not, is called on that worker's thread, which is where the
 * block runs. Only [worker], [localAddress], [options], [counters] and [toString] may be used anywhere. Cancelling a
 * suspended operation loses nothing.
 * ### Errors
 * `IllegalStateException` on a wrong thread or with a second reader. Errors of the network go to [onNetworkError]; the
 * socket goes on.
 *
 * @sample samples.dsl.udpEcho
 */
public class UdpSocket internal constructor(
    private val core: CoreUdpSocket,
) {
    internal val input: UdpInput = UdpInput(core)
    internal val outgoing: UdpOutput = UdpOutput(core)

    /** The worker that owns this socket. */
    public val worker: Worker get() = core.worker()

    /** Where it is bound, with the port that the kernel chose if port 0 was asked for. */
    public val localAddress: InetSocketAddress get() = core.localAddress()

    /** How it was opened. */
    public val options: UdpOptions get() = core.options()

    /** What it has counted, drops above all. */
    public val counters: UdpCounters get() = core.counters()

    /** False once it is closed. */
    public val isOpen: Boolean get() = core.isOpen

    /**
     * Called, on the worker, with the errno of each error that the network or the kernel reports about what this socket
     * sent: of ICMP messages only a connected socket hears. Must not block.
     */
    public var onNetworkError: (errno: Int) -> Unit = {}

    /**
     * Waits for a datagram and lends it to [block].
     *
     * ### Shapes and units
     * One call, one datagram; its payload may be empty. False when the socket is closed or its server is draining.
     * ### Ownership
     * View and peer are borrowed: valid only inside [block]. [block] cannot suspend, and the compiler sees to it. The
     * peer is one object that is written over; [UdpPeer.copy] makes one to keep.
     * ### Threading and cancellation
     * One coroutine at a time. A cancelled wait takes no datagram. One that is there already is lent without
     * suspending, also to a cancelled coroutine.
     * ### Errors
     * [ReceiveTimeoutException] no datagram within [timeout], which costs no allocation, unlike `withTimeout`, and
     * counts from the beginning of the worker's turn.
     *
     * @sample samples.dsl.udpAsk
     */
    public suspend inline fun receive(
        timeout: Duration = Duration.INFINITE,
        crossinline block: (payload: ByteView, peer: UdpPeer) -> Unit,
    ): Boolean {
        expectDatagramWithin(timeout)
        awaitDatagram()
        while (!openDatagram()) {
            if (isInputOver()) return false
            awaitDatagram()
        }
        try {
            block(lentPayload(), lentPeer())
        } finally {
            closeDatagram()
        }
        return true
    }

    /**
     * Lends every datagram to [block] until the socket is closed or its server drains; otherwise as [receive].
     *
     * @sample samples.dsl.udpEcho
     */
    public suspend inline fun forEachDatagram(crossinline block: (payload: ByteView, peer: UdpPeer) -> Unit) {
        while (receive { payload, peer -> block(payload, peer) }) continue
    }

    /**
     * The datagrams as owned copies, for programs that pass them on; ends as [receive] does. A cold flow that receives
     * while it is collected, on the socket's worker. Costs two allocations and a copy for each datagram.
     */
    public val incoming: Flow<Datagram>
        get() =
            flow {
                while (true) {
                    var datagram: Datagram? = null
                    receive { payload, peer -> datagram = owned(payload, peer) }
                    emit(datagram ?: return@flow)
                }
            }

    /** How the present datagram was marked: one of the `ECN_` values of the core's `UdpSocket`, -1 when not received. */
    public val ecn: Int get() = core.ecn()

    /**
     * When the kernel took the present datagram from the network, in nanoseconds since 1970: before it waited for this
     * worker. 0 without [UdpOptions.receiveTimestamps][dev.uring.net.UdpOptions.receiveTimestamps].
     */
    public val kernelReceiveEpochNanos: Long get() = core.kernelReceiveEpochNanos()

    /** How many bytes the present datagram had when it was sent; more than its view holds when it was cut. */
    public val fullBytes: Int get() = core.fullBytes()

    /**
     * Queues a datagram if there is room: false when the queue is full, which is counted, or the socket closed.
     *
     * ### Shapes and units
     * [peer] may be null only on a connected socket. A datagram larger than a packet is cut by the network layer, one
     * larger than [UdpOptions.PAYLOAD_BYTES_MAX] is an error for [onNetworkError].
     */
    public fun trySend(
        payload: ByteView,
        peer: UdpPeer? = null,
    ): Boolean = core.send(payload, peer)

    /** Queues [count] bytes of [payload] beginning with the one at [from]; see [trySend]. */
    public fun trySend(
        payload: ByteArray,
        peer: UdpPeer? = null,
        from: Int = 0,
        count: Int = payload.size - from,
    ): Boolean = core.send(payload, from, count, peer)

    /** Queues [text] in UTF-8; see [trySend]. */
    public fun trySend(
        text: String,
        peer: UdpPeer? = null,
    ): Boolean = core.send(text.encodeToByteArray(), peer)

    /** Queues [payload]; see [trySend]. */
    @OptIn(UnsafeByteStringApi::class)
    public fun trySend(
        payload: ByteString,
        peer: UdpPeer? = null,
    ): Boolean {
        var isAccepted = false
        // Unsafe only in that the array is not copied first; it is read here and not kept.
        UnsafeByteStringOperations.withByteArrayUnsafe(payload) { isAccepted = core.send(it, peer) }
        return isAccepted
    }

    /**
     * Queues bytes as datagrams of [segmentBytes], the last perhaps shorter, all of them or none; see [trySend]. The
     * kernel cuts them apart (GSO), as it does with datagrams of one size that are sent one by one.
     */
    public fun trySendSegments(
        payload: ByteView,
        segmentBytes: Int,
        peer: UdpPeer? = null,
    ): Boolean = core.sendSegments(payload, segmentBytes, peer)

    /**
     * Queues a datagram, waiting for room first if the queue is full.
     *
     * ### Shapes and units
     * Returns at once while there is room; otherwise when the queue was half empty again.
     * ### Ownership
     * The bytes are copied when there is room: a view must be valid until this returns, so inside the block of
     * [receive] use [trySend].
     * ### Threading and cancellation
     * Any number of coroutines of the worker may send. A send that is cancelled while it waits sends nothing.
     * ### Errors
     * [ConnectionClosedException][dev.uring.base.ConnectionClosedException] the socket is closed.
     */
    public suspend fun send(
        payload: ByteView,
        peer: UdpPeer? = null,
    ): Unit = if (core.send(payload, peer)) Unit else sendLater(payload, peer)

    /** Sends [count] bytes of [payload] beginning with the one at [from]; see [send]. */
    public suspend fun send(
        payload: ByteArray,
        peer: UdpPeer? = null,
        from: Int = 0,
        count: Int = payload.size - from,
    ): Unit = if (core.send(payload, from, count, peer)) Unit else sendLater(payload, peer, from, count)

    /** Sends [text] in UTF-8; see [send]. */
    public suspend fun send(
        text: String,
        peer: UdpPeer? = null,
    ): Unit = send(text.encodeToByteArray(), peer)

    /** Sends [payload]; see [send]. */
    public suspend fun send(
        payload: ByteString,
        peer: UdpPeer? = null,
    ): Unit = if (trySend(payload, peer)) Unit else sendLater(payload, peer)

    /** Bytes that are accepted and not taken by the kernel. */
    public val unsentBytes: Long get() = core.unsentBytes()

    /** Hands what is queued to the kernel now instead of at the end of the turn. */
    public fun flush(): Unit = core.flush()

    /** Marks the datagrams sent from now on with one of the `ECN_` values, 0 to 3. */
    public fun sendEcn(codepoint: Int): Unit = core.sendEcn(codepoint)

    /** Joins a multicast group on an interface, by default the one that the routing table says. */
    public fun joinGroup(
        group: InetAddress,
        on: NetworkInterface? = null,
    ): Unit = core.joinGroup(group, on)

    /** Leaves a multicast group. */
    public fun leaveGroup(
        group: InetAddress,
        on: NetworkInterface? = null,
    ): Unit = core.leaveGroup(group, on)

    /** Chooses the interface that multicast leaves by; null leaves it to the routing table. */
    public fun multicastInterface(by: NetworkInterface?): Unit = core.multicastInterface(by)

    /** Says how many routers may pass multicast on, 0 to 255. */
    public fun multicastHops(hops: Int): Unit = core.multicastHops(hops)

    /** Says whether members on this machine hear this socket's multicast too. */
    public fun multicastLoop(isHeard: Boolean): Unit = core.multicastLoop(isHeard)

    /** Closes the socket after what is queued has been sent. Returns at once; repeated calls do nothing. */
    public fun close() {
        core.close()
        end()
    }

    /** Closes the socket and drops what is queued; otherwise as [close]. */
    public fun abort() {
        core.abort()
        end()
    }

    private fun end() {
        input.end()
        outgoing.close()
    }

    override fun toString(): String = "UdpSocket($localAddress, worker=${worker.index()})"

    @PublishedApi
    internal fun expectDatagramWithin(timeout: Duration): Unit = input.expectWithin(timeout)

    @PublishedApi
    internal suspend fun awaitDatagram(): Unit = suspendCoroutineUninterceptedOrReturn { input.await(it) }

    @PublishedApi
    internal fun openDatagram(): Boolean = input.open()

    @PublishedApi
    internal fun isInputOver(): Boolean = input.isOver()

    @PublishedApi
    internal fun closeDatagram(): Unit = input.close()

    @PublishedApi
    internal fun lentPayload(): ByteView = core.payload()

    @PublishedApi
    internal fun lentPeer(): UdpPeer = core.peer()

    private fun owned(
        payload: ByteView,
        peer: UdpPeer,
    ): Datagram = Datagram(ByteString(payload.toByteArray()), peer.copy(), core.fullBytes())

    // Functions of their own: a suspend function with a loop allocates a frame at every entry, and the sends that find
    // room are to allocate nothing.

    private suspend fun sendLater(
        payload: ByteView,
        peer: UdpPeer?,
    ) {
        do awaitRoom() while (!core.send(payload, peer))
    }

    private suspend fun sendLater(
        payload: ByteArray,
        peer: UdpPeer?,
        from: Int,
        count: Int,
    ) {
        do awaitRoom() while (!core.send(payload, from, count, peer))
    }

    private suspend fun sendLater(
        payload: ByteString,
        peer: UdpPeer?,
    ) {
        do awaitRoom() while (!trySend(payload, peer))
    }

    private suspend fun awaitRoom(): Unit = suspendCoroutineUninterceptedOrReturn { outgoing.awaitRoom(it) }
}
