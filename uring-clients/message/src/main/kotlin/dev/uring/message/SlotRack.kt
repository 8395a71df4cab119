package dev.uring.message

import kotlin.coroutines.CoroutineContext

/**
 * Slots that nobody waits in, to be used again.
 *
 * Thread: the worker's.
 */
internal class SlotRack<S : ValueSlot<*>>(
    private val make: () -> S,
) {
    private val free = ArrayList<S>()

    /** One to wait in, for a coroutine of [context]: its own from before, if it is among the last that were given back. */
    fun take(context: CoroutineContext): S {
        val last = free.size - 1
        if (last < 0) return make()
        for (i in last downTo maxOf(0, last - LOOKED_AT_MAX)) {
            if (free[i].context === context) {
                val found = free[i]
                free[i] = free[last]
                free.removeLast()
                return found
            }
        }
        return free.removeLast()
    }

    fun giveBack(slot: S) {
        if (free.size < KEPT_MAX) free.add(slot)
    }

    private companion object {
        // 4096 coroutines at once wait without a new object; one that is beyond makes one.
        const val KEPT_MAX = 4096
        const val LOOKED_AT_MAX = 8
    }
}
