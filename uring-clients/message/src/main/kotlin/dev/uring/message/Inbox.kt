package dev.uring.message

import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageRole
import dev.uring.worker.Worker
import kotlin.coroutines.Continuation

/**
 * What has come for a group's program, and the coroutines that wait for it.
 *
 * Thread: the group's home.
 */
internal class Inbox(
    private val home: Worker,
) {
    private val urgent = EnvelopeQueue()
    private val queue = EnvelopeQueue()
    private val receiver = Receiver()
    private var isWakeQueued = false
    private var isClosed = false
    private val wakeTask = Runnable { wakeQueued() }
    val pending = PendingRequests(home)

    /** Takes a message for the program; [wakeNow] or [wakeLater] follows. */
    fun deliver(envelope: Envelope) {
        val mayAnswer = envelope.isOfEngine || envelope.kind?.role() == MessageRole.RESPONSE
        when {
            mayAnswer && pending.settle(envelope) -> return
            isClosed -> envelope.putBack()
            envelope.isFirst -> urgent.add(envelope)
            else -> queue.add(envelope)
        }
    }

    /** Takes back what nobody could be given: it comes first again. */
    fun unreceive(envelope: Envelope) {
        if (isClosed) return envelope.putBack()
        queue.addFirst(envelope)
        wakeNow()
    }

    /** Continues whoever waits. Only from the loop's top level. */
    fun wakeNow() {
        pending.resumeSettled()
        if (receiver.isOccupied) receiver.received(poll() ?: return)
    }

    /** As [wakeNow], soon: a program's own call has brought something and must not be entered by another coroutine. */
    fun wakeLater() {
        if (isWakeQueued || (!receiver.isOccupied && !pending.hasSettled)) return
        isWakeQueued = home.tryExecute(wakeTask)
    }

    private fun wakeQueued() {
        isWakeQueued = false
        wakeNow()
    }

    fun receive(
        continuation: Continuation<Any?>,
        timeoutNanos: Long,
    ): Any? {
        val message = poll()
        if (message != null) return message
        if (isClosed) throw GroupClosedException.make()
        return if (timeoutNanos <= 0) null else park(continuation, null, timeoutNanos)
    }

    fun receiveInto(
        continuation: Continuation<Any?>,
        into: Incoming.Iterator,
    ): Any? {
        val message = poll()
        if (message != null) {
            into.following = message
            return true
        }
        return if (isClosed) false else park(continuation, into, ValueSlot.FOREVER)
    }

    /** Gives back what nobody has received, and tells all who wait. */
    fun close() {
        isClosed = true
        while (true) (urgent.poll() ?: queue.poll() ?: break).putBack()
        receiver.ended()
        pending.failAll(GroupClosedException.make())
    }

    private fun poll(): Message? {
        val envelope = urgent.poll() ?: queue.poll() ?: return null
        envelope.reportOf?.reportReceived()
        envelope.reportOf = null
        return envelope.give()
    }

    private fun park(
        continuation: Continuation<Any?>,
        into: Incoming.Iterator?,
        timeoutNanos: Long,
    ): Any {
        check(!receiver.isOccupied) { "two coroutines receive of one group; one may: let it pass messages on" }
        val suspended = receiver.park(continuation, timeoutNanos)
        receiver.into = into
        return suspended
    }

    private inner class Receiver : ValueSlot<Any?>(home) {
        /** Where the message goes; null when it is the value itself. */
        var into: Incoming.Iterator? = null

        fun received(message: Message) {
            val iterator = into ?: return resume(message)
            into = null
            iterator.following = message
            resume(true)
        }

        fun ended() {
            if (into == null) return fail(GroupClosedException.make())
            into = null
            resume(false)
        }

        override fun cancelled() {
            // What is queued stays for the next one who receives.
            into = null
        }

        override fun expired() = resume(null)
    }
}
