package dev.uring.bench.memcache

import com.spotify.folsom.MemcacheClient
import com.spotify.folsom.MemcacheClientBuilder
import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.bench.redis.RedisLoad
import dev.uring.bench.redis.RedisSubjectClient
import dev.uring.dsl.dispatcher
import dev.uring.memcache.MemcacheConfig
import dev.uring.memcache.codec.Transcoder
import dev.uring.memcache.get
import dev.uring.memcache.getAll
import dev.uring.memcache.set
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import net.rubyeye.xmemcached.XMemcachedClient
import net.spy.memcached.CachedData
import net.spy.memcached.ConnectionFactoryBuilder
import net.spy.memcached.MemcachedClient
import java.net.InetSocketAddress
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executor
import java.util.concurrent.SynchronousQueue
import java.util.concurrent.ThreadPoolExecutor
import java.util.concurrent.TimeUnit

/** Ours: coroutines on one worker. */
class UringMemcache(
    port: Int,
) : RedisSubjectClient {
    private val runtime = UringRuntime.start(RuntimeConfig.builder().workersCount(1).build())
    private val client = dev.uring.memcache.MemcacheClient(runtime, MemcacheConfig("127.0.0.1:$port"))
    private val bytes = client.withTranscoder(Transcoder.BYTES)

    override val settings = "one worker, one connection, gets combined, a coroutine for each loop, values as ByteArray"

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
                    val keys = List(load.depth) { tally.nextKey() }
                    val found = bytes.getAll(keys)
                    for (key in keys) tally.check(found[key])
                }

                load.isSet -> {
                    bytes.set(tally.nextKey(), load.value)
                }

                else -> {
                    tally.check(bytes.get(tally.nextKey()))
                }
            }
            tally.end(load.depth)
        }
    }
}

/** A client whose users chain futures: the next command is given where the last one was answered. */
abstract class FutureClient : RedisSubjectClient {
    protected abstract fun get(key: String): CompletionStage<ByteArray?>

    protected abstract fun set(
        key: String,
        value: ByteArray,
    ): CompletionStage<*>

    protected abstract fun getAll(keys: List<String>): CompletionStage<List<ByteArray?>>

    final override fun run(load: RedisLoad) {
        val done = CountDownLatch(load.loops)
        for (tally in load.tallies) next(load, tally, done)
        done.await()
    }

    private fun next(
        load: RedisLoad,
        tally: RedisLoad.Tally,
        done: CountDownLatch,
    ) {
        if (!tally.mayGoOn()) return done.countDown()
        tally.begin()
        val stage: CompletionStage<*> =
            when {
                load.depth > 1 -> getAll(List(load.depth) { tally.nextKey() })
                load.isSet -> set(tally.nextKey(), load.value)
                else -> get(tally.nextKey())
            }
        stage.whenComplete { got, failure ->
            if (failure != null) {
                load.fail("$failure")
            } else if (load.depth > 1) {
                (got as List<*>).forEach { tally.check(it as ByteArray?) }
            } else if (!load.isSet) {
                tally.check(got as ByteArray?)
            }
            tally.end(load.depth)
            next(load, tally, done)
        }
    }
}

/** Folsom: its ASCII client, one connection, replies on the I/O thread. */
class FolsomMemcache(
    port: Int,
) : FutureClient() {
    private val client: MemcacheClient<ByteArray> =
        MemcacheClientBuilder
            .newByteArrayClient()
            .withAddress("127.0.0.1", port)
            .withReplyExecutor(Executor { it.run() })
            .withMaxOutstandingRequests(OUTSTANDING_MAX)
            .withMaxSetLength(2 shl 20)
            .connectAscii()
            .also { it.awaitConnected(CONNECT_SECONDS, TimeUnit.SECONDS) }

    override val settings = "ASCII, one connection, replies on its I/O thread, values as byte[]"

    override fun get(key: String): CompletionStage<ByteArray?> = client.get(key)

    override fun set(
        key: String,
        value: ByteArray,
    ): CompletionStage<*> = client.set(key, value, 0)

    override fun getAll(keys: List<String>): CompletionStage<List<ByteArray?>> = client.get(keys).thenApply { it }

    private companion object {
        const val OUTSTANDING_MAX = 4096
        const val CONNECT_SECONDS = 30L
    }
}

