package dev.uring.redis.server

import dev.uring.bytes.ByteView
import dev.uring.redis.codec.RespReplyEncoder
import dev.uring.redis.codec.RespReplyFrame

/**
 * Makes one reply of several workers' replies to their parts of a command.
 *
 * The parts are encoded replies of our own handlers; they are read only as far as their frames, never decoded.
 */
internal class ReplyMerger<S> {
    private val frame = RespReplyFrame()
    private val merged = GrowingSink()

    // By worker: where the next element of its array begins.
    private var elementFrom = IntArray(0)

    /** Merges the replies taken last from the batches of the present item of [plan]. Valid until the next call. */
    fun merge(
        plan: ReplyPlan,
        batches: Array<ShardBatch<S>?>,
    ): ByteView {
        merged.clear()
        val odd = firstPartNotOfKind(plan, batches)
        if (odd != null) {
            merged.putView(odd.repliesView(), odd.replyFrom, odd.replyUntil - odd.replyFrom)
        } else {
            when (plan.merge) {
                Merge.SUM -> sum(plan, batches)
                Merge.EACH -> each(plan, batches)
                Merge.CONCAT -> concat(plan, batches)
                Merge.SAME -> Unit
            }
        }
        return merged.view()
    }

    fun clear() = merged.clear()

    // A part that is not what the merge expects is the reply: nearly always an error. For SAME any part will do.
    private fun firstPartNotOfKind(
        plan: ReplyPlan,
        batches: Array<ShardBatch<S>?>,
    ): ShardBatch<S>? {
        val expected =
            when (plan.merge) {
                Merge.SUM -> ':'
                Merge.EACH, Merge.CONCAT -> '*'
                Merge.SAME -> '+'
            }.code
        var anyPart: ShardBatch<S>? = null
        for (i in 0 until plan.ownersCount) {
            val batch = batches[plan.owner(i)]!!
            anyPart = batch
            if (batch.repliesView().get(batch.replyFrom).toInt() != expected) return batch
        }
        return if (plan.merge == Merge.SAME) anyPart else null
    }

    private fun sum(
        plan: ReplyPlan,
        batches: Array<ShardBatch<S>?>,
    ) {
        var sum = 0L
        for (i in 0 until plan.ownersCount) {
            val batch = batches[plan.owner(i)]!!
            sum += frame.number(batch.repliesView(), batch.replyFrom)
        }
        RespReplyEncoder.integer(merged, sum)
    }

    private fun each(
        plan: ReplyPlan,
        batches: Array<ShardBatch<S>?>,
    ) {
        if (elementFrom.size < batches.size) elementFrom = IntArray(batches.size)
        elementFrom.fill(0)
        RespReplyEncoder.array(merged, plan.ownersCount.toLong())
        for (i in 0 until plan.ownersCount) {
            val owner = plan.owner(i)
            val batch = batches[owner]!!
            val replies = batch.repliesView()
            val from = if (elementFrom[owner] == 0) afterHeader(replies, batch.replyFrom) else elementFrom[owner]
            val until = if (from < batch.replyUntil) frame.end(replies, from) else -1
            check(until in from..batch.replyUntil) {
                "a handler of a command with Merge.EACH answered with fewer elements than it had keys: " +
                    "write reply.array(keysCount) and one value for each key"
            }
            merged.putView(replies, from, until - from)
            elementFrom[owner] = until
        }
    }

    private fun concat(
        plan: ReplyPlan,
        batches: Array<ShardBatch<S>?>,
    ) {
        var elements = 0L
        for (i in 0 until plan.ownersCount) {
            val batch = batches[plan.owner(i)]!!
            elements += frame.number(batch.repliesView(), batch.replyFrom).coerceAtLeast(0)
        }
        RespReplyEncoder.array(merged, elements)
        for (i in 0 until plan.ownersCount) {
            val batch = batches[plan.owner(i)]!!
            val replies = batch.repliesView()
            val from = afterHeader(replies, batch.replyFrom)
            merged.putView(replies, from, batch.replyUntil - from)
        }
    }

    private fun afterHeader(
        replies: ByteView,
        from: Int,
    ): Int = replies.indexOf('\n'.code.toByte(), from) + 1
}
