package dev.uring.bench.redis

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.bytes.ByteView
import dev.uring.dsl.dispatcher
import dev.uring.redis.BatchResult
import dev.uring.redis.RedisBatch
import dev.uring.redis.RedisClient
import dev.uring.redis.RedisCodec
import dev.uring.redis.RedisConfig
import dev.uring.redis.RedisExecutor
import dev.uring.redis.Replies
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.Reply
import dev.uring.redis.getView
import dev.uring.redis.pipeline
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/** Ours: coroutines on one worker. */
class UringRedis(
    port: Int,
    private val reads: Reads,
) : RedisSubjectClient {
    /** What a GET is read as. */
    enum class Reads(
        val words: String,
    ) {
        ARRAYS("values as ByteArray"),
        VIEWS("values looked at where they were received"),
    }

    private val runtime = UringRuntime.start(RuntimeConfig.builder().workersCount(1).build())
    private val client = RedisClient(runtime, RedisConfig(address = "127.0.0.1:$port"))
    private val bytes = client.withCodec(RedisCodec.BYTE_VALUES)

    override val settings = "one worker, its one connection, a coroutine for each loop, ${reads.words}"

    override fun run(load: RedisLoad) =
        runBlocking(runtime.worker(0).dispatcher) {
            load.tallies.map { tally -> launch { loop(load, tally) } }.joinAll()
        }

    private suspend fun loop(
        load: RedisLoad,
        tally: RedisLoad.Tally,
    ) {
        while (tally.mayGoOn()) {
            tally.begin()
            when {
                load.depth > 1 && reads == Reads.ARRAYS -> runPipeline(load, tally)
                load.depth > 1 -> runPipelineOfViews(load, tally)
                tally.isNextSet() -> bytes.store(tally.nextKey(), load.value)
                reads == Reads.ARRAYS -> tally.check(bytes.fetch(tally.nextKey()))
                else -> bytes.getView(tally.nextKey()) { tally.check(load, it) }
            }
            tally.end(load.depth)
        }
    }

    private suspend fun runPipeline(
        load: RedisLoad,
        tally: RedisLoad.Tally,
    ) {
        val replies = bytes.pipeline { List(load.depth) { add(load, tally, codec.valueOrNull) } }
        for (reply in replies) {
            val got = reply.value
            if (got != Unit) tally.check(got as ByteArray?)
        }
    }

    private suspend fun runPipelineOfViews(
        load: RedisLoad,
        tally: RedisLoad.Tally,
    ) {
        val looked = Reply<Any?> { tally.check(load, if (it.readNull()) null else it.readView()) }
        var last: BatchResult<Any?>? = null
        bytes.pipeline { repeat(load.depth) { last = add(load, tally, looked) } }
        // Whether it has failed.
        last?.value
    }

    private fun RedisLoad.Tally.check(
        load: RedisLoad,
        got: ByteView?,
    ) {
        val isRight = got != null && got.contentEquals(0, got.size(), load.value)
        if (!isRight) load.fail("a value of ${got?.size()} bytes came that was never set")
    }

    private suspend fun RedisExecutor<String, ByteArray>.fetch(key: String): ByteArray? =
        execute(command(GET).key(codec.keys, key), codec.valueOrNull)

    private suspend fun RedisExecutor<String, ByteArray>.store(
        key: String,
        value: ByteArray,
    ): Unit = execute(command(SET).key(codec.keys, key).value(codec.values, value), Replies.unit)

    private fun RedisBatch<String, ByteArray>.add(
        load: RedisLoad,
        tally: RedisLoad.Tally,
        read: Reply<out Any?>,
    ): BatchResult<Any?> =
        if (tally.isNextSet()) {
            val request = command(SET).key(codec.keys, tally.nextKey())
            execute(request.value(codec.values, load.value), Replies.unit)
        } else {
            execute(command(GET).key(codec.keys, tally.nextKey()), read)
        }

    private companion object {
        val GET: Command = Command.of("GET", Command.READONLY or Command.IDEMPOTENT)
        val SET: Command = Command.of("SET", Command.IDEMPOTENT)
    }
}
