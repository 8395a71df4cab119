@file:JvmName("RedisSubject")

package dev.uring.bench.redis

import dev.uring.bench.subject.SubjectControl
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit

/**
 * A process of bench `redis`: one client library that runs loads as it is told.
 *
 * Modes: `run set|get|mixed BYTES LOOPS DEPTH MILLIS`; `spin NANOS` burns CPU for each command from now on; `fault` expects other
 * values in the next round than are there. The figures of the last round are counters of `STATS`.
 */
fun main(arguments: Array<String>) {
    val port = arguments[1].toInt()
    val client =
        when (arguments[0]) {
            RedisSubjectProcess.URING -> UringRedis(port, UringRedis.Reads.ARRAYS)
            RedisSubjectProcess.URING_VIEW -> UringRedis(port, UringRedis.Reads.VIEWS)
            RedisSubjectProcess.LETTUCE -> LettuceRedis(port)
            RedisSubjectProcess.LETTUCE_COROUTINES -> LettuceCoroutinesRedis(port)
            RedisSubjectProcess.JEDIS -> JedisRedis(port)
            RedisSubjectProcess.JEDIS_POOL -> JedisPoolRedis(port)
            else -> throw IllegalArgumentException("no client is called ${arguments[0]}")
        }
    val rounds = SubjectRounds(client)
    SubjectControl(0, client.settings).modes(rounds::to).counters { rounds.figures }.serve()
}

/** Runs the rounds that a subject process is told to run, with one client. */
internal class SubjectRounds(
    private val client: RedisSubjectClient,
) {
    // One thread that stays: the CPU time of an ended one could not be read any more.
    private val caller = Executors.newSingleThreadExecutor { Thread(it, "bench-caller") }
    private var spinNanos = 0L
    private var salt = 0

    @Volatile
    var figures: Map<String, Long> = emptyMap()
        private set

    fun to(mode: String) {
        val words = mode.split(' ')
        when (words[0]) {
            "spin" -> spinNanos = words[1].toLong()
            "fault" -> salt = 1
            "run" -> run(words)
            else -> throw IllegalArgumentException("unknown mode $mode")
        }
    }

    private fun run(words: List<String>) {
        val began = System.nanoTime()
        val load =
            RedisLoad(
                mix = RedisWorkload.Mix.of(words[1]),
                valueBytes = words[2].toInt(),
                loops = words[3].toInt(),
                depth = words[4].toInt(),
                untilNanos = began + TimeUnit.MILLISECONDS.toNanos(words[5].toLong()),
                spinNanos = spinNanos,
                salt = salt,
                keysCount = RedisLoad.keysCount(words[2].toInt()),
            )
        salt = 0
        runCatching { caller.submit { client.run(load) }.get() }.onFailure { load.fail("$it") }
        load.fault?.let { throw IllegalArgumentException(it) }
        val latencies = load.latencies()
        figures =
            mapOf(
                "ops" to load.tallies.sumOf { it.ops },
                "nanos" to System.nanoTime() - began,
                "p50" to latencies.getValueAtPercentile(50.0),
                "p99" to latencies.getValueAtPercentile(99.0),
                "p999" to latencies.getValueAtPercentile(99.9),
            )
    }
}
