package dev.uring.redis.server

import dev.uring.bytes.ByteView
import dev.uring.redis.codec.RespArguments
import java.util.concurrent.RejectedExecutionException

/**
 * Commands of one arrival on one connection that belong to another worker: they travel there together, run there, and
 * come home with their replies.
 *
 * One message each way however many commands there are, for a message may have to wake a sleeping thread. The arguments
 * are copied once, because the bytes they were parsed in belong to the connection. The batch is its own task in both
 * directions, and is used again: in the long run a round trip allocates nothing.
 *
 * Owner: the worker of the connection, except between [beginJourney] and [Home.batchIsHome], when the other worker has it. The
 * mailboxes order the two.
 */
internal class ShardBatch<S> :
    Runnable,
    RespArguments {
    /** Where a batch came from and returns to. */
    interface Home<S> {
        /** Runs [task] on the worker that the batch came from. */
        fun executeAtHome(task: Runnable)

        fun batchIsHome(batch: ShardBatch<S>)
    }

    private enum class Phase { HERE, GOING, RETURNING }

    private val requests = GrowingSink()
    private val replies = GrowingSink()
    private var phase = Phase.HERE
    private var home: Home<S>? = null
    private var owner: WorkerSide<S>? = null
    private var protocol = 2

    // Command i has the arguments starts[i] until starts[i + 1]; argument j is spans[2j] and spans[2j + 1], its position
    // and size; the reply of command i ends at ends[i].
    private var commands = arrayOfNulls<RespCommand<S>>(8)
    private var starts = IntArray(9)
    private var ends = IntArray(8)
    private var spans = IntArray(64)
    private var spansUsed = 0
    private var commandsCount = 0
    private var current = 0
    private var view: ByteView? = null

    /** Which split command this batch has a part of already; for the use of [ReplyAssembly]. */
    var splitNumber = 0

    private var executedCount = 0
    private var takenCount = 0

    /** What ended the last command that ran unexpectedly; nothing runs after it. */
    var failure: Throwable? = null
        private set

    fun reset(
        owner: WorkerSide<S>,
        home: Home<S>,
        protocol: Int,
    ) {
        this.owner = owner
        this.home = home
        this.protocol = protocol
    }

    fun beginCommand(command: RespCommand<S>) {
        if (commandsCount == commands.size) {
            commands = commands.copyOf(2 * commandsCount)
            starts = starts.copyOf(2 * commandsCount + 1)
            ends = ends.copyOf(2 * commandsCount)
        }
        commands[commandsCount++] = command
        starts[commandsCount] = starts[commandsCount - 1]
    }

    /** Copies arguments [from] until [until] of [arguments] to the end of the command begun last. */
    fun addArguments(
        arguments: RespArguments,
        from: Int,
        until: Int,
    ) {
        for (i in from until until) {
            if (spansUsed + 2 > spans.size) spans = spans.copyOf(2 * spans.size)
            val bytes = arguments.argumentBytes(i)
            spans[spansUsed++] = requests.size
            spans[spansUsed++] = bytes
            requests.putView(arguments.arguments(), arguments.argumentFrom(i), bytes)
            starts[commandsCount]++
        }
    }

    /** Hands the batch over: from now on it is a task for its worker. */
    fun beginJourney() {
        phase = Phase.GOING
    }

    override fun run() {
        if (phase == Phase.GOING) {
            executeWaiting(REPLIES_BYTES_MAX)
            phase = Phase.RETURNING
            try {
                home!!.executeAtHome(this)
            } catch (_: RejectedExecutionException) {
                // The worker it came from has stopped, and with it the connection that waits.
                return
            }
        } else {
            phase = Phase.HERE
            home!!.batchIsHome(this)
        }
    }

    /** Runs commands until all have run, one has failed, or [replyBytesMax] are waiting. On the owner's worker. */
    fun executeWaiting(replyBytesMax: Int) {
        val side = owner!!
        if (takenCount == executedCount) {
            replies.clear()
            replyUntil = 0
        }
        view = requests.view()
        while (executedCount < commandsCount && replies.size < replyBytesMax && failure == null) {
            current = executedCount
            failure = side.call.run(commands[current]!!, this, null, replies, protocol, null)
            ends[executedCount++] = replies.size
        }
        view = null
    }

    /** Moves on to the next reply: [replyFrom] until [replyUntil] of [repliesView]. Only while there [hasReply]. */
    fun takeReply() {
        replyFrom = replyUntil
        replyUntil = ends[takenCount++]
    }

    /** Whether the next command in line has been executed. */
    val hasReply: Boolean get() = takenCount < executedCount

    /** Whether the reply taken last is that of the command that failed. */
    val isAtFailure: Boolean get() = failure != null && takenCount == executedCount

    var replyFrom = 0
        private set
    var replyUntil = 0
        private set

    fun repliesView(): ByteView = replies.view()

    fun clear() {
        phase = Phase.HERE
        requests.clear()
        replies.clear()
        commands.fill(null, 0, commandsCount)
        owner = null
        home = null
        failure = null
        spansUsed = 0
        commandsCount = 0
        executedCount = 0
        takenCount = 0
        replyUntil = 0
        splitNumber = 0
        if (spans.size > SPANS_KEPT_MAX) {
            commands = arrayOfNulls(8)
            starts = IntArray(9)
            ends = IntArray(8)
            spans = IntArray(64)
        }
    }

    override fun arguments(): ByteView = view!!

    override fun argumentsCount(): Int = starts[current + 1] - starts[current]

    override fun argumentFrom(index: Int): Int = spans[2 * span(index)]

    override fun argumentBytes(index: Int): Int = spans[2 * span(index) + 1]

    private fun span(index: Int): Int {
        if (index !in
            0 until argumentsCount()
        ) {
            throw IndexOutOfBoundsException("argument $index of ${argumentsCount()}")
        }
        return starts[current] + index
    }

    private companion object {
        // Replies beyond this wait for the next round trip, so that a client which pipelines and does not read makes the
        // other worker hold no more than the connection itself may queue.
        const val REPLIES_BYTES_MAX = 256 shl 10
        const val SPANS_KEPT_MAX = 4096
    }
}
