package dev.uring.redis

import kotlinx.coroutines.channels.Channel
import java.util.concurrent.atomic.AtomicInteger

/**
 * What a server says by itself on its way to a collector. Above [UNREAD_MAX] unread items the connection is not read.
 *
 * Thread: the worker's, but for [take].
 */
internal class PausingChannel<T> {
    // Without a bound of its own: what one arrival brings must find room. The connection is paused above the bound.
    private val items = Channel<T>(Channel.UNLIMITED)
    private val unread = AtomicInteger()
    private var isPaused = false

    /** The next item; [whenRead] is called when there is so much room again that the worker should [resume]. */
    suspend fun take(whenRead: () -> Unit): T {
        val item = items.receive()
        if (unread.decrementAndGet() == UNREAD_MAX / 2) whenRead()
        return item
    }

    fun add(
        item: T,
        link: RedisLink,
    ) {
        items.trySend(item)
        if (unread.incrementAndGet() >= UNREAD_MAX && !isPaused) {
            isPaused = true
            link.pauseReceive()
        }
    }

    fun resume(link: RedisLink) {
        if (!isPaused || unread.get() > UNREAD_MAX / 2) return
        isPaused = false
        link.resumeReceive()
    }

    /** The connection that was paused is gone. */
    fun forgetPause() {
        isPaused = false
    }

    fun close(cause: Throwable) {
        items.close(cause)
    }

    private companion object {
        // What a collector may be behind, a few receive buffers full of small messages.
        const val UNREAD_MAX = 1024
    }
}
