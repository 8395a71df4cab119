package dev.uring.message

import dev.uring.dsl.dispatcher
import dev.uring.message.codec.ChannelAddress
import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageRole
import dev.uring.message.codec.MessageStatus
import dev.uring.message.codec.PoolStrategy
import dev.uring.net.ConnectionHandler
import dev.uring.worker.Worker
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.withContext
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicReferenceArray
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import kotlin.time.Duration
import dev.uring.net.Connection as CoreConnection

/**
 * Channels, and one queue of all messages that come from them.
 *
 * ### Shapes and units
 * A program asks for a channel by sending: a welcome request listens, a hello request connects, a bye ends it.
 * [listen], [connect] and [close] do that. What goes wrong with a message comes back as the same message, from the
 * engine ([Message.isFromEngine]) and with a status. Messages that are [Message.isOob] go before others, here and on
 * their way.
 * ### Ownership
 * A message that is sent is handed over. A message that is received is the program's, to be sent on or released: what
 * it keeps is missing in the group's pool, and when that is empty, nothing is received for this group.
 * ### Threading and cancellation
 * Lives on one worker, its [home]; connections that it opens live there too (unless it was made to spread them), and
 * those that it accepts where the system has put them. All members are for any thread; from the home they take no lock
 * and allocate nothing. One coroutine at a time receives.
 * ### Errors
 * [InvalidMessageException][dev.uring.message.codec.InvalidMessageException] a message that may not be sent; it stays
 * the program's · [GroupClosedException].
 *
 * @sample samples.message.echoServer
 */
