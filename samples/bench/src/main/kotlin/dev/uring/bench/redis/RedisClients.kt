package dev.uring.bench.redis

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.dsl.dispatcher
import dev.uring.redis.BatchResult
import dev.uring.redis.RedisBatch
import dev.uring.redis.RedisClient
import dev.uring.redis.RedisCodec
import dev.uring.redis.RedisConfig
import dev.uring.redis.RedisExecutor
import dev.uring.redis.Replies
import dev.uring.redis.codec.Command
import dev.uring.redis.pipeline
import io.lettuce.core.RedisFuture
import io.lettuce.core.RedisURI
import io.lettuce.core.api.StatefulRedisConnection
import io.lettuce.core.codec.ByteArrayCodec
import io.lettuce.core.codec.StringCodec
import io.lettuce.core.resource.ClientResources
import io.lettuce.core.resource.DefaultClientResources
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import redis.clients.jedis.Jedis
import redis.clients.jedis.Response
import java.util.concurrent.CountDownLatch
import java.util.concurrent.SynchronousQueue
import java.util.concurrent.ThreadPoolExecutor
import java.util.concurrent.TimeUnit

/** A client library that runs loads. Each way of asking is the one that its users would choose for speed. */
interface RedisSubjectClient {
    /** What a reader needs to judge the figures. */
    val settings: String

    /** Runs [load] to its end. */
    fun run(load: RedisLoad)
}

/** Ours: coroutines on one worker. */
class UringRedis(
    port: Int,
) : RedisSubjectClient {
    private val runtime = UringRuntime.start(RuntimeConfig.builder().workersCount(1).build())
    private val client = RedisClient(runtime, RedisConfig(address = "127.0.0.1:$port"))
    private val bytes = client.withCodec(RedisCodec.BYTE_VALUES)

    override val settings = "one worker, its one connection, a coroutine for each loop, values as ByteArray"

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
                load.depth > 1 -> {
                    runPipeline(load, tally)
                }

                load.isSet -> {
                    bytes.store(tally.nextKey(), load.value)
                }

                else -> {
                    tally.check(bytes.fetch(tally.nextKey()))
                }
            }
            tally.end(load.depth)
        }
    }

    private suspend fun runPipeline(
        load: RedisLoad,
        tally: RedisLoad.Tally,
    ) {
        val replies = bytes.pipeline { List(load.depth) { add(load, tally.nextKey()) } }
        for (reply in replies) {
            val got = reply.value
            if (!load.isSet) tally.check(got as ByteArray?)
        }
    }

    private suspend fun RedisExecutor<String, ByteArray>.fetch(key: String): ByteArray? =
        execute(command(GET).key(codec.keys, key), codec.valueOrNull)

    private suspend fun RedisExecutor<String, ByteArray>.store(
        key: String,
        value: ByteArray,
    ): Unit = execute(command(SET).key(codec.keys, key).value(codec.values, value), Replies.unit)

    private fun RedisBatch<String, ByteArray>.add(
        load: RedisLoad,
        key: String,
    ): BatchResult<Any?> =
        if (load.isSet) {
            execute(command(SET).key(codec.keys, key).value(codec.values, load.value), Replies.unit)
        } else {
            execute(command(GET).key(codec.keys, key), codec.valueOrNull)
        }

    private companion object {
        val GET: Command = Command.of("GET", Command.READONLY or Command.IDEMPOTENT)
        val SET: Command = Command.of("SET", Command.IDEMPOTENT)
    }
}

/** Lettuce: its asynchronous API on one connection and one I/O thread; batches with auto-flush off. */
class LettuceRedis(
    port: Int,
) : RedisSubjectClient {
    private val resources: ClientResources =
        DefaultClientResources
            .builder()
            .ioThreadPoolSize(1)
            .computationThreadPoolSize(2)
            .build()
    private val client =
        io.lettuce.core.RedisClient
            .create(resources, RedisURI.create("127.0.0.1", port))
    private val connection: StatefulRedisConnection<String, ByteArray> =
        client.connect(
            io.lettuce.core.codec.RedisCodec
                .of(StringCodec.UTF8, ByteArrayCodec.INSTANCE),
        )
    private val commands = connection.async()

    override val settings = "async API, one connection, one I/O thread, values as byte[]; pipelines with auto-flush off"

    override fun run(load: RedisLoad) {
        connection.setAutoFlushCommands(load.depth == 1)
        if (load.depth > 1) return runPipelines(load, load.tallies.single())
        val done = CountDownLatch(load.loops)
        for (tally in load.tallies) next(load, tally, done)
        done.await()
    }

    // The next command is given where the last one was answered: on the I/O thread, without a hop.
    private fun next(
        load: RedisLoad,
        tally: RedisLoad.Tally,
        done: CountDownLatch,
    ) {
        if (!tally.mayGoOn()) return done.countDown()
        tally.begin()
        ask(load, tally.nextKey()).whenComplete { got, failure ->
            if (failure != null) {
                load.fail("$failure")
            } else if (!load.isSet) {
                tally.check(got as ByteArray?)
            }
            tally.end(1)
            next(load, tally, done)
        }
    }

    private fun runPipelines(
        load: RedisLoad,
        tally: RedisLoad.Tally,
    ) {
        while (tally.mayGoOn()) {
            tally.begin()
            val replies = List(load.depth) { ask(load, tally.nextKey()) }
            connection.flushCommands()
            for (reply in replies) {
                val got = reply.get()
                if (!load.isSet) tally.check(got as ByteArray?)
            }
            tally.end(load.depth)
        }
    }

    private fun ask(
        load: RedisLoad,
        key: String,
    ): RedisFuture<out Any?> = if (load.isSet) commands.set(key, load.value) else commands.get(key)
}

/** Jedis: a thread and a connection for each loop; its own pipelines. */
class JedisRedis(
    private val port: Int,
) : RedisSubjectClient {
    override val settings = "a thread and a connection for each loop, values as byte[]; pipelined() for pipelines"

    // Connections stay from round to round, as those of a pool do.
    private val connections = ArrayList<Jedis>()

    // And so do threads: the CPU time of an ended one could not be read any more.
    private val threads = ThreadPoolExecutor(0, Int.MAX_VALUE, 1, TimeUnit.HOURS, SynchronousQueue())

    override fun run(load: RedisLoad) {
        while (connections.size < load.loops) connections += Jedis("127.0.0.1", port)
        load.tallies
            .mapIndexed { n, tally -> threads.submit { loop(load, tally, connections[n]) } }
            .forEach { it.get() }
    }

    private fun loop(
        load: RedisLoad,
        tally: RedisLoad.Tally,
        jedis: Jedis,
    ) {
        while (tally.mayGoOn()) {
            tally.begin()
            when {
                load.depth > 1 -> runPipeline(load, tally, jedis)
                load.isSet -> jedis.set(tally.nextKey().toByteArray(), load.value)
                else -> tally.check(jedis.get(tally.nextKey().toByteArray()))
            }
            tally.end(load.depth)
        }
    }

    private fun runPipeline(
        load: RedisLoad,
        tally: RedisLoad.Tally,
        jedis: Jedis,
    ) {
        val pipeline = jedis.pipelined()
        val replies =
            List<Response<out Any?>>(load.depth) {
                val key = tally.nextKey().toByteArray()
                if (load.isSet) pipeline.set(key, load.value) else pipeline.get(key)
            }
        pipeline.sync()
        for (reply in replies) {
            val got = reply.get()
            if (!load.isSet) tally.check(got as ByteArray?)
        }
    }
}