/** Spymemcached: its text protocol, one connection, listeners on the I/O thread. */
class SpyMemcached(
    port: Int,
) : FutureClient() {
    private val plain =
        object : net.spy.memcached.transcoders.Transcoder<ByteArray> {
            override fun asyncDecode(data: CachedData) = false

            override fun encode(value: ByteArray) = CachedData(0, value, maxSize)

            override fun decode(data: CachedData): ByteArray = data.data

            override fun getMaxSize() = 2 shl 20
        }
    private val client =
        MemcachedClient(
            ConnectionFactoryBuilder()
                .setProtocol(ConnectionFactoryBuilder.Protocol.TEXT)
                .setListenerExecutorService(DirectExecutor())
                .setOpTimeout(TimeUnit.SECONDS.toMillis(60))
                .setUseNagleAlgorithm(false)
                .setShouldOptimize(true)
                .setReadBufferSize(1 shl 16)
                .build(),
            listOf(InetSocketAddress("127.0.0.1", port)),
        )

    override val settings = "text, one connection, gets combined, listeners on its I/O thread, values as byte[]"

    override fun get(key: String): CompletionStage<ByteArray?> {
        val stage = CompletableFuture<ByteArray?>()
        client.asyncGet(key, plain).addListener { stage.complete(it.get() as ByteArray?) }
        return stage
    }

    override fun set(
        key: String,
        value: ByteArray,
    ): CompletionStage<*> {
        val stage = CompletableFuture<Any?>()
        client.set(key, 0, value, plain).addListener { stage.complete(it.get()) }
        return stage
    }

    override fun getAll(keys: List<String>): CompletionStage<List<ByteArray?>> {
        val stage = CompletableFuture<List<ByteArray?>>()
        client.asyncGetBulk(keys, plain).addListener { found ->
            val values = found.get()
            stage.complete(keys.map { values[it] as ByteArray? })
        }
        return stage
    }
}

/** Runs what it is given at once, on the thread that gives it. */
private class DirectExecutor : java.util.concurrent.AbstractExecutorService() {
    override fun execute(command: Runnable) = command.run()

    override fun shutdown() = Unit

    override fun shutdownNow(): List<Runnable> = emptyList()

    override fun isShutdown() = false

    override fun isTerminated() = false

    override fun awaitTermination(
        timeout: Long,
        unit: TimeUnit,
    ) = true
}

/** Xmemcached: blocking calls from a thread for each loop, over its one connection and selector thread. */
class XMemcached(
    port: Int,
) : RedisSubjectClient {
    private val plain =
        object : net.rubyeye.xmemcached.transcoders.PrimitiveTypeTranscoder<ByteArray>() {
            override fun encode(value: ByteArray) =
                net.rubyeye.xmemcached.transcoders
                    .CachedData(0, value)

            override fun decode(data: net.rubyeye.xmemcached.transcoders.CachedData): ByteArray = data.data
        }
    private val client =
        XMemcachedClient("127.0.0.1", port).apply {
            opTimeout = TimeUnit.SECONDS.toMillis(60)
            setOptimizeGet(true)
        }

    // Threads stay: the CPU time of an ended one could not be read any more.
    private val threads = ThreadPoolExecutor(0, Int.MAX_VALUE, 1, TimeUnit.HOURS, SynchronousQueue())

    override val settings = "text, one connection, gets combined, a thread for each loop, values as byte[]"

    override fun run(load: RedisLoad) {
        load.tallies.map { tally -> threads.submit { loop(load, tally) } }.forEach { it.get() }
    }

    private fun loop(
        load: RedisLoad,
        tally: RedisLoad.Tally,
    ) {
        while (tally.mayGoOn()) {
            tally.begin()
            when {
                load.depth > 1 -> {
                    val keys = List(load.depth) { tally.nextKey() }
                    val found = client.get(keys, plain)
                    for (key in keys) tally.check(found[key])
                }

                load.isSet -> {
                    client.set(tally.nextKey(), 0, load.value, plain)
                }

                else -> {
                    tally.check(client.get(tally.nextKey(), plain))
                }
            }
            tally.end(load.depth)
        }
    }
}
