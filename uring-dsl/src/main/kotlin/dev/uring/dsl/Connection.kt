package dev.uring.dsl

import dev.uring.buffer.BlockLease
import dev.uring.bytes.ByteSink
import dev.uring.bytes.ByteView
import dev.uring.net.OwnedBytes
import dev.uring.net.SendGuard
import dev.uring.net.SendOutcome
import dev.uring.socket.PeerCredentials
import dev.uring.socket.TcpInfo
import dev.uring.tls.TlsInfo
import dev.uring.worker.Worker
import kotlinx.io.bytestring.ByteString
import kotlinx.io.bytestring.unsafe.UnsafeByteStringApi
import kotlinx.io.bytestring.unsafe.UnsafeByteStringOperations
import java.net.SocketAddress
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import kotlin.time.Duration
import dev.uring.net.Connection as CoreConnection

/**
 * A connection over TCP or a Unix socket, whose operations suspend instead of calling back.
 *
 * ### Shapes and units
 * A byte stream: what one [receive] offers is what has arrived, not a message. Sizes are bytes.
 * ### Ownership
 * A server owns the connections that it accepted and closes each when its handler returns; whoever called
 * [connect][UringScope.connect] owns what it returned. Views are borrowed by the block that gets them. Everything given
 * to [write] and [send] is taken before the call returns; the caller may reuse it at once, except memory that it hands
 * over.
 * ### Threading and cancellation
 * Belongs to one [worker]: every operation, suspending or not, is called on that worker's thread, which is where the
 * handler runs. Only [id], [worker], the addresses and [toString] may be used anywhere. A suspended operation is
 * cancellable, and cancelling loses nothing: received bytes stay in the connection, queued bytes are sent. An operation
 * that need not wait does not look at the job, so a cancelled coroutine still gets what is there; its next wait throws.
 * ### Errors
 * `IllegalStateException` on a wrong thread or with a second reader.
 * [ConnectionLostException][dev.uring.base.ConnectionLostException] from a suspending operation when the peer broke the
 * connection.
 *
 * @sample samples.dsl.echo
 */