public class Group internal constructor(
    internal val engine: MessageEngine,
    public val home: Worker,
    placement: ChannelPlacement,
    private val shards: AtomicReferenceArray<Group>?,
) {
    private val config = engine.config
    private val inbox = Inbox(home)
    internal val notices = Notices(this, inbox)
    private val switchboard = Switchboard(this, placement)
    private val shelves = AtomicReferenceArray<Shelf>(engine.runtime.workersCount())
    private val outside = OutsideShelf(config)
    private val channels = ConcurrentHashMap.newKeySet<Channel>()
    private val whenClosed = CompletableFuture<Void>()

    @Volatile
    private var isClosed = false

    @Volatile
    private var starved: Shelf? = null

    @Volatile
    internal var borrower: MessageBorrower? = null

    /** What comes, to go through with `for` or as a flow, until the group is closed. */
    public val incoming: Incoming = Incoming(this)

    /**
     * Takes a message of the group's pool.
     *
     * ### Shapes and units
     * As new. When the pool is empty, [PoolStrategy.ALWAYS] makes one and [PoolStrategy.POOL_ONLY] gives null. Each
     * worker has a pool of its own, and so have all other threads together.
     * ### Ownership
     * The program's, to be sent or released.
     */
    public fun get(strategy: PoolStrategy): Message? =
        if (home.isCurrent) shelf(home).take(strategy) else here()?.take(strategy) ?: outside(strategy)

    /** A message of the pool, or a new one: [get] with [PoolStrategy.ALWAYS]. */
    public fun message(): Message = checkNotNull(get(PoolStrategy.ALWAYS))

    /**
     * Gives a message back to the group's pool: what it came from, or, when a channel of the group waits for messages
     * on another worker, the pool of that one.
     */
    public fun put(message: Message) {
        val waiting = starved
        if (waiting == null || waiting.count > 0) return message.release()
        starved = null
        val envelope = Envelope.of(message)
        envelope.take("Group.put")
        waiting.adopt(envelope)
    }

    /**
     * Sends a message, and suspends when its channel has more unsent than [EngineConfig.channelMessagesMax] or
     * [EngineConfig.channelBytesMax], or when it is other senders' turn.
     *
     * ### Ownership
     * [message] is handed over, unless this throws. It comes back as a received one if it cannot be sent.
     * ### Threading and cancellation
     * Any coroutine. Cancelling a call that is suspended does not take the message back.
     * ### Errors
     * As [Group].
     */
    public suspend fun send(message: Message) {
        val target = enqueue(message, "Group.send")
        if (target !is PeerChannel || !target.isToWait) return
        return if (target.worker.isCurrent) target.transmission.awaitRoom() else awaitRoomAfar(target)
    }

    /**
     * Sends a message if its channel has room.
     *
     * @return the id of the message, which may be a new one
     * @throws ChannelFullException it has no room
     */
    public fun trySend(message: Message): Long {
        val target = target(message)
        if (target is PeerChannel && target.isFull) throw full(target)
        val id = message.id()
        dispatch(message, target, "Group.trySend")
        return id
    }

    /** Sends what goes whether there is room or not: a channel's end. */
    internal fun sendNow(message: Message) {
        enqueue(message, "Group.close")
    }

    /**
     * Sends a request and waits for the message with its id that comes back over its channel: the response, or, from
     * the engine, the request itself or word of the channel's end.
     *
     * ### Ownership
     * As [send]; the response is the program's.
     * ### Threading and cancellation
     * Any number of coroutines at once. When the caller is cancelled, a response that comes later is received like
     * others.
     * ### Errors
     * As [Group]. `IllegalArgumentException` it is no request.
     */
    public suspend fun request(message: Message): Message =
        if (home.isCurrent) requestHere(message) else requestAfar(message)

    /** The next message; suspends until there is one. [GroupClosedException] when the group is closed. */
    public suspend fun receive(): Message = if (home.isCurrent) receiveHere(FOREVER) else receiveAfar(FOREVER)

    /** As [receive], but null when none has come within [timeout]. */
    public suspend fun receive(timeout: Duration): Message? {
        val nanos = if (timeout.isInfinite()) FOREVER else timeout.inWholeNanoseconds
        return if (home.isCurrent) receiveHere(nanos) else receiveAfar(nanos)
    }

    /**
     * Has the receiver get a message from within the program: [message], or one of the engine's when it is null, in
     * either case with the status [MessageStatus.RECEIVER_UPDATE]. Any thread.
     */
    public fun notifyReceiver(message: Message? = null) {
        checkOpen()
        val envelope =
            Envelope.of(message ?: Message().operation(MessageOperation.SIGNAL).channel(Message.CHANNEL_ENGINE))
        envelope.take("Group.notifyReceiver")
        if (message == null) {
            envelope.fail(MessageStatus.RECEIVER_UPDATE)
        } else {
            envelope.markForProgram(MessageStatus.RECEIVER_UPDATE)
        }
        giveBack(envelope)
    }

    /**
     * Has regular messages looked at where they were received; null ends that. Those that are taken never come to
     * [receive], take no message of the pool and cost no copy.
     */
    public fun onBorrowed(borrower: MessageBorrower?) {
        this.borrower = borrower
    }

    /** What was counted of a channel, or null when there is none with this number. Any thread; nothing stops for it. */
    public fun metrics(channel: Int): ChannelMetrics? =
        (engine.numbers[channel] as? PeerChannel)?.takeIf { it.group === this }?.metrics()

    /** Numbers of all channels, listeners included. */
    public fun channels(): Set<Int> = channels.mapTo(HashSet()) { it.number }

    /** Where a listener listens, with the port that the system has chosen; null for another number. */
    public fun addressOf(channel: Int): ChannelAddress? = (engine.numbers[channel] as? ListenChannel)?.boundAddress()

    /** Messages that the group's pool on this worker has. */
    internal fun pooledHere(): Int = here()?.count ?: 0

    /** Messages of the group's pool on this worker that are with the program or under way. */
    internal fun missingHere(): Int = here()?.missingCount ?: 0

    /**
     * Closes all channels when what they have is sent, at the latest after [EngineConfig.closeTimeout]. Messages that
     * nobody has received go back to the pool. Returns at once; see [closed]. Any thread; repeated calls do nothing.
     */
    public fun close() {
        if (isClosed) return
        isClosed = true
        val isBegun =
            home.tryExecute {
                channels.toList().forEach(Channel::leave)
                finishIfEmpty()
            }
        // The worker has stopped, and has closed its connections.
        if (!isBegun) whenClosed.complete(null)
    }

    /** Completes when the group is closed and has no channel any more. */
    public fun closed(): CompletionStage<Void> = whenClosed.minimalCompletionStage()

    // What the channels and the engine use.

    internal fun shelf(worker: Worker): Shelf =
        shelves[worker.index()] ?: Shelf(worker, this, config).also { shelves[worker.index()] = it }

    /** A new connection of a listener. On the worker that it lives on. */
    internal fun accept(connection: CoreConnection): ConnectionHandler {
        val worker = connection.worker()
        val target = shards?.get(worker.index()) ?: this
        return target.acceptOn(worker)
    }

    /** Whether both get connections of the same listeners. */
    internal fun isShardOf(other: Group): Boolean = other === this || (shards != null && shards === other.shards)

    private fun acceptOn(worker: Worker): ConnectionHandler {
        val channel = if (isClosed) null else engine.numbers.add { PeerChannel(it, this, worker, null) }
        // Shutting down, or 65534 channels: the peer may come back later.
        if (channel == null) return RefusingHandler
        channels.add(channel)
        if (isClosed) channel.leave()
        return channel
    }

    /** A message has come for the program, on [worker]; [wakeNowAt] follows. */
    internal fun receive(
        envelope: Envelope,
        worker: Worker,
    ) {
        if (worker === home) deliver(envelope) else envelope.deliverTo(this)
    }

    /** A message comes back to the program, maybe while it is in a call. Any thread. */
    internal fun giveBack(envelope: Envelope) {
        if (home.isCurrent) {
            inbox.deliver(envelope)
            inbox.wakeLater()
        } else {
            envelope.deliverTo(this)
        }
    }

    internal fun deliver(envelope: Envelope) = inbox.deliver(envelope)

    /** Continues whoever waits here. Only from the loop's top level. */
    internal fun wakeNow() = inbox.wakeNow()

    internal fun wakeNowAt(worker: Worker) {
        if (worker === home) wakeNow()
    }

    internal fun reportPoolEmpty(
        channel: Int,
        shelf: Shelf,
    ) {
        starved = shelf
        notices.poolEmpty(channel, shelf)
    }

    /** A channel has ended, and the program hears of it. On the channel's worker. */
    internal fun ended(
        channel: PeerChannel,
        firstId: Long,
        reason: String?,
    ) {
        engine.numbers.remove(channel)
        notices.channelEnded(channel.number, firstId, reason)
        removed(channel)
    }

    /** A channel has ended, or never was, and the program has heard or need not. */
    internal fun ended(channel: Channel) {
        engine.numbers.remove(channel)
        removed(channel)
    }

    internal fun listenEnded(channel: ListenChannel) {
        engine.numbers.remove(channel)
        notices.listenerEnded(channel.number)
        removed(channel)
    }

    private fun removed(channel: Channel) {
        channels.remove(channel)
        if (isClosed) home.tryExecute(::finishIfEmpty)
    }

    internal fun add(channel: Channel) {
        channels.add(channel)
    }

    private fun finishIfEmpty() {
        if (!isClosed || channels.isNotEmpty() || whenClosed.isDone) return
        engine.removed(this)
        whenClosed.complete(null)
        for (i in 0 until shelves.length()) {
            val shelf = shelves[i] ?: continue
            shelf.worker.tryExecute(shelf::close)
        }
        inbox.close()
    }

    // What the members above are made of.

    private fun here(): Shelf? {
        val worker = Worker.current() ?: return null
        return if (engine.owns(worker)) shelf(worker) else null
    }

    private fun outside(strategy: PoolStrategy): Message? {
        val worker = Worker.current()
        return if (worker != null && engine.owns(worker)) null else outside.take(strategy)
    }

    /** Takes back what was received and could not be given to the program. */
    internal fun unreceive(message: Message) {
        val envelope = Envelope.of(message)
        envelope.take("Group.receive, whose caller was cancelled")
        home.tryExecute {
            inbox.unreceive(envelope)
        }
    }

    internal fun enqueue(
        message: Message,
        verb: String,
    ): Channel {
        val target = target(message)
        dispatch(message, target, verb)
        return target
    }

    internal fun dispatch(
        message: Message,
        target: Channel,
        verb: String,
    ) {
        val envelope = Envelope.of(message)
        envelope.setChannel(target.number)
        envelope.take(verb)
        when {
            target is ListenChannel -> target.accept(envelope)
            (target as PeerChannel).worker.isCurrent -> target.accept(envelope)
            else -> target.acceptAfar(envelope)
        }
    }

    internal fun target(message: Message?): Channel = switchboard.target(message)

    internal fun checkOpen() {
        if (isClosed) throw GroupClosedException.make()
    }

    internal fun full(target: PeerChannel) =
        ChannelFullException(
            "channel ${target.number} has unsent messages up to channelMessagesMax=${config.channelMessagesMax} or " +
                "channelBytesMax=${config.channelBytesMax}.\n" +
                "  Likely cause: its peer reads too slowly. Group.send waits for room.",
        )

    private suspend fun requestHere(message: Message): Message =
        suspendCoroutineUninterceptedOrReturn { continuation -> beginRequest(message, continuation) }

    private fun beginRequest(
        message: Message,
        continuation: Continuation<Message>,
    ): Any {
        require(message.role() == MessageRole.REQUEST) { "$message is no request, so nothing answers it" }
        val target = target(message)
        val isNew = message.channel() == Message.CHANNEL_NONE
        try {
            inbox.pending.park(message.id(), target.number, continuation)
        } catch (cancelled: CancellationException) {
            if (isNew) ended(target)
            throw cancelled
        }
        dispatch(message, target, "Group.request")
        return COROUTINE_SUSPENDED
    }

    @Suppress("UNCHECKED_CAST")
    private suspend fun <T : Message?> receiveHere(timeoutNanos: Long): T =
        suspendCoroutineUninterceptedOrReturn { inbox.receive(it as Continuation<Any?>, timeoutNanos) }

    /** Waits for the next message and gives it to [into]; false when the group is closed. On the home. */
    @Suppress("UNCHECKED_CAST")
    internal suspend fun receiveInto(into: Incoming.Iterator): Boolean =
        suspendCoroutineUninterceptedOrReturn { inbox.receiveInto(it as Continuation<Any?>, into) }

    // A caller that is cancelled on its way back must not take the message along.
    @Suppress("UNCHECKED_CAST")
    private suspend fun <T : Message?> receiveAfar(timeoutNanos: Long): T {
        var got: Message? = null
        try {
            return withContext(home.dispatcher) { receiveHere<T>(timeoutNanos).also { got = it } }
        } catch (cancelled: CancellationException) {
            got?.let(::unreceive)
            throw cancelled
        }
    }

    private suspend fun requestAfar(message: Message): Message {
        var got: Message? = null
        try {
            return withContext(home.dispatcher) { requestHere(message).also { got = it } }
        } catch (cancelled: CancellationException) {
            got?.let(::unreceive)
            throw cancelled
        }
    }

    private suspend fun awaitRoomAfar(target: PeerChannel): Unit =
        withContext(target.worker.dispatcher) { target.transmission.awaitRoom() }

    override fun toString(): String = "Group(home=${home.index()}, channels=${channels.size})"

    private companion object {
        const val FOREVER = ValueSlot.FOREVER
    }
}

/** Ends a connection that nobody takes. */
private object RefusingHandler : ConnectionHandler {
    override fun onOpen(connection: CoreConnection) = connection.abort()

    override fun onReceive(
        connection: CoreConnection,
        bytes: dev.uring.bytes.ByteView,
    ): Int = bytes.size()
}
