package dev.uring.redis

import dev.uring.dsl.dispatcher
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.withContext
import kotlin.coroutines.Continuation
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.intercepted
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn

/**
 * Sends the commands that [block] adds in one piece, and returns what [block] returned when all are answered.
 *
 * ### Shapes and units
 * Each command gives a [BatchResult], to be read after this has returned; other coroutines' commands may be executed in
 * between. Coroutines that send single commands at the same time are pipelined without this.
 * ### Threading and cancellation
 * [block] cannot suspend. A cancelled pipeline that was sent is executed, and its replies are dropped.
 * ### Errors
 * A command that the server refuses fails its own result only. What [RedisExecutor] says of lost connections and timeouts
 * is thrown here, for all of them.
 *
 * @sample samples.redis.severalAtOnce
 */
public suspend fun <K : Any, V : Any, R> RedisExecutor<K, V>.pipeline(block: RedisBatch<K, V>.() -> R): R {
    val core = core("pipeline")
    val content = core.content()
    val result = collect(core, content, codec, block)
    if (content.count > 0) {
        core.await(content, link()) { side, context -> side.batch(context) }
    } else {
        core.giveBack(content)
    }
    return result
}

/**
 * Executes the commands that [block] adds as one: MULTI, the commands, EXEC.
 *
 * ### Shapes and units
 * As [pipeline], but no other client's command is executed in between, and a command that the server cannot even queue
 * makes none of them be executed. Redis does not take back what was done before a command that fails while it is executed.
 * ### Threading and cancellation
 * As [pipeline]. All goes out in one piece on the shared connection, so nothing can be caught in the middle.
 * ### Errors
 * As [pipeline], and [RedisException] when the server refuses the transaction.
 *
 * @sample samples.redis.transfer
 */
public suspend fun <K : Any, V : Any, R> RedisExecutor<K, V>.transaction(block: RedisBatch<K, V>.() -> R): R {
    val core = core("transaction")
    val content = core.content()
    val result = collect(core, content, codec, block)
    if (content.count > 0) {
        core.await(content, link()) { side, _ -> TransactionCall(side) }
    } else {
        core.giveBack(content)
    }
    return result
}

/**
 * Reads, decides and writes as if alone: [block] may read the watched [keys] and others, and what it
 * [commits][WatchScope.commit] is executed only if nobody has changed a watched key meanwhile; else [block] runs again.
 *
 * ### Shapes and units
 * At most [attempts] runs. A [block] that returns without a commit changes nothing.
 * ### Ownership
 * A connection of its own until this returns; see [RedisConfig.blockingConnectionsMax].
 * ### Threading and cancellation
 * [block] runs on one of the client's workers. Cancelled, it leaves no watch behind.
 * ### Errors
 * [RedisTransactionException] a watched key changed each time · what [transaction] says · [RedisConnectionException] the
 * connection was lost between watching and committing: nothing was executed, unless its `wasSent` says otherwise.
 *
 * @sample samples.redis.bid
 */
public suspend fun <K : Any, V : Any, R> RedisExecutor<K, V>.watch(
    vararg keys: K,
    attempts: Int = 16,
    block: suspend WatchScope<K, V>.() -> R,
): R = watchAll(keys.asList(), attempts, block)

internal suspend fun <K : Any, V : Any, R> RedisExecutor<K, V>.watchAll(
    keys: List<K>,
    attempts: Int,
    block: suspend WatchScope<K, V>.() -> R,
): R {
    require(keys.isNotEmpty() && attempts > 0) { "watch(keys=${keys.size}, attempts=$attempts): at least one of each" }
    val core = core("watch")
    val side = core.place()
    val watching: suspend () -> R = { watchOn(core, side, keys, attempts, block) }
    val isThere = currentCoroutineContext()[ContinuationInterceptor] == side.worker.dispatcher
    return if (isThere) watching() else withContext(side.worker.dispatcher) { watching() }
}

