package dev.uring.redis.server

import dev.uring.bytes.ByteSink
import dev.uring.bytes.ByteView
import dev.uring.codec.DecodeStatus
import dev.uring.redis.codec.RespReplyEncoder
import dev.uring.redis.codec.RespRequestDecoder
import dev.uring.redis.store.KeyHash
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive

/**
 * One connection's conversation without its I/O: requests in, replies out, commands run where their keys are.
 *
 * Commands of this worker run at once and write straight into the send queue. The first command for another worker
 * changes that: it joins the batch for its worker, and from then on replies wait in a [ReplyAssembly] until all batches
 * of this arrival are home; then they go out in the order of the requests. Meanwhile nothing more is read.
 *
 * *Invariant:* the commands of one connection run in its order on each worker, and so for each key; one that spans
 * workers runs on each of them in its place. Replies are in the order of the requests.
 *
 * *Rejected:* a barrier before and after commands that span workers. It would cost each of them two round trips and give
 * nothing to build on. A client that waits for a reply before it goes on sees its commands take effect one after the
 * other, with or without; for one that does not wait, other clients may see effects on different workers in either
 * order, with or without.
 *
 * Whoever drives it calls [execute] when bytes have come, and then does what [step] says. Thread: the connection's
 * worker.
 */
internal class RespSession<S>(
    private val core: RespServerCore<S>,
    private val side: WorkerSide<S>,
    private val output: Output,
    private val client: RespClient,
) : RespReply.Overflow,
    AutoCloseable {
    /** Where replies go. */
    interface Output {
        val sink: ByteSink

        /** Whether the client has read enough of what it was sent for more to be written. */
        fun hasRoom(): Boolean
    }

    /** What the session needs next. */
    enum class Step {
        /** More input: [execute]. */
        READ,

        /** That no batch [isAway]; then [splice]. */
        AWAIT,

        /** [splice]. */
        SPLICE,

        /** That the output has room; then [splice]. */
        ROOM,

        /** [runSuspended]. */
        SUSPENDED,

        /** The end of the connection, in order; with a report, if there is a [failure]. */
        CLOSE,
    }

    private val decoder = RespRequestDecoder(core.limits)
    private val replies = ReplyAssembly(core, side)
    private var owners = NO_OWNERS
    private var isEnding = false
    private var isHeldUp = false
    private var suspended: RespCommand<S>? = null

    var step = Step.READ
        private set

    /** What ended the session unexpectedly. */
    var failure: Throwable? = null
        private set

    val isAway: Boolean get() = replies.isAway

    /** Called on this worker when no batch is away any more. */
    var whenHome: Runnable?
        get() = replies.whenHome
        set(value) {
            replies.whenHome = value
        }

    /** Runs the complete requests in [bytes] and returns how many bytes are consumed. */
    fun execute(bytes: ByteView): Int {
        var at = 0
        isHeldUp = false
        do {
            val status = decoder.decode(bytes, at)
            at += decoder.consumedBytes()
            if (status == DecodeStatus.NEED_MORE) break
            if (status == DecodeStatus.DONE) run() else refuse()
        } while (at < bytes.size() && !isStopping())
        step = if (replies.isEmpty) nextStep() else sendStep()
        return at
    }

    /** Puts waiting replies into the output as far as there is room. */
    fun splice() {
        step =
            when (replies.splice(output)) {
                ReplyAssembly.Splice.FULL -> {
                    Step.ROOM
                }

                ReplyAssembly.Splice.AWAY -> {
                    if (replies.isAway) Step.AWAIT else Step.SPLICE
                }

                ReplyAssembly.Splice.DONE -> {
                    replies.failure?.let(::endWith)
                    nextStep()
                }
            }
    }

    /** Runs the handler that may suspend. Its arguments stay where they are meanwhile. */
    suspend fun runSuspended() {
        val command = checkNotNull(suspended)
        suspended = null
        val handler = (command.routing as Routing.Suspending<S>).handler
        val call = RespCall(side)
        call.begin(command, decoder, client)
        call.reply.begin(replies.staged, client.protocol, null)
        var thrown: Throwable? = null
        try {
            call.handler()
        } catch (error: Throwable) {
            // A cancellation of this coroutine ends it; any other, say a timeout of the handler's own, is a failure.
            currentCoroutineContext().ensureActive()
            thrown = error
        }
        val failed = call.settle(thrown)
        call.end()
        replies.endLocal()
        if (client.isClosing) isEnding = true
        if (failed != null) endWith(failed)
        step = Step.SPLICE
    }

    /** Frees memory. No batch may be away. */
    override fun close() {
        decoder.close()
        replies.clear()
    }

    // Reasons not to look at the next request before the present ones are answered.
    private fun isStopping(): Boolean = isEnding || isHeldUp || suspended != null || replies.isLong || !output.hasRoom()

    private fun sendStep(): Step = if (replies.send()) Step.AWAIT else Step.SPLICE

    private fun nextStep(): Step =
        when {
            isEnding -> Step.CLOSE
            suspended != null -> Step.SUSPENDED
            !output.hasRoom() -> Step.ROOM
            else -> Step.READ
        }

    private fun endWith(cause: Throwable) {
        failure = cause
        isEnding = true
    }

    private fun refuse() {
        replyError("ERR ${decoder.errorText()}")
        isEnding = true
    }

    private fun run() {
        val command = find() ?: return
        if (!command.accepts(decoder.argumentsCount())) {
            replyError(command.wrongArity)
            return
        }
        when (val routing = command.routing) {
            is Routing.Connection -> {
                runHere(command, client)
            }

            is Routing.Key -> {
                runOn(ownerOf(routing.position), command)
            }

            is Routing.Keys -> {
                runSplit(command, routing)
            }

            is Routing.Everywhere -> {
                runEverywhere(command, routing.merge)
            }

            is Routing.Chosen -> {
                runChosen(command, routing)
            }

            is Routing.Suspending -> {
                decoder.detach()
                suspended = command
            }
        }
    }

    private fun find(): RespCommand<S>? {
        val bytes = decoder.arguments()
        val command = core.commands.find(bytes, decoder.argumentFrom(0), decoder.argumentBytes(0))
        if (command == null) {
            replyError(UnknownCommand.error(decoder))
            return null
        }
        val subcommands = command.subcommands
        if (subcommands == null || decoder.argumentsCount() == 1) return command
        val subcommand = subcommands.find(bytes, decoder.argumentFrom(1), decoder.argumentBytes(1))
        if (subcommand == null) replyError(UnknownCommand.subcommandError(decoder, command.name))
        return subcommand
    }

    private fun ownerOf(position: Int): Int {
        if (core.workersCount == 1) return 0
        val hash = KeyHash.of(decoder.arguments(), decoder.argumentFrom(position), decoder.argumentBytes(position))
        return KeyHash.owner(hash, core.workersCount)
    }

    private fun runOn(
        worker: Int,
        command: RespCommand<S>,
    ) {
        if (worker == side.index) {
            runHere(command, null)
        } else {
            replies.addRemote(worker, command, decoder, client.protocol)
        }
    }

    private fun runHere(
        command: RespCommand<S>,
        clientIfAny: RespClient?,
    ) {
        val protocol = client.protocol
        val isDirect = replies.isEmpty
        val sink = if (isDirect) output.sink else replies.staged
        val failed = side.call.run(command, decoder, clientIfAny, sink, protocol, if (isDirect) this else null)
        if (!isDirect || replies.staged.size > 0) replies.endLocal()
        // A batch is written in one protocol: the next command waits until those with the old one are through.
        if (client.protocol != protocol) isHeldUp = true
        if (client.isClosing) isEnding = true
        if (failed != null) endWith(failed)
    }

    /** A reply has become too long for the send queue: the rest of it waits. */
    override fun divert(): ByteSink = replies.staged

    private fun runSplit(
        command: RespCommand<S>,
        keys: Routing.Keys<S>,
    ) {
        val until = keys.last + 1 + if (keys.last < 0) decoder.argumentsCount() else 0
        val keysCount = (until - keys.first) / keys.step
        if (keysCount < 1 || (until - keys.first) % keys.step != 0) {
            replyError(command.wrongArity)
            return
        }
        val ownersCount = if (core.workersCount == 1) 1 else keysCount
        if (owners.size < ownersCount) owners = IntArray(ownersCount)
        var isSplit = false
        for (i in 0 until ownersCount) {
            owners[i] = ownerOf(keys.first + i * keys.step)
            isSplit = isSplit || owners[i] != owners[0]
        }
        if (isSplit) {
            replies.addSplit(command, decoder, keys, owners, keysCount, client.protocol)
        } else {
            runOn(owners[0], command)
        }
        if (owners.size > OWNERS_KEPT_MAX) owners = NO_OWNERS
    }

    private fun runEverywhere(
        command: RespCommand<S>,
        merge: Merge,
    ) {
        if (core.workersCount ==
            1
        ) {
            runHere(command, null)
        } else {
            replies.addEverywhere(command, decoder, merge, client.protocol)
        }
    }

    private fun runChosen(
        command: RespCommand<S>,
        routing: Routing.Chosen<S>,
    ) {
        val call = side.call
        var worker = 0
        call.begin(command, decoder, null)
        val failed =
            try {
                worker = routing.choose(call)
                null
            } catch (error: Throwable) {
                error
            }
        call.end()
        when {
            failed is RespError -> replyError(failed)
            failed != null -> endWith(failed)
            worker in 0 until core.workersCount -> runOn(worker, command)
            else -> endWith(noSuchWorker(command, worker))
        }
    }

    private fun noSuchWorker(
        command: RespCommand<S>,
        worker: Int,
    ) = IndexOutOfBoundsException(
        "command '${command.name}' chose worker $worker, but there are ${core.workersCount}: " +
            "take the remainder by workersCount",
    )

    private fun replyError(error: RespError) = replyError(error.message.orEmpty())

    private fun replyError(text: String) {
        if (replies.isEmpty) {
            RespReplyEncoder.error(output.sink, text)
        } else {
            RespReplyEncoder.error(replies.staged, text)
            replies.endLocal()
        }
    }

    private companion object {
        const val OWNERS_KEPT_MAX = 4096
        val NO_OWNERS = IntArray(0)
    }
}
