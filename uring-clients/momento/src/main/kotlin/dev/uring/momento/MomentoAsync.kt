package dev.uring.momento

import dev.uring.UringRuntime
import dev.uring.bytes.ByteSink
import dev.uring.client.Request
import dev.uring.dns.Resolver
import dev.uring.momento.codec.CommandKind
import dev.uring.momento.codec.FieldBytes
import dev.uring.momento.codec.MomentoCommandFrame
import dev.uring.momento.codec.MomentoReply
import dev.uring.momento.codec.ReplyKind
import dev.uring.momento.session.Numbered
import dev.uring.worker.Worker
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import kotlin.time.toKotlinDuration

/**
 * A client of Momento's cache service, for Java.
 *
 * ### Shapes and units
 * As [MomentoClient]: [cache] gives access to one cache.
 * ### Ownership
 * Owns its connections; [close] it, or leave that to the end of the runtime.
 * ### Threading and cancellation
 * For any thread.
 *
 * @see MomentoClient
 */
public class MomentoAsyncClient internal constructor(
    private val core: MomentoCore,
) : AutoCloseable {
    /** The cache called [name]; nothing is asked of the server yet. */
    public fun cache(name: String): MomentoAsyncCache = MomentoAsyncCache(core, name)

    /** What was counted so far. */
    public fun snapshot(): MomentoSnapshot = core.snapshot()

    /** As [MomentoClient.close]. */
    override fun close(): Unit = core.close()

    /** Makes clients. */
    public companion object {
        /** A client with the defaults; connects when it is first used. Not on a worker, see [MomentoClient]. */
        @JvmStatic
        public fun create(
            runtime: UringRuntime,
            credential: MomentoCredential,
        ): MomentoAsyncClient = create(runtime, MomentoConfig(credential))

        /** A client with [config]; connects when it is first used. Not on a worker, see [MomentoClient]. */
        @JvmStatic
        public fun create(
            runtime: UringRuntime,
            config: MomentoConfig,
        ): MomentoAsyncClient = MomentoAsyncClient(MomentoCore(runtime, config, Resolver.of(runtime)))
    }
}

/**
 * One cache, for Java: each command gives a `CompletionStage`.
 *
 * ### Ownership
 * Arrays are not copied: they must not change until the stage is complete.
 * ### Threading and cancellation
 * For any thread. Called on a worker, a command goes out over its connection; from elsewhere the workers take turns, so that
 * commands of one thread may be executed in another order than they were given, unless each waits for the one before. Stages
 * complete on a worker, which must not be blocked: go on elsewhere with the `…Async` methods. Cancelling the future of a
 * stage sends the server a Cancel.
 * ### Errors
 * As [MomentoClient], in the stage.
 */
public class MomentoAsyncCache internal constructor(
    private val core: MomentoCore,
    /** What the service calls it. */
    public val name: String,
) {
    private val namespace = FieldBytes.of(name)

    /** The value of [key], or null. */
    public fun get(key: String): CompletionStage<ByteArray?> =
        send(frame(CommandKind.GET).key(key), MomentoCache.toBytes)

    /** The value of [key], or null. */
    public fun get(key: ByteArray): CompletionStage<ByteArray?> =
        send(frame(CommandKind.GET).key(key), MomentoCache.toBytes)

    /** The value of [key] as text, or null. */
    public fun getText(key: String): CompletionStage<String?> =
        send(frame(CommandKind.GET).key(key), MomentoCache.toText)

    /** Stores [value] for the default ttl. */
    public fun set(
        key: String,
        value: ByteArray,
    ): CompletionStage<Void?> = send(setting(null).key(key).value(value), nothing)

    /** Stores [value] for [ttl]. */
    public fun set(
        key: String,
        value: ByteArray,
        ttl: Duration,
    ): CompletionStage<Void?> = send(setting(ttl).key(key).value(value), nothing)

    /** Stores [value] for [ttl]. */
    public fun set(
        key: String,
        value: String,
        ttl: Duration,
    ): CompletionStage<Void?> = send(setting(ttl).key(key).value(value), nothing)

    /** Deletes the value of [key], if there is one. */
    public fun delete(key: String): CompletionStage<Void?> = send(frame(CommandKind.DELETE).key(key), nothing)

    /** The same cache for virtual threads: each command waits. */
    public fun blocking(): MomentoBlockingCache = MomentoBlockingCache(this)

    // A new frame and not one of a worker's: it may be another worker that sends it.
    private fun frame(kind: CommandKind) = MomentoCommandFrame().begin(kind).namespace(namespace)

    private fun setting(ttl: Duration?): MomentoCommandFrame {
        val millis = MomentoConfig.ttlMillis(ttl?.toKotlinDuration() ?: core.config.defaultTtl)
        return frame(CommandKind.SET).ttlMillis(millis)
    }

    private fun <T> send(
        frame: MomentoCommandFrame,
        reader: ValueReader,
    ): CompletionStage<T> {
        val future = CommandFuture<T>()
        core.submit { side -> FutureCall(side, frame, reader, future).also { future.call = it } }
        return future
    }

    private companion object {
        val nothing: ValueReader = { null }
    }
}

