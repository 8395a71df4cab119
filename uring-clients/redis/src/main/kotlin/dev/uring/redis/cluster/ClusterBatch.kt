package dev.uring.redis.cluster

import dev.uring.redis.BatchResult
import dev.uring.redis.RedisBatch
import dev.uring.redis.RedisCodec
import dev.uring.redis.RedisConnectionException
import dev.uring.redis.RedisException
import dev.uring.redis.RedisFailure
import dev.uring.redis.RedisTimeoutException
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import dev.uring.redis.sharded.RedisSharded

/** The commands of one batch for a cluster as they are collected. */
internal class ClusterBatch<K : Any, V : Any>(
    override val codec: RedisCodec<K, V>,
) : RedisBatch<K, V> {
    val entries = ArrayList<Entry<*>>()
    private var isOver = false

    override fun command(command: Command): CommandWriter = CommandWriter().begin(command)

    override fun <T> execute(
        request: CommandWriter,
        reply: Reply<T>,
    ): BatchResult<T> {
        val command = request.command()
        check(!isOver) { "$command: its batch has been sent already; add commands inside the block only" }
        require(request.blockMillis() == CommandWriter.NOT_BLOCKING && !command.`is`(Command.CONNECTION)) {
            "$command waits at the server or changes its connection, which others share: send it by itself"
        }
        val result = BatchResult<T>(command, reply)
        entries += Entry(ClusterRequest.of(request), reply, result)
        return result
    }

    fun <R> collect(block: RedisBatch<K, V>.() -> R): R =
        try {
            block()
        } finally {
            isOver = true
        }

    /** One command and what becomes of it. */
    class Entry<T>(
        val request: ClusterRequest,
        private val reply: Reply<T>,
        private val result: BatchResult<T>,
    ) {
        private var attempt: BatchResult<T>? = null

        fun addTo(batch: RedisBatch<*, *>) {
            attempt = batch.execute(request.writeTo(batch.command(request.command)), reply)
        }

        /** Takes over what its attempt has given; false when another node has to be asked. */
        fun settle(): Boolean {
            val done = checkNotNull(attempt)
            val failure = done.failure
            if (failure is RedisException && ClusterCall.isFollowed(failure)) return false
            if (failure == null) result.succeed(done.value) else result.fail(failure)
            return true
        }

        /** [failure] has ended its attempt; false when it may be tried again. */
        fun settle(
            failure: RedisFailure,
            config: ClusterConfig,
        ): Boolean {
            val wasSent =
                when (failure) {
                    is RedisConnectionException -> failure.wasSent
                    is RedisTimeoutException -> failure.wasSent
                    else -> false
                }
            if (!wasSent || request.mayRepeat(config)) return false
            result.fail(failure)
            return true
        }

        suspend fun executeBy(cluster: RedisCluster<*, *>) = settle { cluster.execute(request, reply) }

        /** As above, among servers that are no cluster: there, what cannot be split is this command's own failure. */
        suspend fun executeBy(sharded: RedisSharded<*, *>) =
            try {
                settle { sharded.execute(request, reply) }
            } catch (refusal: IllegalArgumentException) {
                result.fail(refusal)
            }

        /** Takes over what its attempt at [server] has given, whatever that is. */
        fun settleWith(server: String) {
            val done = checkNotNull(attempt)
            when (val failure = done.failure) {
                null -> result.succeed(done.value)
                is RedisException -> result.fail(RedisException(failure.command, failure.serverText, server))
                else -> result.fail(failure)
            }
        }

        fun fail(failure: RedisFailure) = result.fail(failure)

        private inline fun settle(execute: () -> T) =
            try {
                result.succeed(execute())
            } catch (failure: RedisFailure) {
                result.fail(failure)
            }
    }
}
