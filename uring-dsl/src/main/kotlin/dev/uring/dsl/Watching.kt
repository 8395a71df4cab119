package dev.uring.dsl

import dev.uring.base.FileException
import dev.uring.file.FileEvent
import dev.uring.file.FileEventKind
import dev.uring.file.FileWatch
import dev.uring.file.FileWatchListener
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/**
 * What happens to the file or directory at [path], and in a directory to its entries.
 *
 * ### Shapes and units
 * Cold: watched from the beginning of a `collect` on. In the kernel's order; not recursive. A rename is a
 * [MOVED_FROM][FileEventKind.MOVED_FROM] and a [MOVED_TO][FileEventKind.MOVED_TO] with one cookie, or one of them when
 * the other half lies outside. While the collector is busy, events wait in the kernel: at most 16384 of them
 * (`fs.inotify.max_queued_events`), those of one read of [FileWatch.READ_BYTES] here. Beyond, they are lost, which an
 * [OVERFLOWED][FileEventKind.OVERFLOWED] says: look at [path] anew then. Completes after
 * [WATCH_REMOVED][FileEventKind.WATCH_REMOVED], when [path] is gone.
 * ### Threading and cancellation
 * Collected on a worker: in [uring], a handler, or [onWorker]. Ends the watch when the collector ends or is cancelled.
 * ### Errors
 * [FileException] from `collect`: no such path, or no watch left for the user · `IllegalStateException` not on a worker.
 * ### Source
 * `inotify(7)`.
 *
 * @sample samples.dsl.reloadOnChange
 */
public fun watch(
    path: String,
    events: Set<FileEventKind> = FileEventKind.CHANGES,
): Flow<FileEvent> =
    flow {
        val worker = workerForFiles()
        val waiting = WaitingEvents()
        val watch = FileWatch.open(worker, path, events, waiting).awaitOnWorker { it.close() }
        try {
            while (true) {
                val event = waiting.next(watch) ?: break
                emit(event)
            }
        } finally {
            watch.close()
        }
    }

/**
 * Events between the watch and its collector: those of one read, because the watch is paused until they are taken.
 *
 * Thread: guarded by the object; the coroutine may go on elsewhere, under a foreign dispatcher.
 */
private class WaitingEvents : FileWatchListener {
    private val events = ArrayDeque<FileEvent>()
    private val wake = Channel<Unit>(Channel.CONFLATED)
    private var isEnded = false
    private var failure: FileException? = null

    override fun onEvent(
        watch: FileWatch,
        event: FileEvent,
    ) {
        synchronized(this) { events += event }
        watch.pause()
        wake.trySend(Unit)
    }

    override fun onEnd(
        watch: FileWatch,
        cause: FileException?,
    ) {
        synchronized(this) {
            isEnded = true
            failure = cause
        }
        wake.trySend(Unit)
    }

    suspend fun next(watch: FileWatch): FileEvent? {
        while (true) {
            synchronized(this) {
                events.removeFirstOrNull()?.let { return it }
                failure?.let { throw it }
                if (isEnded) return null
            }
            watch.worker().executeUnlessStopped { watch.resume() }
            wake.receive()
        }
    }
}
