package dev.uring.redis.server

import dev.uring.bytes.ByteView
import dev.uring.redis.codec.RespArguments
import java.util.concurrent.RejectedExecutionException

/**
 * The replies to one arrival while some of them come about on other workers: batches that go there, replies of this
 * worker that have to wait for them, and the order in which all go out.
 *
 * Empty nearly always: as long as every command belongs to this worker, replies go straight to the connection.
 *
 * Thread: the connection's worker.
 */
internal class ReplyAssembly<S>(
    private val core: RespServerCore<S>,
    private val side: WorkerSide<S>,
) : ShardBatch.Home<S> {
    /** How far [splice] came. */
    enum class Splice {
        DONE,

        /** The output has no room at present. */
        FULL,

        /** Commands that had to wait for their turn have gone to their workers. */
        AWAY,
    }

    private val plan = ReplyPlan()
    private val batches = arrayOfNulls<ShardBatch<S>>(core.workersCount)
    private var mergerIfAny: ReplyMerger<S>? = null
    private var batchedBytes = 0L
    private var batchesAway = 0
    private var splitNumber = 0
    private var stagedTaken = 0
    private var parts = NO_PARTS

    // What is being copied to the output.
    private var piece: ByteView? = null
    private var pieceFrom = 0
    private var pieceUntil = 0

    /** Where replies of this worker wait; [endLocal] puts them in their place. */
    val staged = GrowingSink()

    /** Called on this worker when no batch is away any more. */
    var whenHome: Runnable? = null

    /** What ended a command unexpectedly: no reply behind that of the command goes out. */
    var failure: Throwable? = null
        private set

    val isEmpty: Boolean get() = plan.isEmpty
    val isAway: Boolean get() = batchesAway > 0

    /** Whether so much is waiting that it should go out before more is added. */
    val isLong: Boolean get() = plan.isLong || batchedBytes + staged.size > WAITING_BYTES_MAX

    /** Notes that what has been [staged] since the last note is a reply, or several. */
    fun endLocal() = plan.addLocal(staged.size)

    /** Has [worker] run a command of [protocol]. */
    fun addRemote(
        worker: Int,
        command: RespCommand<S>,
        arguments: RespArguments,
        protocol: Int,
    ) {
        val batch = batch(worker, protocol)
        batch.beginCommand(command)
        batch.addArguments(arguments, 0, arguments.argumentsCount())
        plan.addWorker(worker)
        batchedBytes += COMMAND_BYTES + arguments.totalBytes()
    }

    /** Has each worker in [owners] run a command with those of [keysCount] keys from [first] on that it owns. */
    fun addSplit(
        command: RespCommand<S>,
        arguments: RespArguments,
        keys: Routing.Keys<S>,
        owners: IntArray,
        keysCount: Int,
        protocol: Int,
    ) {
        splitNumber++
        if (parts.size < core.workersCount) parts = IntArray(core.workersCount)
        var partsCount = 0
        for (i in 0 until keysCount) {
            val batch = batch(owners[i], protocol)
            if (batch.splitNumber != splitNumber) {
                batch.splitNumber = splitNumber
                batch.beginCommand(command)
                batch.addArguments(arguments, 0, keys.first)
                parts[partsCount++] = owners[i]
            }
            val position = keys.first + i * keys.step
            batch.addArguments(arguments, position, position + keys.step)
        }
        val behindKeys = keys.first + keysCount * keys.step
        for (i in 0 until partsCount) {
            batch(parts[i], protocol).addArguments(arguments, behindKeys, arguments.argumentsCount())
        }
        if (keys.merge == Merge.EACH) {
            plan.addMerge(keys.merge, owners, keysCount)
        } else {
            plan.addMerge(keys.merge, parts, partsCount)
        }
        runOwnPart()
        batchedBytes += COMMAND_BYTES * partsCount + arguments.totalBytes()
    }

    /** Has every worker run a command. */
    fun addEverywhere(
        command: RespCommand<S>,
        arguments: RespArguments,
        merge: Merge,
        protocol: Int,
    ) {
        if (parts.size < core.workersCount) parts = IntArray(core.workersCount)
        for (worker in 0 until core.workersCount) {
            parts[worker] = worker
            val batch = batch(worker, protocol)
            batch.beginCommand(command)
            batch.addArguments(arguments, 0, arguments.argumentsCount())
        }
        plan.addMerge(merge, parts, core.workersCount)
        runOwnPart()
        batchedBytes += (COMMAND_BYTES + arguments.totalBytes()) * core.workersCount
    }

    // Now and not with the others: the next command of this worker runs as soon as it is parsed.
    private fun runOwnPart() {
        batches[side.index]?.executeWaiting(Int.MAX_VALUE)
    }

    /** Sends the batches off; returns whether there are any. */
    fun send(): Boolean {
        for (worker in batches.indices) {
            if (worker != side.index) batches[worker]?.let { send(worker, it) }
        }
        return isAway
    }

    private fun send(
        worker: Int,
        batch: ShardBatch<S>,
    ) {
        batchesAway++
        batch.beginJourney()
        try {
            core.execute(worker, batch)
        } catch (rejection: RejectedExecutionException) {
            batchesAway--
            failure = rejection
            plan.endHere()
        }
    }

    override fun executeAtHome(task: Runnable) = core.execute(side.index, task)

    override fun batchIsHome(batch: ShardBatch<S>) {
        batchesAway--
        if (batchesAway == 0) whenHome?.run()
    }

    /** Copies replies to [output] in their order, as long as it has room. */
    fun splice(output: RespSession.Output): Splice {
        while (true) {
            if (!copyPiece(output)) return Splice.FULL
            if (!plan.next()) break
            if (!takePiece()) {
                plan.again()
                return Splice.AWAY
            }
        }
        clear()
        return Splice.DONE
    }

    // In pieces, so that a reply of hundreds of megabytes goes out as the client reads it.
    private fun copyPiece(output: RespSession.Output): Boolean {
        val view = piece ?: return true
        while (pieceFrom < pieceUntil) {
            if (!output.hasRoom()) return false
            val count = minOf(pieceUntil - pieceFrom, PIECE_BYTES_MAX)
            output.sink.putView(view, pieceFrom, count)
            pieceFrom += count
        }
        piece = null
        return true
    }

    private fun takePiece(): Boolean {
        when (plan.kind) {
            ReplyPlan.Kind.LOCAL -> {
                setPiece(staged.view(), stagedTaken, plan.value)
                stagedTaken = plan.value
            }

            ReplyPlan.Kind.WORKER -> {
                val batch = batches[plan.value]!!
                if (!hasReply(plan.value, batch)) return false
                take(batch)
                setPiece(batch.repliesView(), batch.replyFrom, batch.replyUntil)
            }

            ReplyPlan.Kind.MERGE -> {
                return takeMerged()
            }
        }
        return true
    }

    private fun takeMerged(): Boolean {
        var areAllThere = true
        splitNumber++
        for (i in 0 until plan.ownersCount) {
            val batch = batches[plan.owner(i)]!!
            if (batch.splitNumber == splitNumber) continue // EACH names a worker once for each key
            batch.splitNumber = splitNumber
            areAllThere = hasReply(plan.owner(i), batch) && areAllThere
        }
        if (!areAllThere) return false
        splitNumber++
        for (i in 0 until plan.ownersCount) {
            val batch = batches[plan.owner(i)]!!
            if (batch.splitNumber == splitNumber) continue
            batch.splitNumber = splitNumber
            take(batch)
        }
        val merger = mergerIfAny ?: ReplyMerger<S>().also { mergerIfAny = it }
        val merged = merger.merge(plan, batches)
        setPiece(merged, 0, merged.size())
        return true
    }

    // A worker stops when it has run up a large amount of replies; the rest of its batch goes out once they are taken.
    private fun hasReply(
        worker: Int,
        batch: ShardBatch<S>,
    ): Boolean {
        if (batch.hasReply) return true
        send(worker, batch)
        return false
    }

    private fun take(batch: ShardBatch<S>) {
        batch.takeReply()
        if (batch.isAtFailure) {
            failure = batch.failure
            plan.endHere()
        }
    }

    private fun setPiece(
        view: ByteView,
        from: Int,
        until: Int,
    ) {
        piece = view
        pieceFrom = from
        pieceUntil = until
    }

    /** Lets go of everything. No batch may be away. */
    fun clear() {
        piece = null
        plan.clear()
        staged.clear()
        mergerIfAny?.clear()
        stagedTaken = 0
        batchedBytes = 0
        for (worker in batches.indices) {
            batches[worker]?.let(side::giveBack)
            batches[worker] = null
        }
    }

    private fun batch(
        worker: Int,
        protocol: Int,
    ): ShardBatch<S> =
        batches[worker] ?: side.takeBatch().also {
            it.reset(core.side(worker), this, protocol)
            batches[worker] = it
        }

    private fun RespArguments.totalBytes(): Long {
        val last = argumentsCount() - 1
        return (argumentFrom(last) + argumentBytes(last) - argumentFrom(0)).toLong()
    }

    private companion object {
        // What one arrival may have waiting here before its replies go out: as much as a send queue may hold.
        const val WAITING_BYTES_MAX = 256L shl 10
        const val COMMAND_BYTES = 32L
        const val PIECE_BYTES_MAX = 64 shl 10
        val NO_PARTS = IntArray(0)
    }
}
