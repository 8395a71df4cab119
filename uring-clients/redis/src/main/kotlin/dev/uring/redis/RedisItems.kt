package dev.uring.redis

import dev.uring.UringRuntime
import dev.uring.dsl.dispatcher
import dev.uring.worker.Worker
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.future.await
import kotlinx.coroutines.future.future
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import java.util.Spliterator
import java.util.Spliterators
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.Executor
import java.util.function.Consumer
import java.util.function.Function
import java.util.stream.Stream
import java.util.stream.StreamSupport
import kotlin.coroutines.CoroutineContext

/**
 * What a server gives one by one, for Java: keys of a scan, messages, entries of a stream. What a `Flow` is for Kotlin.
 *
 * ### Shapes and units
 * Nothing happens until it is listened to or read, and each time that begins anew. The next item is given when the one before
 * is done with, so a slow taker makes the server wait, and an entry of a consumer group is acknowledged when it was worked on.
 * ### Ownership
 * A [RedisListening] is closed, or ends by itself; a [stream] is closed.
 * ### Threading and cancellation
 * For any thread. Items come one after the other, where each function says.
 * ### Errors
 * As the Kotlin function of the same kind says; in the stage of [RedisListening.ended], or thrown by the stream.
 */
public class RedisItems<T : Any> internal constructor(
    private val runtime: UringRuntime,
    private val begun: Runnable? = null,
    private val flow: (onBegun: suspend () -> Unit) -> Flow<T>,
) {
    /** The same, calling [action] each time that the server has confirmed a subscription, as it does again after a reconnect. */
    public fun whenBegun(action: Runnable): RedisItems<T> = RedisItems(runtime, action, flow)

    /** Gives each item to [action], on a worker, which must not be blocked. */
    public fun forEach(action: Consumer<in T>): RedisListening = listen(onWorker()) { action.accept(it) }

    /** Gives each item to [action] on a thread of [executor], one after the other. */
    public fun forEach(
        executor: Executor,
        action: Consumer<in T>,
    ): RedisListening = listen(executor.asCoroutineDispatcher()) { action.accept(it) }

    /** Gives each item to [action], on a worker; the next one when the stage that it returns is complete. */
    public fun forEachStage(action: Function<in T, out CompletionStage<*>>): RedisListening =
        listen(onWorker()) { action.apply(it).await() }

    /** All of them, where they end by themselves, as those of a scan do. */
    public fun toList(): CompletionStage<List<T>> = scope(onWorker()).future { items().toList() }

    /**
     * Them as they are asked for, on a thread that may be blocked: a virtual one, or any that is no worker. An item is done
     * with when the next one is asked for. Close it, unless it was read to its end.
     */
    public fun stream(): Stream<T> {
        check(Worker.current() == null) {
            "RedisItems.stream on a worker would hold up all of its connections: use forEach, or a thread of your own"
        }
        val pulled = Pulled(scope(onWorker()), items())
        val items = Spliterators.spliteratorUnknownSize(pulled, Spliterator.ORDERED or Spliterator.NONNULL)
        return StreamSupport.stream(items, false).onClose(pulled::close)
    }

    private fun items(): Flow<T> = flow { begun?.run() }

    private fun listen(
        context: CoroutineContext,
        take: suspend (T) -> Unit,
    ): RedisListening {
        val listening = scope(context).future<Void?> { items().collect { take(it) }.let { null } }
        return RedisListening(listening)
    }

    private fun onWorker() = (Worker.current() ?: runtime.worker(0)).dispatcher

    private fun scope(context: CoroutineContext) = CoroutineScope(SupervisorJob() + context)
}

/**
 * A [RedisItems] that somebody listens to. Any thread.
 *
 * [close] ends it; what is being worked on may still go on.
 */
public class RedisListening internal constructor(
    private val listening: CompletableFuture<Void?>,
) : AutoCloseable {
    /** Completes when all items are done with, exceptionally when none can come any more, or by a cancellation when closed. */
    public fun ended(): CompletionStage<Void?> = listening.copy()

    override fun close() {
        listening.cancel(false)
    }
}

/** Items that a thread asks for one by one, and waits for. Invariant: at most one is taken and not done with. */
private class Pulled<T : Any>(
    scope: CoroutineScope,
    flow: Flow<T>,
) : Iterator<T>,
    AutoCloseable {
    private val items = Channel<T>(Channel.RENDEZVOUS)
    private val done = Channel<Unit>(Channel.RENDEZVOUS)
    private var next: T? = null
    private var isTaken = false

    private val job: Job =
        scope.launch {
            var failure: Throwable? = null
            try {
                flow.collect {
                    items.send(it)
                    done.receive()
                }
            } catch (thrown: Throwable) {
                failure = thrown
            }
            items.close(failure)
        }

    init {
        // On a worker that has stopped it never begins.
        job.invokeOnCompletion { items.close(it) }
    }

    override fun hasNext(): Boolean {
        if (next == null) {
            next =
                runBlocking {
                    // It waits for this already, or will right away, or is over.
                    if (isTaken && job.isActive) done.send(Unit)
                    isTaken = false
                    items.receiveCatching().also { it.exceptionOrNull()?.let { cause -> throw cause } }.getOrNull()
                }
        }
        return next != null
    }

    override fun next(): T {
        if (!hasNext()) throw NoSuchElementException("there are no more items")
        isTaken = true
        return checkNotNull(next).also { next = null }
    }

    override fun close() {
        job.cancel()
        items.cancel()
        done.cancel()
    }
}