private suspend fun <K : Any, V : Any, R> RedisExecutor<K, V>.watchOn(
    core: ClientCore,
    side: RedisSide,
    keys: List<K>,
    attempts: Int,
    block: suspend WatchScope<K, V>.() -> R,
): R {
    val link = side.dedicated.lease("transaction")
    val executor = CodecExecutor(core, codec, link)
    var isClean = false
    try {
        repeat(attempts) {
            val request = executor.command(WATCH)
            for (key in keys) request.key(codec.keys, key)
            executor.execute(request, Replies.unit)
            val scope = WatchScope(core, executor, link, link.generation)
            try {
                val result = scope.block()
                if (!scope.isCommitted) executor.execute(executor.command(UNWATCH), Replies.unit)
                isClean = true
                return result
            } catch (changed: KeyChanged) {
                if (changed.scope !== scope) throw changed
            }
        }
        isClean = true
        throw RedisTransactionException(attempts)
    } finally {
        // What the server still watches for this connection must not meet the next user.
        if (!isClean) link.lose(RedisConnectionException("its transaction was given up", wasSent = true))
        side.dedicated.release(link)
    }
}

/** What a block of [watch] reads with, and commits with. */
public class WatchScope<K : Any, V : Any> internal constructor(
    private val core: ClientCore,
    private val executor: RedisExecutor<K, V>,
    private val link: RedisLink,
    private val generation: Long,
) : RedisExecutor<K, V> {
    internal var isCommitted = false
        private set

    override val codec: RedisCodec<K, V> get() = executor.codec

    override fun command(command: Command): CommandWriter = executor.command(command)

    override suspend fun <T> execute(
        request: CommandWriter,
        reply: Reply<T>,
    ): T = executor.execute(request, reply)

    /**
     * Executes the commands that [block] adds, if no watched key was changed; else the block of [watch] begins again, and
     * this does not return. Once per run.
     */
    public suspend fun <R> commit(block: RedisBatch<K, V>.() -> R): R {
        check(!isCommitted) { "commit was called before in this run: a watch ends with its first commit" }
        val content = core.content()
        val result = collect(core, content, codec, block)
        lateinit var call: TransactionCall
        isCommitted = true
        core.await(content, link) { side, _ -> TransactionCall(side, generation).also { made -> call = made } }
        if (call.isAborted) throw KeyChanged(this)
        return result
    }
}

// Control flow, not a failure: without a stack trace it costs nothing.
private class KeyChanged(
    val scope: WatchScope<*, *>,
) : RuntimeException(
        "a watched key was changed; this exception is for watch() and must not be caught",
        null,
        false,
        false,
    )

private inline fun <K : Any, V : Any, R> collect(
    core: ClientCore,
    content: BatchContent,
    codec: RedisCodec<K, V>,
    block: RedisBatch<K, V>.() -> R,
): R {
    val batch = BatchBuilder(content, codec)
    try {
        return batch.block()
    } catch (failure: Throwable) {
        core.giveBack(content)
        throw failure
    } finally {
        batch.end()
    }
}

private suspend fun ClientCore.await(
    content: BatchContent,
    link: RedisLink?,
    make: (RedisSide, CoroutineContext) -> BatchedCall,
): Unit =
    suspendCoroutineUninterceptedOrReturn { continuation ->
        @Suppress("UNCHECKED_CAST")
        val waiter = continuation as Continuation<Any?>
        val side = here()
        if (side != null) {
            make(side, waiter.context).begin(content, link, waiter)
        } else {
            val there = place()
            val intercepted = waiter.intercepted()
            there.worker.execute { make(there, intercepted.context).beginFor(content, intercepted) }
            COROUTINE_SUSPENDED
        }
    }

internal fun RedisExecutor<*, *>.core(operation: String): ClientCore =
    when (this) {
        is RedisClient -> core

        is CodecExecutor -> core

        else -> throw UnsupportedOperationException(
            "$operation is for a RedisClient and what its withCodec returns, not for $this",
        )
    }

private fun RedisExecutor<*, *>.link(): RedisLink? = (this as? CodecExecutor<*, *>)?.link

private val WATCH = Command.of("WATCH", Command.CONNECTION)
private val UNWATCH = Command.of("UNWATCH", Command.CONNECTION)
