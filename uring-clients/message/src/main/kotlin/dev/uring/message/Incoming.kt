package dev.uring.message

import dev.uring.message.codec.Message
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.flow.AbstractFlow
import kotlinx.coroutines.flow.FlowCollector

/**
 * The messages that come to a group, until it is closed.
 *
 * ### Ownership
 * Each is the program's: to be sent on or released.
 * ### Threading and cancellation
 * As [Group.receive]: one coroutine at a time. A collector on the group's home gets all that is there without
 * suspending.
 */
@OptIn(ExperimentalCoroutinesApi::class)
public class Incoming internal constructor(
    private val group: Group,
) : AbstractFlow<Message>() {
    override suspend fun collectSafely(collector: FlowCollector<Message>) {
        for (message in this) collector.emit(message)
    }

    /** Goes through the messages with `for`. */
    public operator fun iterator(): Iterator = Iterator(group)

    /** Where a `for` is. */
    public class Iterator internal constructor(
        private val group: Group,
    ) {
        internal var following: Message? = null

        /** Waits for a message; false when the group is closed. */
        public suspend operator fun hasNext(): Boolean =
            if (group.home.isCurrent) group.receiveInto(this) else hasNextAfar()

        /** The message that [hasNext] has waited for. */
        public operator fun next(): Message =
            checkNotNull(following) { "next() without hasNext()" }.also {
                following =
                    null
            }

        private suspend fun hasNextAfar(): Boolean {
            following =
                try {
                    group.receive()
                } catch (_: GroupClosedException) {
                    null
                }
            return following != null
        }
    }
}
