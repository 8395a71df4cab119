package dev.uring.bench.redis

import org.apache.commons.pool2.impl.GenericObjectPoolConfig
import redis.clients.jedis.AbstractPipeline
import redis.clients.jedis.Connection
import redis.clients.jedis.Jedis
import redis.clients.jedis.RedisClient
import redis.clients.jedis.Response
import java.util.concurrent.SynchronousQueue
import java.util.concurrent.ThreadPoolExecutor
import java.util.concurrent.TimeUnit

/** Threads that stay from round to round: the CPU time of an ended one could not be read any more. */
private fun loopThreads() = ThreadPoolExecutor(0, Int.MAX_VALUE, 1, TimeUnit.HOURS, SynchronousQueue())

/** Jedis: a thread and a connection for each loop; its own pipelines. */
class JedisRedis(
    private val port: Int,
) : RedisSubjectClient {
    override val settings = "a thread and a connection for each loop, values as byte[]; pipelined() for pipelines"

    // Connections stay from round to round, as those of a pool do.
    private val connections = ArrayList<Jedis>()
    private val threads = loopThreads()

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
                load.depth > 1 -> jedis.pipelined().run(load, tally)
                tally.isNextSet() -> jedis.set(tally.nextKey().toByteArray(), load.value)
                else -> tally.check(jedis.get(tally.nextKey().toByteArray()))
            }
            tally.end(load.depth)
        }
    }
}

/** Jedis: a thread for each loop, and a pool with a connection for each of them. */
class JedisPoolRedis(
    port: Int,
) : RedisSubjectClient {
    override val settings = "a thread for each loop, one pool of as many connections, values as byte[]"

    private val client =
        RedisClient
            .builder()
            .hostAndPort("127.0.0.1", port)
            .poolConfig(
                GenericObjectPoolConfig<Connection>().apply {
                    maxTotal = CONNECTIONS_MAX
                    maxIdle = CONNECTIONS_MAX
                },
            ).build()
    private val threads = loopThreads()

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
                load.depth > 1 -> client.pipelined().use { it.run(load, tally) }
                tally.isNextSet() -> client.set(tally.nextKey().toByteArray(), load.value)
                else -> tally.check(client.get(tally.nextKey().toByteArray()))
            }
            tally.end(load.depth)
        }
    }

    private companion object {
        // As many as the widest workload has loops.
        const val CONNECTIONS_MAX = 256
    }
}

private fun AbstractPipeline.run(
    load: RedisLoad,
    tally: RedisLoad.Tally,
) {
    val replies =
        List<Response<out Any?>>(load.depth) {
            val isSet = tally.isNextSet()
            val key = tally.nextKey().toByteArray()
            if (isSet) set(key, load.value) else get(key)
        }
    sync()
    for (reply in replies) {
        val got = reply.get()
        if (got != "OK") tally.check(got as? ByteArray)
    }
}
