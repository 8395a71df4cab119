package dev.uring.bench.memory

import dev.uring.bench.Bench
import dev.uring.bench.BenchOptions
import dev.uring.bench.BenchSession
import dev.uring.bench.BenchUnusable
import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.echo.EchoSubject
import dev.uring.bench.measure.Conditions
import dev.uring.bench.measure.Metric
import dev.uring.bench.measure.Round
import dev.uring.bench.measure.RoundFigures
import dev.uring.bench.measure.median
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.JavaCommand
import dev.uring.bench.report.Aim
import dev.uring.bench.report.Bound.AtMost
import dev.uring.bench.report.Comparison.RSS
import dev.uring.bench.report.Environment
import dev.uring.bench.report.Ratio
import dev.uring.bench.report.Report
import dev.uring.bench.report.Row
import dev.uring.bench.subject.UringHoarder
import kotlinx.serialization.json.jsonPrimitive
import kotlin.math.abs
import kotlin.math.roundToInt

/**
 * Question: how much does the resident memory of a server grow with each idle connection, ours beside Netty and the JDK?
 * What the kernel keeps for a socket is not in it. A connection has served one request before it is idle.
 * Goal: what a connection keeps. Non-goal: what it touches while it works; so the heap is collected and shrunk first.
 */
object MemoryBench : Bench {
    override val name = "memory"
    override val summary = "Resident memory of a server for each idle TCP connection"
    override val subjects get() = all.map { it.name }
    override val workloads = listOf(MemoryWorkload(10_000), MemoryWorkload(1_000)).map { it.id }

    // The C servers keep nothing that could be collected: their figure would be of another kind.
    private val all = EchoSubject.ALL.filterNot { it.name.startsWith("c-") }
    private const val ROUNDS = 5
    private const val ROUNDS_QUICK = 2

    /** The budget: 2 KiB beyond the kernel's. */
    private const val BYTES_AIM = 2048.0
    private val OURS = listOf("uring-dsl", "uring-callback")
    private val AIMS: List<Aim> =
        OURS.map { Aim(it, null, RSS, setOf(MemoryWorkload(10_000).id), AtMost(BYTES_AIM)) } +
            OURS.flatMap { ours ->
                listOf("netty-epoll", "netty-io_uring").map { Aim(ours, it, RSS, workloads.toSet(), null) }
            }

    override fun run(options: BenchOptions): Report = BenchSession(options, name).use { measure(it) }

    private fun measure(session: BenchSession): Report {
        val options = session.options
        val command = session.placement.onClientCpu(session.loadGeneratorCommand())
        val generator = ControlledProcess(session.pool.start("load", command))
        val load = MemoryLoad(session, generator)
        val selfCheck = listOf(hoardIsMeasured(session, load), "every byte of every reply compared")

        val chosen = all.filter { options.only.isEmpty() || it.name in options.only }
        val (missing, present) = chosen.partition { it.unavailable(session) != null }
        val left = missing.map { "${it.name} is left out: ${it.unavailable(session)}" }
        if (present.isEmpty()) throw BenchUnusable("No subject can run here. ${left.joinToString(" ")}")

        val rows = ArrayList<Row>()
        val ratios = ArrayList<Ratio>()
        val settings = LinkedHashMap<String, String>()
        for (workload in chosenWorkloads(options)) {
            val rounds = present.associate { it.name to ArrayList<Round>() }
            repeat(options.rounds ?: if (options.quick) ROUNDS_QUICK else ROUNDS) { cycle ->
                for (subject in present) {
                    options.progress("${workload.id}: round ${cycle + 1}: ${subject.name}")
                    val bytes = load.bytesPerConnection(subject, workload) { settings[subject.name] = it }
                    rounds.getValue(subject.name) += round(bytes)
                }
            }
            rounds.mapTo(rows) { (subject, itsRounds) -> Row.of(workload.id, subject, itsRounds) }
            ratios += Ratio.of(workload.id, AIMS, rounds)
        }
        val environment =
            Environment.describe(session.placement) +
                mapOf("jvmFlags" to (JavaCommand.FLAGS + MemoryLoad.JVM_FLAGS).joinToString(" ")) +
                mapOf(
                    "load" to
                        generator.announcement
                            .getValue("settings")
                            .jsonPrimitive.content,
                ) + settings
        return Report(name, environment, selfCheck, rows, ratios, left)
    }

    private fun chosenWorkloads(options: BenchOptions): List<MemoryWorkload> =
        options.choose(listOf(MemoryWorkload(10_000)), listOf(MemoryWorkload(1_000))) { it.id }.ifEmpty {
            listOf(MemoryWorkload(1_000))
        }

    /** A server that keeps 4 KiB more for each connection must be measured as keeping 4 KiB more. */
    private fun hoardIsMeasured(
        session: BenchSession,
        load: MemoryLoad,
    ): String {
        session.ioUringUnavailable?.let { throw BenchUnusable(it) }
        session.options.progress("self-check: a server that hoards must be measured as one")
        val plain = EchoSubject.ALL.first { it.name == "uring-callback" }
        val workload = MemoryWorkload(SELF_CHECK_CONNECTIONS)
        val differences =
            List(SELF_CHECK_ROUNDS) {
                load.bytesPerConnection(EchoSubject.HOARDER, workload) - load.bytesPerConnection(plain, workload)
            }
        val more = median(differences)
        if (abs(more - UringHoarder.HOARD_BYTES) > TOLERANCE * UringHoarder.HOARD_BYTES) {
            throw SelfCheckFailure(
                "A twin that keeps ${UringHoarder.HOARD_BYTES} bytes more for each connection was measured as " +
                    "keeping ${more.roundToInt()} more (tolerance ${(TOLERANCE * 100).roundToInt()} %).",
            )
        }
        return "a twin that keeps ${UringHoarder.HOARD_BYTES} B more for each connection was measured as keeping " +
            "${more.roundToInt()} B more"
    }

    // Memory has no phases of the host: every round is as good as another.
    private fun round(bytes: Double): Round {
        val figures = RoundFigures(mapOf(Metric.RSS_PER_CONNECTION to bytes), 0, 0, 0, 0, 0)
        return Round(figures, Conditions(slowdown = 1.0, strangersShare = 0.0))
    }

    private const val SELF_CHECK_CONNECTIONS = 4_000
    private const val SELF_CHECK_ROUNDS = 3
    private const val TOLERANCE = 0.2
}

/** [connections] that have served one request each and then say nothing. */
data class MemoryWorkload(
    val connections: Int,
) {
    val id: String = "idle-c$connections"
}
