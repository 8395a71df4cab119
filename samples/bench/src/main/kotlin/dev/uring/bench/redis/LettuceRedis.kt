@file:OptIn(ExperimentalLettuceCoroutinesApi::class)

package dev.uring.bench.redis

import io.lettuce.core.ExperimentalLettuceCoroutinesApi
import io.lettuce.core.RedisClient
import io.lettuce.core.RedisFuture
import io.lettuce.core.RedisURI
import io.lettuce.core.api.StatefulRedisConnection
import io.lettuce.core.api.coroutines
import io.lettuce.core.codec.ByteArrayCodec
import io.lettuce.core.codec.RedisCodec
import io.lettuce.core.codec.StringCodec
import io.lettuce.core.resource.DefaultClientResources
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import java.util.concurrent.CountDownLatch

private fun connect(port: Int): StatefulRedisConnection<String, ByteArray> {
    val resources =
        DefaultClientResources
            .builder()
            .ioThreadPoolSize(1)
            .computationThreadPoolSize(2)
            .build()
    return RedisClient
        .create(resources, RedisURI.create("127.0.0.1", port))
        .connect(RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE))
}

/** Lettuce: its asynchronous API on one connection and one I/O thread; batches with auto-flush off. */
class LettuceRedis(
    port: Int,
) : RedisSubjectClient {
    private val connection = connect(port)
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
        ask(load, tally).whenComplete { got, failure ->
            if (failure != null) load.fail("$failure") else tally.checkUnlessOk(got)
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
            val replies = List(load.depth) { ask(load, tally) }
            connection.flushCommands()
            for (reply in replies) tally.checkUnlessOk(reply.get())
            tally.end(load.depth)
        }
    }

    private fun ask(
        load: RedisLoad,
        tally: RedisLoad.Tally,
    ): RedisFuture<out Any?> =
        if (tally.isNextSet()) commands.set(tally.nextKey(), load.value) else commands.get(tally.nextKey())
}

/**
 * Lettuce: its coroutine API on one connection and one I/O thread. It has no pipelines; several `async` with auto-flush off
 * come nearest.
 */
class LettuceCoroutinesRedis(
    port: Int,
) : RedisSubjectClient {
    private val connection = connect(port)
    private val commands = connection.coroutines()

    override val settings =
        "coroutine API, one connection, one I/O thread, Dispatchers.Unconfined: resumed there without a hop; " +
            "pipelines are async with auto-flush off"

    override fun run(load: RedisLoad) {
        connection.setAutoFlushCommands(load.depth == 1)
        runBlocking(Dispatchers.Unconfined) {
            load.tallies.map { tally -> launch { loop(load, tally) } }.joinAll()
        }
    }

    private suspend fun loop(
        load: RedisLoad,
        tally: RedisLoad.Tally,
    ) {
        while (tally.mayGoOn()) {
            tally.begin()
            if (load.depth > 1) runPipeline(load, tally) else tally.checkUnlessOk(ask(load, tally))
            tally.end(load.depth)
        }
    }

    private suspend fun runPipeline(
        load: RedisLoad,
        tally: RedisLoad.Tally,
    ) = coroutineScope {
        // Begun here, each up to its wait: what is dispatched would come behind the flush.
        val replies = List(load.depth) { async(start = CoroutineStart.UNDISPATCHED) { ask(load, tally) } }
        connection.flushCommands()
        for (got in replies.awaitAll()) tally.checkUnlessOk(got)
    }

    private suspend fun ask(
        load: RedisLoad,
        tally: RedisLoad.Tally,
    ): Any? = if (tally.isNextSet()) commands.set(tally.nextKey(), load.value) else commands.get(tally.nextKey())
}

// A SET is answered with text.
private fun RedisLoad.Tally.checkUnlessOk(got: Any?) {
    if (got != "OK") check(got as? ByteArray)
}
