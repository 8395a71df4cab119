package dev.uring.bench

import dev.uring.bench.cache.CacheBench
import dev.uring.bench.connect.ConnectBench
import dev.uring.bench.echo.EchoBench
import dev.uring.bench.file.FileBench
import dev.uring.bench.measure.Schedule
import dev.uring.bench.memcache.MemcacheBench
import dev.uring.bench.memory.MemoryBench
import dev.uring.bench.message.MessageBench
import dev.uring.bench.momento.MomentoBench
import dev.uring.bench.proxy.ProxyBench
import dev.uring.bench.redis.RedisBench
import dev.uring.bench.report.Report
import dev.uring.bench.timers.TimersBench
import dev.uring.bench.tls.TlsBench
import dev.uring.bench.udp.UdpBench

/**
 * One benchmark: our servers beside their peers, under one load, in one invocation.
 *
 * A new bench is one file with an implementation, and its line in [ALL].
 */
interface Bench {
    val name: String

    /** One sentence for `--list`. */
    val summary: String

    /** Names that `--only` accepts, in table order. */
    val subjects: List<String>

    /** Ids that `--workload` accepts, in table order. */
    val workloads: List<String>

    /** Measures what [options] ask for; throws [SelfCheckFailure] instead of returning figures that cannot be trusted. */
    fun run(options: BenchOptions): Report

    companion object {
        /** Every bench that `bench NAME` knows. */
        val ALL: List<Bench> =
            listOf(
                EchoBench,
                UdpBench,
                TlsBench,
                CacheBench,
                RedisBench,
                MemcacheBench,
                ProxyBench,
                ConnectBench,
                MemoryBench,
                MomentoBench,
                MessageBench,
                TimersBench,
                FileBench,
            )
    }
}

/**
 * What the command line asked for.
 *
 * @property rounds null for the bench's own number
 * @property seconds of one round, null for the bench's own
 * @property only subjects to measure, empty for all that can run here
 * @property workloads ids, empty for all (or the quick ones)
 * @property progress told what is going on, a line at a time
 */
data class BenchOptions(
    val quick: Boolean = false,
    val rounds: Int? = null,
    val seconds: Double? = null,
    val only: Set<String> = emptySet(),
    val workloads: Set<String> = emptySet(),
    val progress: (String) -> Unit = {},
) {
    /** The workloads to measure: those named, else the [few] of `--quick`, else [all]. */
    fun <W> choose(
        all: List<W>,
        few: List<W>,
        id: (W) -> String,
    ): List<W> =
        when {
            workloads.isNotEmpty() -> all.filter { id(it) in workloads }
            quick -> few
            else -> all
        }

    /** [schedule] with the rounds and seconds that the command line asked for. */
    fun adjust(schedule: Schedule): Schedule =
        schedule.copy(rounds = rounds ?: schedule.rounds, seconds = seconds ?: schedule.seconds)
}

/** The harness has caught itself, or a server, at something that makes every figure worthless. */
class SelfCheckFailure(
    message: String,
) : Exception(message)

/** The bench cannot run here; the text says what is missing and how to get it. */
class BenchUnusable(
    message: String,
    cause: Throwable? = null,
) : Exception(message, cause)