public class Connection internal constructor(
    internal val core: CoreConnection,
    sendLowWaterBytes: Long,
) {
    internal val input: ConnectionInput = ConnectionInput(core)
    internal val outgoing: ConnectionOutput = ConnectionOutput(core, sendLowWaterBytes)

    /** What the core calls for this connection. */
    internal lateinit var events: ConnectionEvents

    /** Number of this connection, unique in its runtime. */
    public val id: Long get() = core.id()

    /** The worker that owns this connection. */
    public val worker: Worker get() = core.worker()

    /**
     * The peer's address: an `InetSocketAddress` (`unknown:0`, unresolved, when the peer was gone before anybody
     * asked), or of a Unix socket a `UnixDomainSocketAddress` (with an empty path when the peer has no name, as most
     * clients) or an [AbstractUnixAddress][dev.uring.socket.AbstractUnixAddress].
     */
    public val remoteAddress: SocketAddress get() = core.peerAddress

    /** This side's address, as [remoteAddress]; `unknown:0`, unresolved, when the connection is gone. */
    public val localAddress: SocketAddress get() = core.ownAddress

    /** Who the peer of a Unix socket is; null when this is no Unix socket or the connection is gone. */
    public val peerCredentials: PeerCredentials? get() = core.peerCredentials()

    /** What TCP knows about the connection now, by one system call; null when it is no TCP connection or gone. */
    public val tcpInfo: TcpInfo? get() = core.tcpInfo()

    /** What TLS agreed on; null when the connection has no TLS. */
    public val tlsInfo: TlsInfo? get() = TlsInfo.of(core).orElse(null)

    /**
     * When the kernel took the last bytes that have arrived from the network, in nanoseconds since 1970: before they
     * waited for this worker. In a block of [receive], those that made the view as long as it is. 0 without
     * [SocketOptions.receiveTimestamps][dev.uring.socket.SocketOptions.receiveTimestamps].
     */
    public val kernelReceiveEpochNanos: Long get() = core.kernelReceiveEpochNanos()

    /** An object of the program's own that lives as long as the connection. Set on its worker. */
    public var attachment: Any?
        get() = core.attachment()
        set(value) = core.attach(value)

    /**
     * Whether the peer finished sending in the middle of a message: its end has come, and bytes are left that no block
     * consumed. Tells a cut stream from a whole one after [parse] returned false. (A peer that breaks the connection is
     * neither: that is a [ConnectionLostException][dev.uring.base.ConnectionLostException].)
     */
    public val endedMidMessage: Boolean get() = core.inputEnded() && core.readableBytes() > 0

    /** False once this side has closed or aborted the connection, or the peer has broken it. */
    public val isOpen: Boolean get() = core.isOpen

    /**
     * Waits for bytes and lends them to [block], which returns how many of them it consumed.
     *
     * ### Shapes and units
     * The view holds all unconsumed bytes, at least 1 of them new: what one call left over is offered first next time.
     * After a block that consumed nothing the next call waits until more bytes have arrived; after one that consumed
     * something it offers the rest at once. Returns what [block] returned, or [END_OF_INPUT] when the peer has finished
     * sending, the connection is closed, or the server is draining and no byte is left to answer.
     * ### Ownership
     * The view is borrowed: valid only inside [block]. [block] cannot suspend, and the compiler sees to it.
     * ### Threading and cancellation
     * One coroutine at a time. If it is cancelled while it waits, or [block] throws, the bytes stay in the connection
     * and are offered again. Bytes that are there already are lent without suspending, also to a cancelled coroutine.
     * ### Errors
     * [ReceiveTimeoutException] nothing new within [timeout], which costs no allocation, unlike `withTimeout`, and counts
     * from the beginning of the worker's turn ·
     * [ConnectionLostException][dev.uring.base.ConnectionLostException] ·
     * [FrameTooLargeException][dev.uring.base.FrameTooLargeException] more than `frameBytesMax` bytes left unconsumed ·
     * `IllegalArgumentException` [block] says it consumed more than it was lent.
     *
     * @sample samples.dsl.receiveSome
     */
    public suspend inline fun receive(
        timeout: Duration = Duration.INFINITE,
        crossinline block: (ByteView) -> Int,
    ): Int {
        expectInputWithin(timeout)
        return receiveExpected { block(it) }
    }

    /**
     * Offers bytes to [block] until it consumes some: one call, one message.
     *
     * ### Shapes and units
     * [block] returns the length of the message that it took from the front of the view, or 0 to see it again with more
     * bytes, or [needAtLeast] of a size to see it again with so many. False when the peer has finished sending; an unfinished message may then be left.
     * ### Ownership
     * As in [receive].
     * ### Threading and cancellation
     * As in [receive]. [timeout] is for the whole message, so that a peer which sends a byte now and then cannot
     * stretch it.
     * ### Errors
     * As in [receive].
     *
     * @sample samples.dsl.parseLines
     */
    public suspend inline fun parse(
        timeout: Duration = Duration.INFINITE,
        crossinline block: (ByteView) -> Int,
    ): Boolean {
        expectInputWithin(timeout)
        while (true) {
            val consumed =
                receiveExpected { view ->
                    val answer = block(view)
                    if (answer < 0) needInput(NEED_NOTHING - answer)
                    answer.coerceAtLeast(0)
                }
            if (consumed != 0) return consumed > 0
        }
    }

    /**
     * Lends every arrival to [block], which consumes it whole, until the peer has finished sending.
     *
     * ### Shapes and units
     * Views of 1 byte or more, in order, without a gap.
     * ### Ownership
     * As in [receive].
     * ### Threading and cancellation
     * As in [receive]; [timeout] is for each arrival. Before it waits for the next one it lets the send queue fall
     * below its high-water mark, so a peer that sends without reading cannot make an echo's queue grow.
     * ### Errors
     * As in [receive] and [send].
     *
     * @sample samples.dsl.echo
     */
    public suspend inline fun forEachView(
        timeout: Duration = Duration.INFINITE,
        crossinline block: (ByteView) -> Unit,
    ) {
        while (true) {
            expectInputWithin(timeout)
            val consumed =
                receiveExpected { view ->
                    block(view)
                    view.size()
                }
            if (consumed == END_OF_INPUT) return
            awaitRoomToReceive()
        }
    }

    /**
     * Queues the bytes of [view]; they leave with everything else that is written in this turn of the worker's loop.
     *
     * ### Shapes and units
     * Appends to the one ordered send queue. Never waits: see [send] for backpressure.
     * ### Errors
     * [SendQueueFullException][dev.uring.base.SendQueueFullException] the queue would exceed `sendQueueBytesMax`; the
     * connection is then aborted. Bytes written after close or reset are dropped.
     */
    public fun write(view: ByteView): Unit = core.write(view)

    /** Queues [count] bytes of [bytes] beginning with the one at [from]; see [write]. */
    public fun write(
        bytes: ByteArray,
        from: Int = 0,
        count: Int = bytes.size - from,
    ): Unit = core.write(bytes, from, count)

    /** Queues [text] in UTF-8; see [write]. */
    public fun write(text: String): Unit = core.writeUtf8(text)

    /** Queues [bytes]; see [write]. */
    @OptIn(UnsafeByteStringApi::class)
    public fun write(bytes: ByteString) {
        // Unsafe only in that the array is not copied first; it is read here and not kept.
        UnsafeByteStringOperations.withByteArrayUnsafe(bytes) { core.write(it) }
    }

    /**
     * Queues what [lease] holds without a copy; see [write].
     *
     * ### Ownership
     * Handed over: the connection gives the memory back when the kernel is done with it, sent or not, and every later
     * use of [lease] throws until it takes memory again.
     *
     * @sample samples.dsl.sendFilled
     */
    public fun write(lease: BlockLease): Unit = core.write(lease)

    /**
     * Queues bytes that [receiveOwned] or [readOwned] brought, from where they lie; see [write].
     *
     * ### Ownership
     * Handed over instead of closed: the connection, one of the same worker, gives their memory back, sent or not.
     *
     * @sample samples.dsl.passOnLater
     */
    public fun write(owned: OwnedBytes): Unit = core.write(owned)

    /**
     * Queues memory of the program's own without a copy; see [write].
     *
     * ### Ownership
     * Handed over until [SendGuard.released], which comes exactly once, on [worker], sent or not.
     *
     * @sample samples.dsl.sendMapped
     */
    public fun write(guard: SendGuard): Unit = core.write(guard)

    /** Encodes straight into the send queue, with no array in between; what was put counts as written. */
    public val output: ByteSink get() = core.output()

    /** Bytes that are written and not yet handed to the kernel. */
    public val unsentBytes: Long get() = core.unsentBytes()

    /**
     * Queues the bytes of [view] and suspends while the send queue is above its high-water mark.
     *
     * ### Shapes and units
     * Returns at once below `sendHighWaterBytes`; above it, when the queue has fallen to `sendLowWaterBytes`.
     * ### Ownership
     * The bytes are taken before the first suspension.
     * ### Threading and cancellation
     * Any number of coroutines of the worker may send; the bytes of one call stay together. Cancelling a suspended send
     * does not take its bytes back: they are sent.
     * ### Errors
     * [SendTimeoutException] no room within [timeout]; the bytes are queued all the same ·
     * [ConnectionLostException][dev.uring.base.ConnectionLostException] the peer broke the connection ·
     * [ConnectionClosedException][dev.uring.base.ConnectionClosedException] this side closed it ·
     * [SendQueueFullException][dev.uring.base.SendQueueFullException] as in [write].
     *
     * @sample samples.dsl.sendMany
     */
    public suspend fun send(
        view: ByteView,
        timeout: Duration = Duration.INFINITE,
    ) {
        write(view)
        awaitRoomToSend(timeout)
    }

    /** Queues [count] bytes of [bytes] beginning with the one at [from] and waits for room; see [send]. */
    public suspend fun send(
        bytes: ByteArray,
        from: Int = 0,
        count: Int = bytes.size - from,
        timeout: Duration = Duration.INFINITE,
    ) {
        write(bytes, from, count)
        awaitRoomToSend(timeout)
    }

    /** Queues [text] in UTF-8 and waits for room; see [send]. */
    public suspend fun send(
        text: String,
        timeout: Duration = Duration.INFINITE,
    ) {
        write(text)
        awaitRoomToSend(timeout)
    }

    /** Queues [bytes] and waits for room; see [send]. */
    public suspend fun send(
        bytes: ByteString,
        timeout: Duration = Duration.INFINITE,
    ) {
        write(bytes)
        awaitRoomToSend(timeout)
    }

    /** Hands [lease] over as [write] does and waits for room; see [send]. */
    public suspend fun send(
        lease: BlockLease,
        timeout: Duration = Duration.INFINITE,
    ) {
        write(lease)
        awaitRoomToSend(timeout)
    }

    /** Hands [owned] over as [write] does and waits for room; see [send]. */
    public suspend fun send(
        owned: OwnedBytes,
        timeout: Duration = Duration.INFINITE,
    ) {
        write(owned)
        awaitRoomToSend(timeout)
    }

    /** Hands [guard] over as [write] does and waits for room, not for its release; see [send]. */
    public suspend fun send(
        guard: SendGuard,
        timeout: Duration = Duration.INFINITE,
    ) {
        write(guard)
        awaitRoomToSend(timeout)
    }

    /**
     * Suspends until everything written so far has been handed to the kernel: the completion of the sends before it.
     *
     * ### Threading and cancellation
     * Bytes that other coroutines write meanwhile are not waited for. Cancelling takes no bytes back. Not needed for the
     * bytes to leave: the worker sends them at the end of the turn.
     * ### Errors
     * As in [send].
     */
    public suspend fun flush(timeout: Duration = Duration.INFINITE): Unit =
        suspendCoroutineUninterceptedOrReturn { outgoing.awaitSent(it, timeout) }

    /**
     * Queues the bytes of [view] if the send queue is below its high-water mark; says what became of them.
     *
     * ### Shapes and units
     * All of them are queued or none is. Never waits and never throws for a full or closed connection.
     *
     * @sample samples.dsl.offer
     */
    public fun trySend(view: ByteView): SendOutcome = core.tryWrite(view)

    /** Queues [count] bytes of [bytes] beginning with the one at [from], if there is room; see [trySend]. */
    public fun trySend(
        bytes: ByteArray,
        from: Int = 0,
        count: Int = bytes.size - from,
    ): SendOutcome = core.tryWrite(bytes, from, count)

    /** Hands [lease] over if there is room, or else leaves it with the caller; see [trySend]. */
    public fun trySend(lease: BlockLease): SendOutcome = core.tryWrite(lease)

    /** Hands [owned] over if there is room, or else leaves them with the caller; see [trySend]. */
    public fun trySend(owned: OwnedBytes): SendOutcome = core.tryWrite(owned)

    /** Hands [guard] over if there is room, or else leaves it with the caller; see [trySend]. */
    public fun trySend(guard: SendGuard): SendOutcome = core.tryWrite(guard)

    /** Unsent bytes from which a [send] of this connection waits; `sendHighWaterBytes` unless changed. */
    public val sendHighWaterBytes: Long get() = core.sendHighWaterBytes()

    /** Unsent bytes at which a waiting [send] of this connection goes on; `sendLowWaterBytes` unless changed. */
    public val sendLowWaterBytes: Long get() = outgoing.sendLowWaterBytes

    /**
     * Changes the marks of this connection: a stream of large blocks may want higher ones, one of very many connections
     * lower ones. Senders that wait already go on at the mark they began to wait with.
     *
     * ### Errors
     * `IllegalArgumentException` unless 0 ≤ [lowBytes] ≤ [highBytes] ≤ `sendQueueBytesMax` and 1 ≤ [highBytes].
     */
    public fun setSendWaterMarks(
        lowBytes: Long,
        highBytes: Long,
    ): Unit = outgoing.setWaterMarks(lowBytes, highBytes)

    /**
     * Tells the peer, after all queued bytes, that no more will come (FIN). Receiving goes on; a later [write] is
     * dropped and a later [send] throws.
     */
    public fun shutdownOutput() {
        core.shutdownOutput()
        outgoing.end("shutdownOutput()")
    }

    /**
     * Closes in order: sends what is queued, then a FIN, and waits up to `lingerTimeout` for the peer's. Returns at
     * once; repeated calls do nothing. From then on [receive] says [END_OF_INPUT], [write] drops and [send] throws.
     */
    public fun close() {
        core.close()
        end("close()")
    }

    /** Resets the connection at once and drops what is queued; otherwise as [close]. */
    public fun abort() {
        core.abort()
        end("abort()")
    }

    private fun end(operation: String) {
        input.end()
        outgoing.close(operation)
    }

    override fun toString(): String = "Connection(id=$id, remote=$remoteAddress, worker=${worker.index()})"

    @PublishedApi
    internal fun expectInputWithin(timeout: Duration): Unit = input.expectWithin(timeout)

    @PublishedApi
    internal fun expectMessageWithin(
        timeout: Duration,
        leastBytes: Int,
    ): Unit = input.expectMessageWithin(timeout, leastBytes)

    @PublishedApi
    internal fun needInput(bytes: Int): Unit = input.need(bytes)

    @PublishedApi
    internal fun seenInput(): Int = input.seenBytes

    @PublishedApi
    internal fun needMore(
        seenBytes: Int,
        bytes: Int,
    ): Unit = input.needMore(seenBytes, bytes)

    @PublishedApi
    internal fun takeMessage(): Unit = input.takeMessage()

    @PublishedApi
    internal fun isMessageTaken(): Boolean = input.isMessageTaken

    @PublishedApi
    internal fun part(
        view: ByteView,
        from: Int,
        count: Int,
    ): ByteView = input.part(view, from, count)

    @PublishedApi
    internal fun checkEndsBetweenMessages(): Unit = input.checkEndsBetweenMessages()

    @PublishedApi
    internal suspend fun awaitInput(): Unit = suspendCoroutineUninterceptedOrReturn { input.await(it) }

    @PublishedApi
    internal fun openInput(): ByteView? = input.open()

    @PublishedApi
    internal fun isInputOver(): Boolean = input.isOver()

    @PublishedApi
    internal fun closeInput(consumed: Int): Unit = input.close(consumed)

    @PublishedApi
    internal suspend fun awaitRoomToReceive(): Unit =
        suspendCoroutineUninterceptedOrReturn {
            core.checkOwner("receive")
            if (core.isWritable || !core.isOpen) Unit else outgoing.awaitRoomToReceive(it)
        }

    private suspend fun awaitRoomToSend(timeout: Duration): Unit =
        suspendCoroutineUninterceptedOrReturn { outgoing.awaitRoomToSend(it, timeout) }

    /** Constants of connections. */
    public companion object {
        /** What [receive] returns when no more bytes will come. */
        public const val END_OF_INPUT: Int = -1

        /**
         * What a block of [parse] returns to be called again when [bytes] bytes are there, those it saw included, and
         * not before: a message whose length is known is then not parsed again at every arrival.
         */
        public fun needAtLeast(bytes: Int): Int = NEED_NOTHING - bytes.coerceAtLeast(0)

        @PublishedApi
        internal const val NEED_NOTHING: Int = -1

        @PublishedApi
        internal const val BLOCK_FAILED: Int = Int.MIN_VALUE
    }

    // Inlined into the caller, like every function that takes a block: a suspend function with a state of its own would
    // allocate a frame at every entry, and a block that is an object would be one more.
    @PublishedApi
    internal suspend inline fun receiveExpected(crossinline block: (ByteView) -> Int): Int {
        awaitInput()
        var view = openInput()
        while (view == null) {
            if (isInputOver()) return END_OF_INPUT
            awaitInput()
            view = openInput()
        }
        var consumed = BLOCK_FAILED
        try {
            consumed = block(view)
        } finally {
            closeInput(consumed)
        }
        return consumed
    }
}
