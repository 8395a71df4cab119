package dev.uring.sim

import java.util.concurrent.locks.LockSupport

/**
 * A thread of a simulation: a worker's, or the one of the test.
 *
 * Exactly one of them runs at a time, the one that has the turn. What the others see of its work they see through
 * [hasTurn], which is volatile: so nothing else in a simulation needs a lock.
 */
internal abstract class Actor(
    val name: String,
) {
    @Volatile
    private var hasTurn = false

    @Volatile
    var thread: Thread? = null

    /** Whether it has something to do now. */
    abstract fun isRunnable(nowNanos: Long): Boolean

    /** When it has something to do by itself; [NEVER] when only others can give it something. */
    abstract val deadlineNanos: Long

    fun giveTurn() {
        hasTurn = true
        LockSupport.unpark(thread)
    }

    /** Waits for the turn; [whileWaiting] is called again and again, and may throw. */
    inline fun awaitTurn(whileWaiting: () -> Unit) {
        while (!hasTurn) {
            whileWaiting()
            LockSupport.parkNanos(this, LOOK_NANOS)
        }
        hasTurn = false
    }

    companion object {
        const val NEVER = Long.MAX_VALUE
        const val LOOK_NANOS = 500_000_000L
    }
}
