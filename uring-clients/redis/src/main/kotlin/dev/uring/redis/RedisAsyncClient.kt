package dev.uring.redis

import dev.uring.UringRuntime
import dev.uring.buffer.BlockLease
import dev.uring.bytes.ByteSink
import dev.uring.client.Request
import dev.uring.dns.Resolver
import dev.uring.net.OwnedBytes
import dev.uring.net.SendGuard
import dev.uring.redis.cache.CacheConfig
import dev.uring.redis.cache.RedisAsyncCache
import dev.uring.redis.cache.RedisCache
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.ErrorReplyException
import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ReplyReader
import dev.uring.redis.commands.Expiry
import dev.uring.redis.commands.RedisBatchCommands
import kotlinx.coroutines.future.await
import kotlinx.coroutines.supervisorScope
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.RejectedExecutionException
import java.util.function.Function

/**
 * A client of one Redis server, for Java: each command gives a `CompletionStage`.
 *
 * ### Shapes and units
 * As [RedisClient]: one shared connection per worker, commands of one turn leave together. Every command as a method:
 * [RedisAsyncCommands.of][dev.uring.redis.commands.RedisAsyncCommands], or for threads that may be blocked
 * [RedisBlockingCommands.of][dev.uring.redis.commands.RedisBlockingCommands].
 * ### Ownership
 * Owns its connections; [close] it, or leave that to the end of the runtime.
 * ### Threading and cancellation
 * For any thread. Called on a worker, a command goes out over its connection; from elsewhere the workers take turns, and
 * so commands of one thread may be executed in another order than they were given unless each waits for the one before.
 * Stages complete on a worker, which must not be blocked: go on elsewhere with the `…Async` methods. From a virtual thread
 * `stage.toCompletableFuture().join()` waits.
 * ### Errors
 * As [RedisExecutor], in the stage.
 */
