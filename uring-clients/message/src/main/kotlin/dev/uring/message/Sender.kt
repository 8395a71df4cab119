package dev.uring.message

import dev.uring.worker.Worker

/** A coroutine that waits in a line to send. */
internal class Sender(
    worker: Worker,
    private val rack: SlotRack<Sender>,
) : ValueSlot<Unit>(worker) {
    private var line: ArrayDeque<Sender>? = null

    /** Waits at the end of [line] from now on. */
    fun standIn(line: ArrayDeque<Sender>) {
        this.line = line
        line.addLast(this)
    }

    /** The coroutine, which is out of its line, goes on. Only from the loop's top level. */
    fun goOn() {
        line = null
        rack.giveBack(this)
        resume(Unit)
    }

    override fun cancelled() {
        line?.remove(this)
        line = null
        rack.giveBack(this)
    }

    override fun expired() = error("a sender has no time limit")
}
