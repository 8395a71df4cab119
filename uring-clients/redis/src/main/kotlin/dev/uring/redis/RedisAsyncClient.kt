package dev.uring.redis

import dev.uring.UringRuntime
import dev.uring.bytes.ByteSink
import dev.uring.client.Request
import dev.uring.dns.Resolver
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.ErrorReplyException
import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ReplyReader
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.RejectedExecutionException

/**
 * A client of one Redis server, for Java: each command gives a `CompletionStage`.
 *
 * ### Shapes and units
 * As [RedisClient]: one shared connection per worker, commands of one turn leave together.
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
) : RedisAsync<K, V>,
    AutoCloseable {
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