public class RedisAsyncClient<K : Any, V : Any> internal constructor(
    private val core: ClientCore,
    override val codec: RedisCodec<K, V>,
) : RedisAsyncCalls<K, V>(core.runtime) {
    override val kotlin: RedisExecutor<K, V> = CodecExecutor(core, codec)

    override val kotlinText: RedisExecutor<String, String> get() = CodecExecutor(core, RedisCodec.UTF8)

    override fun command(command: Command): CommandWriter = core.command(command)

    override fun <T> execute(
        request: CommandWriter,
        reply: Reply<T>,
    ): CompletionStage<T> {
        val stage = CompletableFuture<T>()
        val side = core.place()
        val begin = { FutureCall(core.taker(request, side), request, reply, stage).begin() }
        if (side.worker.isCurrent) {
            begin()
        } else {
            try {
                side.worker.execute(begin)
            } catch (stopped: RejectedExecutionException) {
                val message = "${request.command()}: the runtime has stopped"
                stage.completeExceptionally(RedisConnectionException(message, wasSent = false, stopped))
            }
        }
        return stage
    }

    /** Sends the commands that [block] adds in one piece; what it returns comes when all are answered. */
    public fun <R> pipeline(block: Function<RedisBatchCommands<K, V>, R>): CompletionStage<R> =
        stage { kotlin.pipeline { block.apply(RedisBatchCommands.of(this)) } }

    /** Executes the commands that [block] adds as one: MULTI, the commands, EXEC. */
    public fun <R> transaction(block: Function<RedisBatchCommands<K, V>, R>): CompletionStage<R> =
        stage { kotlin.transaction { block.apply(RedisBatchCommands.of(this)) } }

    /**
     * Reads, decides and writes as if alone: what [block] [commits][RedisAsyncWatch.commit] is executed only if nobody has
     * changed one of [keys] meanwhile; else [block] runs again, up to [attempts] times. See the Kotlin function.
     */
    @JvmOverloads
    public fun <R> watch(
        keys: List<K>,
        attempts: Int = 16,
        block: Function<RedisAsyncWatch<K, V>, out CompletionStage<R>>,
    ): CompletionStage<R> =
        stage {
            kotlin.watchAll(keys, attempts) {
                // One whose stage fails is for the block to decide about, not for the others.
                supervisorScope { block.apply(RedisAsyncWatch(this@watchAll, this)).await() }
            }
        }

    /** Messages of [channels]. */
    public fun subscribe(vararg channels: String): RedisItems<RedisMessage<V>> =
        items { kotlin.subscribe(*channels, onSubscribed = it) }

    /** Messages of all channels that match one of the glob-style [patterns]. */
    public fun psubscribe(vararg patterns: String): RedisItems<RedisMessage<V>> =
        items { kotlin.psubscribe(*patterns, onSubscribed = it) }

    /** Messages of shard [channels]. */
    public fun ssubscribe(vararg channels: String): RedisItems<RedisMessage<V>> =
        items { kotlin.ssubscribe(*channels, onSubscribed = it) }

    /** What happens to the keys that match one of the glob-style [patterns], in [database]. */
    public fun keyspaceEvents(
        database: Int,
        vararg patterns: String,
    ): RedisItems<KeyspaceEvent> = items { kotlin.keyspaceEvents(*patterns, database = database, onSubscribed = it) }

    /** Every command that the server executes. */
    public fun monitor(): RedisItems<MonitoredCommand> = items { kotlin.monitor(it) }

    /** All keys, or those that match the glob-style pattern, or hold values of the type. */
    @JvmOverloads
    public fun scanAll(
        match: String? = null,
        count: Int? = null,
        type: String? = null,
    ): RedisItems<K> = items { kotlin.scanFlow(match, count, type) }

    /** Sets the value at [key] to memory of the program's own, which is sent from where it lies, and handed over. */
    @JvmOverloads
    public fun setHandedOver(
        key: K,
        value: SendGuard,
        expiry: Expiry? = null,
    ): CompletionStage<Unit> = stage { kotlin.setHandedOver(key, value, expiry) }

    /** As above with bytes that were received and kept; on their worker. */
    @JvmOverloads
    public fun setHandedOver(
        key: K,
        value: OwnedBytes,
        expiry: Expiry? = null,
    ): CompletionStage<Unit> = stage { kotlin.setHandedOver(key, value, expiry) }

    /** As above with what a lease holds; on its worker. */
    @JvmOverloads
    public fun setHandedOver(
        key: K,
        value: BlockLease,
        expiry: Expiry? = null,
    ): CompletionStage<Unit> = stage { kotlin.setHandedOver(key, value, expiry) }

    /** A client of the same server that keeps what it reads; see [RedisCache]. The caller closes it. */
    @JvmOverloads
    public fun cached(cache: CacheConfig = CacheConfig()): RedisAsyncCache<K, V> =
        RedisAsyncCache(runtime, RedisCache(core.cached(cache), codec))

    /** The same connections, with other types for keys and values. */
    public fun <L : Any, W : Any> withCodec(codec: RedisCodec<L, W>): RedisAsyncClient<L, W> =
        RedisAsyncClient(core, codec)

    /** What was counted so far. */
    public fun snapshot(): RedisSnapshot = core.snapshot()

    /** As [RedisClient.close]. */
    override fun close(): Unit = core.close()

    /** Makes clients. */
    public companion object {
        /** A client of the server at [url], see [RedisConfig.parse]; connects when it is first used. */
        @JvmStatic
        public fun create(
            runtime: UringRuntime,
            url: String,
        ): RedisAsyncClient<String, String> = create(runtime, RedisConfig.parse(url))

        /** A client with [config]; connects when it is first used. */
        @JvmStatic
        public fun create(
            runtime: UringRuntime,
            config: RedisConfig,
        ): RedisAsyncClient<String, String> =
            RedisAsyncClient(ClientCore(runtime, config, Resolver.of(runtime)), RedisCodec.UTF8)
    }
}

/** One command whose reply completes a future. Thread: the worker's. */
private class FutureCall<T>(
    private val side: RedisSide,
    private val writer: CommandWriter,
    private val reply: Reply<T>,
    private val stage: CompletableFuture<T>,
) : Request<ReplyReader>() {
    private val command = writer.command()

    override val name: String get() = command.name()
    override val sizeBytes: Long = writer.finish().toLong()
    override val isReplayable: Boolean = side.mayReplay(writer)

    fun begin() {
        try {
            side.submit(this, null, writer)
        } catch (refusal: Throwable) {
            failed(refusal)
        }
    }

    override fun writeTo(sink: ByteSink) = writer.writeTo(sink)

    override fun replied(
        reader: ReplyReader,
        isLast: Boolean,
    ) {
        var value: T? = null
        var failure: Throwable? = null
        if (isRecorded) noteReply(reader.replyBytes().toLong(), reader.errorText())
        try {
            reader.errorText()?.let { throw ErrorReplyException(it) }
            value = reply.read(reader)
        } catch (refusal: ErrorReplyException) {
            side.counters.errorReplies++
            failure = RedisException(command.name(), refusal.text())
        } catch (unreadable: Throwable) {
            failure = unreadable
        }
        giveBack()
        if (failure == null) stage.complete(value) else stage.completeExceptionally(failure)
    }

    override fun failed(cause: Throwable) {
        giveBack()
        stage.completeExceptionally(cause)
    }

    override fun expired(cause: Exception) {
        side.counters.timeouts++
        if (!isSent) giveBack()
        stage.completeExceptionally(cause)
    }

    override fun drained() = giveBack()

    private fun giveBack() {
        side.giveBack(writer)
        side.ended(this)
    }
}