/** One cache, for virtual threads. As [MomentoAsyncCache], but each method waits and throws; never on a worker. */
public class MomentoBlockingCache internal constructor(
    private val async: MomentoAsyncCache,
) {
    /** The value of [key], or null. */
    public fun get(key: String): ByteArray? = await(async.get(key))

    /** The value of [key] as text, or null. */
    public fun getText(key: String): String? = await(async.getText(key))

    /** Stores [value] for [ttl]. */
    public fun set(
        key: String,
        value: ByteArray,
        ttl: Duration,
    ) {
        await(async.set(key, value, ttl))
    }

    /** Stores [value] for [ttl]. */
    public fun set(
        key: String,
        value: String,
        ttl: Duration,
    ) {
        await(async.set(key, value, ttl))
    }

    /** Deletes the value of [key], if there is one. */
    public fun delete(key: String) {
        await(async.delete(key))
    }

    private fun <T> await(stage: CompletionStage<T>): T {
        check(Worker.current() == null) {
            "a blocking call on ${Thread.currentThread().name}, a worker, would stop every connection of it, " +
                "and this one too.\n  Use the stages of MomentoAsyncCache, or call from a virtual thread."
        }
        val future = stage.toCompletableFuture()
        return try {
            future.join()
        } catch (wrapped: CompletionException) {
            throw wrapped.cause ?: wrapped
        }
    }
}

/** What a command of a Java program completes. Cancelling it gives the command up. */
private class CommandFuture<T> : CompletableFuture<T>() {
    var call: FutureCall<T>? = null

    override fun cancel(mayInterruptIfRunning: Boolean): Boolean {
        val isCancelled = super.cancel(mayInterruptIfRunning)
        if (isCancelled) call?.giveUpSoon()
        return isCancelled
    }
}

/** One command whose reply completes a future. Thread: the worker's. */
private class FutureCall<T>(
    private val side: MomentoSide,
    private val frame: MomentoCommandFrame,
    private val reader: ValueReader,
    private val future: CompletableFuture<T>,
) : Request<MomentoReply>(),
    Numbered {
    private val kind = frame.kind()
    private var id = 0L

    override val name: String get() = kind.name
    override val sizeBytes: Long = frame.sizeBytesMax()
    override val isReplayable: Boolean = side.isReplayable(kind)

    override fun messageId(id: Long) {
        this.id = id
    }

    override fun messageId(): Long = id

    override fun expects(): ReplyKind = replyKindOf(kind)

    /** On any thread. */
    fun giveUpSoon(): Unit =
        side.executeUnlessStopped {
            side.counters.cancellations++
            giveUp()
        }

    override fun writeTo(sink: ByteSink): Unit = frame.writeTo(sink, id)

    @Suppress("UNCHECKED_CAST") // as the method that made it knows
    override fun replied(
        reply: MomentoReply,
        isLast: Boolean,
    ) {
        var value: Any? = null
        var failure: Throwable? = side.refusal(kind, reply)
        if (failure == null) {
            try {
                value = reader(reply.value())
            } catch (thrown: Throwable) {
                failure = thrown
            }
        }
        side.ended(this)
        if (failure == null) future.complete(value as T) else future.completeExceptionally(failure)
    }

    override fun failed(cause: Throwable) {
        side.ended(this)
        future.completeExceptionally(cause)
    }

    override fun expired(cause: Exception) {
        side.counters.timeouts++
        if (link != null && !isSent) side.ended(this)
        future.completeExceptionally(cause)
    }

    override fun drained(): Unit = side.ended(this)
}
