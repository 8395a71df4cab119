package dev.uring.message

import dev.uring.message.codec.Message
import dev.uring.worker.Worker
import kotlinx.coroutines.CancellationException
import kotlin.coroutines.Continuation

/** A coroutine that waits for a response. */
internal class PendingRequest(
    worker: Worker,
    private val requests: PendingRequests,
) : ValueSlot<Message>(worker) {
    var id = 0L
    var channel = 0
    var isSettled = false

    /** The response, from its arrival until the coroutine goes on. */
    var response: Envelope? = null

    /** In the list of those that are settled. */
    var nextSettled: PendingRequest? = null

    override fun cancelled() = requests.giveUp(this)

    override fun expired() = error("a request has no time limit of its own")
}

/**
 * The coroutines of a group that wait for responses, by the id of their requests.
 *
 * An open table of a power of two; a chain is looked through from the id's own place on. An id is mostly one more than
 * the one before, so places are next to each other and chains are short.
 *
 * Thread: the group's home.
 */
internal class PendingRequests(
    private val worker: Worker,
) {
    private var table = arrayOfNulls<PendingRequest>(INITIAL_SIZE)
    private var count = 0
    private val free = SlotRack { PendingRequest(worker, this) }
    private var settledFirst: PendingRequest? = null
    private var settledLast: PendingRequest? = null

    val isEmpty: Boolean get() = count == 0

    /** Suspends [continuation] until the response comes; throws at once when it is cancelled already. */
    fun park(
        id: Long,
        channel: Int,
        continuation: Continuation<Message>,
    ) {
        val request = free.take(continuation.context)
        try {
            request.park(continuation, ValueSlot.FOREVER)
        } catch (cancelled: CancellationException) {
            free.giveBack(request)
            throw cancelled
        }
        request.id = id
        request.channel = channel
        add(request)
    }

    /** All that wait hear of [cause] instead. Only from the loop's top level. */
    fun failAll(cause: Throwable) {
        resumeSettled()
        for (request in waiting()) {
            giveUp(request)
            request.fail(cause)
        }
    }

    private fun add(request: PendingRequest) {
        if (count * 2 >= table.size) grow()
        insert(table, request)
        request.isSettled = false
        count++
    }

    /** Takes the request out that [envelope] answers, and says whether there was one. */
    fun settle(envelope: Envelope): Boolean {
        if (count == 0) return false
        val found = remove(envelope.messageId, envelope.number) ?: return false
        found.response = envelope
        found.isSettled = true
        val before = settledLast
        if (before == null) settledFirst = found else before.nextSettled = found
        settledLast = found
        return true
    }

    /** Continues the coroutines whose responses have come. Only from the loop's top level. */
    fun resumeSettled() {
        while (true) {
            val request = settledFirst ?: return
            settledFirst = request.nextSettled
            if (settledFirst == null) settledLast = null
            request.nextSettled = null
            val envelope = request.response ?: continue
            request.response = null
            val message = envelope.give()
            free.giveBack(request)
            request.resume(message)
        }
    }

    val hasSettled: Boolean get() = settledFirst != null

    /** The channel has ended: what waits for it is answered by [answer], but for those with an id of [kept]. */
    fun settleChannel(
        channel: Int,
        kept: Set<Long>,
        answer: (PendingRequest) -> Envelope,
    ) {
        if (isEmpty) return
        for (request in waiting()) if (request.channel == channel && request.id !in kept) settle(answer(request))
    }

    private fun waiting(): List<PendingRequest> = table.filterNotNull()

    /** The coroutine was cancelled: its response, should it come, is one like any other. */
    fun giveUp(request: PendingRequest) {
        val response = request.response
        if (request.isSettled && response != null) {
            request.response = null
            response.putBack()
        } else {
            remove(request.id, request.channel)
        }
    }

    private fun remove(
        id: Long,
        channel: Int,
    ): PendingRequest? {
        val mask = table.size - 1
        var at = id.toInt() and mask
        while (true) {
            val here = table[at] ?: return null
            if (here.id == id && here.channel == channel) {
                close(at)
                count--
                return here
            }
            at = at + 1 and mask
        }
    }

    // Moves those of the chain behind the gap that may stand in it, so that no chain is cut.
    private fun close(gap: Int) {
        val mask = table.size - 1
        var free = gap
        var at = gap
        table[free] = null
        while (true) {
            at = at + 1 and mask
            val here = table[at] ?: return
            val own = here.id.toInt() and mask
            if ((at - own and mask) >= (at - free and mask)) {
                table[free] = here
                table[at] = null
                free = at
            }
        }
    }

    private fun grow() {
        val larger = arrayOfNulls<PendingRequest>(table.size * 2)
        for (request in table) if (request != null) insert(larger, request)
        table = larger
    }

    private fun insert(
        into: Array<PendingRequest?>,
        request: PendingRequest,
    ) {
        val mask = into.size - 1
        var at = request.id.toInt() and mask
        while (into[at] != null) at = at + 1 and mask
        into[at] = request
    }

    private companion object {
        const val INITIAL_SIZE = 64
    }
}
