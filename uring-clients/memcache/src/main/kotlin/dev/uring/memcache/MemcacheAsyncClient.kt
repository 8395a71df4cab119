package dev.uring.memcache

import dev.uring.UringRuntime
import dev.uring.memcache.codec.Transcoder
import dev.uring.worker.Worker
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.future.await
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.function.Function
import java.util.function.Supplier
import kotlin.coroutines.Continuation
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.startCoroutine
import kotlin.time.toKotlinDuration

/**
 * Memcache for Java: each command gives a `CompletionStage`.
 *
 * ### Shapes and units
 * As [Memcache], of a client or of a pool. A duration of `null` is for ever.
 * ### Ownership
 * Owns what [create] has made; of what it was given to it owns nothing.
 * ### Threading and cancellation
 * For any thread. Stages complete on a worker, which must not be blocked: go on elsewhere with the `…Async` methods. From a
 * virtual thread use [blocking].
 * ### Errors
 * As [Memcache], in the stage.
 */
public class MemcacheAsyncClient<V : Any>(
    private val memcache: Memcache<V>,
) : AutoCloseable {
    public fun get(key: String): CompletionStage<V?> = stage { memcache.get(key) }

    public fun gets(key: String): CompletionStage<CasValue<V>?> = stage { memcache.gets(key) }

    public fun getAll(keys: Collection<String>): CompletionStage<Map<String, V>> = stage { memcache.getAll(keys) }

    @JvmOverloads
    public fun set(
        key: String,
        value: V,
        expiresIn: Duration? = null,
    ): CompletionStage<Void?> = done { memcache.set(key, value, expiresIn.orNever()) }

    @JvmOverloads
    public fun add(
        key: String,
        value: V,
        expiresIn: Duration? = null,
    ): CompletionStage<Boolean> = stage { memcache.add(key, value, expiresIn.orNever()) }

    @JvmOverloads
    public fun replace(
        key: String,
        value: V,
        expiresIn: Duration? = null,
    ): CompletionStage<Boolean> = stage { memcache.replace(key, value, expiresIn.orNever()) }

    public fun append(
        key: String,
        value: V,
    ): CompletionStage<Boolean> = stage { memcache.append(key, value) }

    public fun prepend(
        key: String,
        value: V,
    ): CompletionStage<Boolean> = stage { memcache.prepend(key, value) }

    @JvmOverloads
    public fun cas(
        key: String,
        value: V,
        cas: Long,
        expiresIn: Duration? = null,
    ): CompletionStage<CasResult> = stage { memcache.cas(key, value, cas, expiresIn.orNever()) }

    public fun delete(key: String): CompletionStage<Boolean> = stage { memcache.delete(key) }

    public fun incr(
        key: String,
        delta: Long,
    ): CompletionStage<Long?> = stage { memcache.incr(key, delta) }

    public fun decr(
        key: String,
        delta: Long,
    ): CompletionStage<Long?> = stage { memcache.decr(key, delta) }

    public fun touch(
        key: String,
        expiresIn: Duration?,
    ): CompletionStage<Boolean> = stage { memcache.touch(key, expiresIn.orNever()) }

    /**
     * Reads a value in pieces: [sink] gets one, the next one when its stage is complete. Says whether there is such a key. See
     * the other `getStream`; [sink] is called on a worker, which it must not block.
     */
    public fun getStream(
        key: String,
        sink: Function<ByteArray, CompletionStage<*>>,
    ): CompletionStage<Boolean> =
        stage {
            memcache.getStream(key) { value ->
                value?.pieces()?.collect { sink.apply(it).await() }
                value != null
            }
        }

    /**
     * Stores [sizeBytes] bytes that come in pieces: [source] is asked for the next one when there is room for it, and answers
     * null at the end. See the other `setStream`; [source] is called on a worker, which it must not block.
     */
    @JvmOverloads
    public fun setStream(
        key: String,
        sizeBytes: Int,
        source: Supplier<CompletionStage<ByteArray?>>,
        expiresIn: Duration? = null,
    ): CompletionStage<Void?> =
        done {
            val pieces = flow { while (true) emit(source.get().await() ?: break) }
            memcache.setStream(key, sizeBytes, pieces, expiresIn.orNever())
        }

    /** As [NoReply.set]: the stage is complete when the command lies in the send queue, and says nothing of its success. */
    @JvmOverloads
    public fun setNoReply(
        key: String,
        value: V,
        expiresIn: Duration? = null,
    ): CompletionStage<Void?> = done { memcache.noReply.set(key, value, expiresIn.orNever()) }

    /** As [NoReply.delete]; otherwise as [setNoReply]. */
    public fun deleteNoReply(key: String): CompletionStage<Void?> = done { memcache.noReply.delete(key) }

    /** As [NoReply.incr]; otherwise as [setNoReply]. */
    public fun incrNoReply(
        key: String,
        delta: Long,
    ): CompletionStage<Void?> = done { memcache.noReply.incr(key, delta) }

    /** As [NoReply.touch]; otherwise as [setNoReply]. */
    public fun touchNoReply(
        key: String,
        expiresIn: Duration?,
    ): CompletionStage<Void?> = done { memcache.noReply.touch(key, expiresIn.orNever()) }

    /** As [getOrCompute]; [compute] is called on a worker at most, and must not block. */
    public fun getOrCompute(
        key: String,
        expiresIn: Duration,
        refreshBelow: Duration,
        compute: () -> CompletionStage<V>,
    ): CompletionStage<V> =
        stage {
            memcache.getOrCompute(key, expiresIn.orNever(), refreshBelow.toKotlinDuration()) { compute().await() }
        }

    public fun flushAll(): CompletionStage<Void?> = done { memcache.flushAll() }

    public fun version(): CompletionStage<String> = stage { memcache.version() }

    public fun stats(section: String): CompletionStage<Map<String, String>> = stage { memcache.stats(section) }

    /** The same servers, with values of another type; closing it closes nothing. */
    public fun <W : Any> withTranscoder(transcoder: Transcoder<W>): MemcacheAsyncClient<W> =
        MemcacheAsyncClient(memcache.withTranscoder(transcoder))

    /** Waits for [stage] and returns its result or throws its failure. Not on a worker, which it would stop. */
    public fun <T> blocking(stage: CompletionStage<T>): T {
        check(Worker.current() == null) {
            "a worker must not wait for itself: on ${Thread.currentThread().name}, go on with thenApply or thenAccept"
        }
        try {
            return stage.toCompletableFuture().join()
        } catch (failure: CompletionException) {
            throw failure.cause ?: failure
        }
    }

    /** Closes the client, if it is the one that [create] made. */
    override fun close() {
        (memcache as? MemcacheClient)?.close()
    }

    /** Makes clients. */
    public companion object {
        /** A client of the server at [address]; connects when it is first used. */
        @JvmStatic
        public fun create(
            runtime: UringRuntime,
            address: String,
        ): MemcacheAsyncClient<String> = create(runtime, MemcacheConfig(address))

        /** A client with [config]; connects when it is first used. */
        @JvmStatic
        public fun create(
            runtime: UringRuntime,
            config: MemcacheConfig,
        ): MemcacheAsyncClient<String> = MemcacheAsyncClient(MemcacheClient(runtime, config))
    }
}

private fun Duration?.orNever() = this?.toKotlinDuration() ?: kotlin.time.Duration.INFINITE

private fun done(block: suspend () -> Unit): CompletionStage<Void?> =
    stage {
        block()
        null
    }

// No dispatcher: it begins on the caller's thread and goes on where the reply came, on a worker.
private fun <T> stage(block: suspend () -> T): CompletionStage<T> {
    val future = CompletableFuture<T>()
    block.startCoroutine(
        Continuation(EmptyCoroutineContext) { result ->
            result.fold(future::complete, future::completeExceptionally)
        },
    )
    return future
}
