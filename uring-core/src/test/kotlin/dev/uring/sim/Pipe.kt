package dev.uring.sim

/**
 * One direction of a stream: bytes under way, and those that have arrived and are unread.
 *
 * What arrives next is always the oldest under way, whenever it comes: so bytes keep their order over a network that
 * delays them as it likes.
 */
internal class Pipe(
    private val capacityBytes: Int,
) {
    private val underWay = ArrayDeque<ByteArray>()
    private val arrived = ArrayDeque<ByteArray>()
    private var underWayBytes = 0
    private var headOffset = 0

    var arrivedBytes = 0
        private set

    /** Whether everything has arrived, the end included. */
    var isEnded = false
        private set

    /** Bytes that may be sent now. */
    val roomBytes: Int get() = capacityBytes - underWayBytes - arrivedBytes

    fun send(bytes: ByteArray) {
        underWay += bytes
        underWayBytes += bytes.size
    }

    /** The oldest that is under way arrives; says whether there was any. */
    fun arrive(): ByteArray? {
        val bytes = underWay.removeFirstOrNull() ?: return null
        if (bytes === END) {
            isEnded = true
        } else {
            underWayBytes -= bytes.size
            arrivedBytes += bytes.size
            arrived += bytes
        }
        return bytes
    }

    /** Takes bytes that have arrived, as many as [into] has room for; fewer are no mistake. */
    fun read(into: ByteArray): Int {
        var done = 0
        while (done < into.size && arrived.isNotEmpty()) {
            val head = arrived.first()
            val count = minOf(head.size - headOffset, into.size - done)
            head.copyInto(into, done, headOffset, headOffset + count)
            done += count
            headOffset += count
            if (headOffset == head.size) {
                arrived.removeFirst()
                headOffset = 0
            }
        }
        arrivedBytes -= done
        return done
    }

    fun dropUnderWay() {
        underWay.clear()
        underWayBytes = 0
    }

    fun dropAll() {
        dropUnderWay()
        arrived.clear()
        arrivedBytes = 0
        headOffset = 0
    }

    companion object {
        /** Under way behind the last byte. */
        val END = ByteArray(0)
    }
}
