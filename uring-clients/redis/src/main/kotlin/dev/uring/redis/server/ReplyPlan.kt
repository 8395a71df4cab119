package dev.uring.redis.server

/**
 * In what order replies that came about in different places go out: the order of the requests.
 *
 * A list of small records in one array of ints, read from the front once everything has come together.
 */
internal class ReplyPlan {
    enum class Kind {
        /** Replies that were written here, until position [value]. */
        LOCAL,

        /** The next reply of worker [value]. */
        WORKER,

        /** The next reply of each worker in [parts], to become one. */
        MERGE,
    }

    private var items = NO_ITEMS
    private var used = 0
    private var at = 0
    private var lastLocal = NONE

    var kind = Kind.LOCAL
        private set
    var value = 0
        private set

    /** Of a [Kind.MERGE] item. */
    var ownersCount = 0
        private set

    val isEmpty: Boolean get() = used == 0

    /** Whether the plan has grown so long that it should be carried out before more is added. */
    val isLong: Boolean get() = used > ITEMS_MAX

    fun addLocal(until: Int) {
        if (lastLocal != NONE) {
            items[lastLocal] = until
        } else {
            add(Kind.LOCAL.ordinal)
            lastLocal = used
            add(until)
        }
    }

    fun addWorker(worker: Int) {
        lastLocal = NONE
        add(Kind.WORKER.ordinal)
        add(worker)
    }

    /** [owners] are the workers in the order in which their elements are wanted: once each, or once for each key. */
    fun addMerge(
        merge: Merge,
        owners: IntArray,
        ownersCount: Int,
    ) {
        lastLocal = NONE
        add(Kind.MERGE.ordinal)
        add(merge.ordinal)
        add(ownersCount)
        for (i in 0 until ownersCount) add(owners[i])
    }

    /** Moves on to the next item; false at the end. */
    fun next(): Boolean {
        if (at == used) return false
        kind = Kind.entries[items[at]]
        value = items[at + 1]
        ownersCount = if (kind == Kind.MERGE) items[at + 2] else 0
        at += itemInts
        return true
    }

    /** Makes [next] give the present item again. */
    fun again() {
        at -= itemInts
    }

    val merge: Merge get() = Merge.entries[value]

    fun owner(index: Int): Int = items[at - ownersCount + index]

    /** Drops everything behind the present item. */
    fun endHere() {
        used = at
    }

    fun clear() {
        used = 0
        at = 0
        lastLocal = NONE
        if (items.size > ITEMS_MAX) items = NO_ITEMS
    }

    private val itemInts: Int get() = if (kind == Kind.MERGE) MERGE_HEAD_INTS + ownersCount else ITEM_INTS

    private fun add(item: Int) {
        if (used == items.size) items = items.copyOf(maxOf(2 * used, ITEMS_MIN))
        items[used++] = item
    }

    private companion object {
        const val NONE = -1
        const val ITEM_INTS = 2
        const val MERGE_HEAD_INTS = 3
        const val ITEMS_MIN = 64
        const val ITEMS_MAX = 8192
        val NO_ITEMS = IntArray(0)
    }
}
