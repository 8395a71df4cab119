package dev.uring.bench.momento

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.bench.redis.RedisLoad
import dev.uring.bench.redis.RedisSubjectClient
import dev.uring.dsl.dispatcher
import dev.uring.momento.MomentoAsyncClient
import dev.uring.momento.MomentoClient
import dev.uring.momento.MomentoConfig
import dev.uring.momento.MomentoCredential
import dev.uring.tls.TlsClientOptions
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import java.time.Duration
import java.util.concurrent.CountDownLatch

internal const val CACHE_NAME = "bench"
internal const val TOKEN = "bench"
internal const val TTL_HOURS = 1L

// Nobody listens in on loopback, and the certificate was made for this run.
private fun config(
    port: Int,
    isTls: Boolean,
) = MomentoConfig(
    MomentoCredential(TOKEN, "127.0.0.1", port),
    tls = if (isTls) TlsClientOptions.builder().insecurelyTrustEverybody().build() else null,
    isPlain = !isTls,
)

private fun runtime() = UringRuntime.start(RuntimeConfig.builder().workersCount(1).build())

/** Coroutines on one worker. */
class UringMomento(
    port: Int,
    isTls: Boolean,
) : RedisSubjectClient {
    private val runtime = runtime()
    private val cache = MomentoClient(runtime, config(port, isTls)).cache(CACHE_NAME)

    override val settings = "one worker, its one connection, a coroutine for each loop"

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
            if (load.isSet) cache.set(tally.nextKey(), load.value) else tally.check(cache.get(tally.nextKey()))
            tally.end(1)
        }
    }
}

/** The stages of the Java client, each going on where the last one completed: on the worker, without a hop. */
class CallbackMomento(
    port: Int,
    isTls: Boolean,
) : RedisSubjectClient {
    private val runtime = runtime()
    private val cache = MomentoAsyncClient.create(runtime, config(port, isTls)).cache(CACHE_NAME)

    override val settings = "one worker, its one connection, a chain of CompletionStages for each loop"

    override fun run(load: RedisLoad) {
        val done = CountDownLatch(load.loops)
        runtime.worker(0).execute { for (tally in load.tallies) next(load, tally, done) }
        done.await()
    }

    private fun next(
        load: RedisLoad,
        tally: RedisLoad.Tally,
        done: CountDownLatch,
    ) {
        if (!tally.mayGoOn()) return done.countDown()
        tally.begin()
        val key = tally.nextKey()
        val stage = if (load.isSet) cache.set(key, load.value, TTL) else cache.get(key)
        stage.whenComplete { got, failure ->
            if (failure != null) {
                load.fail("$failure")
            } else if (!load.isSet) {
                tally.check(got as ByteArray?)
            }
            tally.end(1)
            next(load, tally, done)
        }
    }

    private companion object {
        val TTL: Duration = Duration.ofHours(TTL_HOURS)
    }
}

/** What one writes without a library: a blocking socket, a virtual thread for each loop and one that reads. */
class BlockingMomento(
    port: Int,
    isTls: Boolean,
) : RedisSubjectClient {
    private val connection by lazy { BlockingConnection(port, isTls) }

    override val settings = "one blocking socket, a virtual thread for each loop and one that reads and wakes them"

    override fun run(load: RedisLoad) =
        load.tallies
            .map { tally -> Thread.ofVirtual().start { loop(load, tally) } }
            .forEach { it.join() }

    private fun loop(
        load: RedisLoad,
        tally: RedisLoad.Tally,
    ) = try {
        while (tally.mayGoOn()) {
            tally.begin()
            val key = tally.nextKey()
            if (load.isSet) connection.set(key, load.value) else tally.check(connection.get(key))
            tally.end(1)
        }
    } catch (failure: Exception) {
        load.fail("$failure")
    }
}
