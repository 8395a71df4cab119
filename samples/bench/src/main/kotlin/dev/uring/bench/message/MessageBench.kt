package dev.uring.bench.message

import dev.uring.bench.Bench
import dev.uring.bench.BenchOptions
import dev.uring.bench.BenchSession
import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.measure.AddedCpuCheck
import dev.uring.bench.measure.Contestant
import dev.uring.bench.measure.Schedule
import dev.uring.bench.report.Environment
import dev.uring.bench.report.Ratio
import dev.uring.bench.report.Report
import dev.uring.bench.report.Row

/**
 * Question: what does a message cost from program to program, both ends together, on one CPU?
 * Goal: round trips and streams of several sizes over several channels, TCP and Unix, beside a raw echo, Netty with
 * length-prefixed frames, JeroMQ, Aeron, and tofu's architecture rebuilt. Non-goal: two machines; a network would hide what
 * is measured.
 */
object MessageBench : Bench {
    override val name = "message"
    override val summary = "messages from program to program, beside Netty, JeroMQ, Aeron and one reactor thread"
    override val subjects = MessageLibrary.entries.map { it.subject }
    override val workloads = MessageWorkload.ALL.map { it.id }

    override fun run(options: BenchOptions): Report = BenchSession(options, name).use { measure(it) }

    private fun measure(session: BenchSession): Report {
        val options = session.options
        val selfCheck = selfCheck(session)
        val chosen = options.choose(MessageWorkload.ALL, MessageWorkload.QUICK) { it.id }
        val missing = session.ioUringUnavailable
        val asked = MessageLibrary.entries.filter { options.only.isEmpty() || it.subject in options.only }
        val present = asked.filter { (missing == null || it !in OURS) && chosen.any(it::carries) }
        options.progress("starting ${present.joinToString { it.subject }}")
        val processes = present.map { MessageSubjectProcess.start(it, session) }
        val rows = ArrayList<Row>()
        val ratios = ArrayList<Ratio>()
        val schedule = options.adjust(if (options.quick) QUICK_SCHEDULE else SCHEDULE)
        for (workload in chosen) {
            val able = processes.filter { it.library.carries(workload) }
            if (able.isEmpty()) continue
            val contestants =
                able.map { process -> Contestant(process.library.subject) { process.round(workload, it) } }
            val rounds = session.interleaving(schedule, workload.id).measure(contestants)
            rounds.mapTo(rows) { (subject, itsRounds) -> Row.of(workload.id, subject, itsRounds) }
            ratios += Ratio.of(workload.id, MessageAims.ALL, rounds)
        }
        val left = if (missing == null) emptyList() else asked.filter { it in OURS }.map { "$it is left out: $missing" }
        val environment =
            Environment.describe(session.placement) + processes.associate { it.library.subject to it.settings }
        return Report(name, environment, selfCheck, rows, ratios, NOTES + left + Row.disturbances(rows))
    }

    private fun selfCheck(session: BenchSession): List<String> {
        val plain = MessageSubjectProcess.start(CHECKED_LIBRARY, session)
        val twin = MessageSubjectProcess.start(CHECKED_LIBRARY, session)
        session.options.progress("self-check: bodies that were never sent must be caught")
        for (workload in CHECKED) {
            twin.mode("fault")
            val found = runCatching { twin.round(workload, FAULT_SECONDS) }.exceptionOrNull()
            if (found !is SelfCheckFailure) {
                throw SelfCheckFailure("Bodies that were never sent were not caught (${workload.id}): $found")
            }
        }
        // What it had under way with the fault must not come into the figures.
        twin.end(session)
        val slow = MessageSubjectProcess.start(CHECKED_LIBRARY, session)
        slow.mode("spin ${AddedCpuCheck.ADDED_NANOS}")
        val added =
            AddedCpuCheck(session).run(
                Contestant("plain") { plain.round(STREAM, it) },
                Contestant("slowed") { slow.round(STREAM, it) },
            )
        plain.end(session)
        slow.end(session)
        return listOf("bodies that were never sent were caught", added, "as many messages arrived as were sent")
    }

    private val OURS = setOf(MessageLibrary.URING, MessageLibrary.RAW_ECHO)
    private val CHECKED_LIBRARY = MessageLibrary.NETTY
    private val STREAM = MessageWorkload(isRoundTrip = false, bodyBytes = 64, channels = 1, isUnix = false)
    private val CHECKED = listOf(STREAM, STREAM.copy(isRoundTrip = true))
    private const val FAULT_SECONDS = 0.1

    private val NOTES =
        listOf(
            "\"server ns/op\" is the CPU of all ends together: two of a message, four of a round trip. One way has no latency.",
            "All threads of a subject share one CPU: ops/s are those of a core, and 500 ns/op of a stream 2 million messages.",
            "JeroMQ has no Unix sockets. Aeron is no TCP: UDP stands beside it, and shared memory beside Unix sockets.",
            "Aeron has one thread that polls all the time, so nothing is woken; ${AeronMessages.CHANNELS_MAX} channels at most.",
            "The raw echo has no messages: the same number of bytes, there and back, by callbacks.",
        )
    private val SCHEDULE = Schedule(rounds = 5, seconds = 0.5, warmUpRoundsMax = 8)
    private val QUICK_SCHEDULE = Schedule(rounds = 3, seconds = 0.3, warmUpRoundsMax = 5, repeatsPerRoundMax = 1)
}
