package dev.uring.client

import kotlin.coroutines.CoroutineContext

/**
 * Requests that are in nobody's hands, to be used again. Thread: the worker's.
 *
 * The one given back last is most often the coroutine's own from before, because it was given back right before the coroutine
 * was resumed; a look at a few others costs less than to bind anew.
 */
public class RequestPool<T : SuspendedRequest<*>>(
    private val make: () -> T,
) {
    private val kept = ArrayList<T>()

    /** A request for a coroutine with [context], its own from before if that is at hand. */
    public fun take(context: CoroutineContext): T {
        val last = kept.size - 1
        if (last < 0) return make()
        for (i in last downTo maxOf(0, last - LOOKED_AT_MAX)) {
            if (kept[i].context === context) {
                val found = kept[i]
                kept[i] = kept[last]
                kept.removeLast()
                return found
            }
        }
        return kept.removeLast()
    }

    /** Keeps [request] for another use. */
    public fun giveBack(request: T) {
        if (kept.size < KEPT_MAX) kept.add(request)
    }

    private companion object {
        // As many coroutines as usually wait at once; each object is a few hundred bytes.
        const val KEPT_MAX = 4096
        const val LOOKED_AT_MAX = 8
    }
}
