package dev.uring.message

import dev.uring.message.codec.Message
import dev.uring.message.codec.MessagePool
import dev.uring.message.codec.PoolStrategy
import dev.uring.worker.EndOfTurn
import dev.uring.worker.Worker
import java.util.concurrent.RejectedExecutionException

/**
 * The messages of one group on one worker, and the channels that wait because there is none.
 *
 * A message goes back to the shelf it came from, whichever thread has released it: so a channel that waits here waits
 * only for what its own group holds, and no lock is needed.
 *
 * Thread: the worker's.
 */
internal class Shelf(
    val worker: Worker,
    private val group: Group,
    config: EngineConfig,
) : EndOfTurn(),
    MessageHome {
    private val pool =
        MessagePool(config.poolInitial, config.poolMax, config.poolKeptBytesMax) { Envelope(it, this) }
    private val reservedCount = config.poolInitial / RESERVED_PART
    private val starving = ArrayDeque<PeerChannel>()
    private val sharedMax = config.poolMax
    private var channelsCount = 0
    val turns = SendTurns(worker)

    @Volatile
    private var isReported = false

    private var isClosed = false

    val isHere: Boolean get() = worker.isCurrent
    val count: Int get() = pool.count()

    /**
     * Whether more is under way than is kept anyway: then who sends waits with [UNSENT_WHEN_SHORT] messages unsent, for
     * which there is room in the pool, and not only with `channelMessagesMax`, for which there is none.
     */
    val isShort: Boolean get() = missingCount >= sharedMax

    /** Given out and not come back; negative when the program has put its own messages in. */
    var missingCount = 0
        private set

    fun take(strategy: PoolStrategy): Message? {
        // A program that sends much at once must not take the messages that its answers are received into.
        val isForSending = strategy == PoolStrategy.ALWAYS && pool.count() <= reservedCount
        val taken = (if (isForSending) pool.takeNew() else pool.take(strategy)) ?: return null
        missingCount++
        return taken
    }

    /** One more channel sends here. What all of them may have unsent is kept, or each message would be a new one. */
    fun serve() {
        channelsCount++
        keep()
    }

    /** A channel that was served has ended. */
    fun leave(channel: PeerChannel) {
        channelsCount--
        keep()
        forget(channel)
    }

    private fun keep() = pool.keep(sharedMax + reservedCount + channelsCount * UNSENT_WHEN_SHORT)

    override fun putBack(envelope: Envelope) {
        if (isHere) put(envelope) else envelope.putBackAt(worker)
    }

    /** Takes a message that is another's, because this one has none. Any thread. */
    fun adopt(envelope: Envelope) {
        envelope.home = this
        putBack(envelope)
    }

    private fun put(envelope: Envelope) {
        missingCount--
        if (isClosed) return
        pool.put(envelope.message())
        if (starving.isNotEmpty()) worker.atEndOfTurn(this)
    }

    /** [channel] has found no message; it is called when there are some. */
    fun starve(channel: PeerChannel) {
        if (channel !in starving) starving.addLast(channel)
        worker.atEndOfTurn(this)
    }

    fun forget(channel: PeerChannel) {
        starving.remove(channel)
    }

    fun close() {
        isClosed = true
        pool.clear()
        starving.clear()
    }

    /** What [endOfTurn] says of an empty pool was received: it may be said again. Any thread. */
    fun reportReceived() {
        isReported = false
    }

    // At the end of the turn and not at once: most often the program gives messages back in the same turn, and then
    // nobody has waited. By turns, so that one channel with much to say does not take all.
    override fun endOfTurn() {
        var rounds = starving.size
        while (rounds-- > 0 && pool.count() > 0) starving.removeFirst().feed()
        val isEmpty = starving.isNotEmpty() && pool.count() == 0
        if (isEmpty && !isReported && !isClosed) {
            isReported = true
            group.reportPoolEmpty(starving.first().number, this)
        }
    }

    companion object {
        /**
         * Messages that a channel may have unsent while its shelf is short. With so many a send costs each of them little;
         * more, of many channels at once, would only be colder memory.
         */
        const val UNSENT_WHEN_SHORT = 32

        // Of the first messages, those that only receiving takes: a quarter still takes what a turn brings of most channels.
        private const val RESERVED_PART = 4
    }
}

/** The messages of a group for threads that are no workers: rarely asked, so a lock will do. */
internal class OutsideShelf(
    config: EngineConfig,
) : MessageHome {
    private val pool = MessagePool(0, config.poolMax, config.poolKeptBytesMax) { Envelope(it, this) }

    @Synchronized
    fun take(strategy: PoolStrategy): Message? = pool.take(strategy)

    @Synchronized
    override fun putBack(envelope: Envelope) {
        pool.put(envelope.message())
    }
}

/** Runs [task] on this worker; false when it has stopped, and with it whatever [task] was about. */
internal fun Worker.tryExecute(task: Runnable): Boolean =
    try {
        execute(task)
        true
    } catch (_: RejectedExecutionException) {
        false
    }
