package dev.uring.redis

import dev.uring.UringRuntime
import dev.uring.bytes.ByteView
import dev.uring.dsl.dispatcher
import dev.uring.dsl.withBlocking
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import dev.uring.redis.commands.AggregateRow
import dev.uring.redis.commands.Aggregation
import dev.uring.redis.commands.ScoredMember
import dev.uring.redis.commands.StreamEntry
import dev.uring.worker.Worker
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.future.future
import java.io.InputStream
import java.time.Duration
import java.util.concurrent.CompletionStage
import java.util.concurrent.atomic.AtomicInteger
import java.util.function.Function
import kotlin.time.toKotlinDuration

/**
 * What every client for Java has beside its commands: scripts, views, large values, scans, consumer groups.
 *
 * ### Shapes and units
 * Each is the Kotlin function of the same name; a flow is a [RedisItems]. The commands are in
 * [RedisAsyncCommands][dev.uring.redis.commands.RedisAsyncCommands] and, for threads that may be blocked,
 * [RedisBlockingCommands][dev.uring.redis.commands.RedisBlockingCommands].
 * ### Threading and cancellation
 * For any thread. Stages complete on a worker, which must not be blocked. Cancelling one gives up what it stands for, as
 * cancelling the coroutine would.
 */
public abstract class RedisAsyncCalls<K : Any, V : Any> internal constructor(
    internal val runtime: UringRuntime,
) : RedisAsync<K, V>,
    AutoCloseable {
    private val placedCount = AtomicInteger()

    /** The same client for Kotlin. */
    internal abstract val kotlin: RedisExecutor<K, V>

    /** [kotlin] with keys and values that are text. */
    internal abstract val kotlinText: RedisExecutor<String, String>

    override val codec: RedisCodec<K, V> get() = kotlin.codec

    override fun command(command: Command): CommandWriter = kotlin.command(command)

    override fun <T> execute(
        request: CommandWriter,
        reply: Reply<T>,
    ): CompletionStage<T> = stage { kotlin.execute(request, reply) }

    /** Runs [call] on the worker that this is called on, or on the workers by turns. */
    internal fun <T> stage(call: suspend CoroutineScope.() -> T): CompletionStage<T> {
        val here = Worker.current()?.takeIf { it.index() < runtime.workersCount() && runtime.worker(it.index()) === it }
        val worker = here ?: runtime.worker(Math.floorMod(placedCount.getAndIncrement(), runtime.workersCount()))
        return CoroutineScope(SupervisorJob() + worker.dispatcher).future(block = call)
    }

    internal fun <T : Any> items(flow: (onBegun: suspend () -> Unit) -> Flow<T>): RedisItems<T> =
        RedisItems(runtime, flow = flow)

    /** Sends a command that there is no function for, word by word. */
    public fun cmd(vararg words: String): CompletionStage<Any?> = stage { kotlin.cmd(*words) }

    /** Reads the value at [key] where it was received; the view is borrowed until [read] returns, null when there is none. */
    public fun <R> getView(
        key: K,
        read: Function<ByteView?, R>,
    ): CompletionStage<R> = stage { kotlin.getView(key) { read.apply(it) } }

    /** Runs [script], by its hash where the server knows it. */
    @JvmOverloads
    public fun <T> script(
        script: RedisScript,
        reply: Reply<T>,
        keys: List<K> = emptyList(),
        arguments: List<V> = emptyList(),
    ): CompletionStage<T> = stage { kotlin.script(script, reply, keys, arguments) }

    /** The value at [key] in pieces of 64 KiB. */
    public fun getStream(key: K): RedisItems<ByteArray> = items { kotlin.getStream(key) }

    /** The value at [key] in pieces of [pieceBytes]. */
    public fun getStream(
        key: K,
        pieceBytes: Int,
    ): RedisItems<ByteArray> = items { kotlin.getStream(key, pieceBytes) }

    /**
     * Sets the value at [key] to all that [source] gives, which may block: it is read beside the workers, to its end; close
     * it yourself. The stage has its size in bytes.
     */
    @JvmOverloads
    public fun setStream(
        key: String,
        source: InputStream,
        expiry: Duration? = null,
    ): CompletionStage<Long> = stage { kotlinText.setStream(key, pieces(source), expiry?.toKotlinDuration()) }

    /** The fields of the hash at [key] with their values, those whose names match the glob-style pattern if there is one. */
    @JvmOverloads
    public fun hscanAll(
        key: K,
        match: String? = null,
        count: Int? = null,
    ): RedisItems<Map.Entry<K, V>> =
        items { kotlin.hscanFlow(key, match, count).map { (field, value) -> java.util.Map.entry(field, value) } }

    /** The members of the set at [key]. */
    @JvmOverloads
    public fun sscanAll(
        key: K,
        match: String? = null,
        count: Int? = null,
    ): RedisItems<V> = items { kotlin.sscanFlow(key, match, count) }

    /** The members of the sorted set at [key]. */
    @JvmOverloads
    public fun zscanAll(
        key: K,
        match: String? = null,
        count: Int? = null,
    ): RedisItems<ScoredMember<V>> =
        items { kotlin.zscanFlow(key, match, count).map { (member, score) -> ScoredMember(member, score) } }

    /** The entries that [consumer] of [group] is to work on; each is acknowledged when it is done with. */
    public fun consumerGroup(
        key: K,
        group: String,
        consumer: String,
    ): RedisItems<StreamEntry<K, V>> = items { kotlin.consumerGroup(key, group, consumer) }

    /** As above: at most [count] at a time, waiting for [block] at a time, and those of others after [claimIdle]. */
    public fun consumerGroup(
        key: K,
        group: String,
        consumer: String,
        count: Int,
        block: Duration,
        claimIdle: Duration,
    ): RedisItems<StreamEntry<K, V>> =
        items {
            kotlin.consumerGroup(
                key,
                group,
                consumer,
                count,
                block.toKotlinDuration(),
                claimIdle.toKotlinDuration(),
            )
        }

    /** The rows of an aggregation, piece by piece. */
    @JvmOverloads
    public fun ftAggregateAll(
        index: String,
        query: String,
        aggregation: Aggregation = Aggregation(),
        count: Long? = null,
        maxIdle: Duration? = null,
    ): RedisItems<AggregateRow> =
        items { kotlin.ftAggregateFlow(index, query, aggregation, count, maxIdle?.toKotlinDuration()) }

    private fun pieces(source: InputStream): Flow<ByteArray> =
        flow {
            while (true) {
                val piece = runtime.withBlocking { source.readNBytes(PIECE_BYTES) }
                if (piece.isEmpty()) break
                emit(piece)
            }
        }

    private companion object {
        const val PIECE_BYTES = 64 shl 10
    }
}
