package dev.uring.bench.file

import dev.uring.bench.Bench
import dev.uring.bench.BenchOptions
import dev.uring.bench.BenchSession
import dev.uring.bench.BenchUnusable
import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.measure.AddedCpuCheck
import dev.uring.bench.measure.Contestant
import dev.uring.bench.measure.Schedule
import dev.uring.bench.report.Environment
import dev.uring.bench.report.Ratio
import dev.uring.bench.report.Report
import dev.uring.bench.report.Row
import java.io.IOException
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardOpenOption

/**
 * Question: what does one random 4 KiB read that goes to the disk cost the program's CPU, ours beside the JDK's and C?
 * Goal: the cost of asking. Non-goal: the disk's speed, and reads that the page cache answers, where FileChannel on a
 * thread of its own is the better choice: such a read is a copy, and a ring's turn is more than that.
 */
object FileBench : Bench {
    override val name = "file"
    override val summary = "4 KiB random O_DIRECT reads, one core: CPU per read, latency, allocation"
    override val subjects = FileSubject.ALL.map { it.name }
    override val workloads = FileWorkload.ALL.map { it.id }

    override fun run(options: BenchOptions): Report =
        BenchSession(options, name).use { session ->
            val directory = Files.createTempDirectory(session.work, "file")
            try {
                measure(session, directory)
            } finally {
                directory.toFile().deleteRecursively()
            }
        }

    private fun measure(
        session: BenchSession,
        directory: Path,
    ): Report {
        val options = session.options
        val blocks = if (options.quick) QUICK_BLOCKS else BLOCKS
        options.progress("writing ${blocks * FileContent.BLOCK_BYTES shr 20} MiB below $directory")
        val file = TestFile(directory.resolve("content"), blocks).also { FileContent.write(it.path, blocks) }
        requireDirectReads(file)

        val chosen = FileSubject.ALL.filter { options.only.isEmpty() || it.name in options.only }
        val (missing, present) = chosen.partition { it.unavailable(session) != null }
        val left = missing.map { "${it.name} is left out: ${it.unavailable(session)}" }
        if (present.isEmpty()) throw BenchUnusable("No subject can run here. ${left.joinToString(" ")}")
        val selfCheck = FileSelfCheck(session, file).run(present)

        options.progress("starting ${present.joinToString { it.name }}")
        val running = present.map { it.start(session, file) }
        val load = FileLoad(session.cpus)
        val rows = ArrayList<Row>()
        val ratios = ArrayList<Ratio>()
        for (workload in options.choose(FileWorkload.ALL, FileWorkload.ALL) { it.id }) {
            val contestants = running.map { subject -> Contestant(subject.name) { load.round(subject, workload, it) } }
            val schedule = options.adjust(if (options.quick) QUICK_SCHEDULE else SCHEDULE)
            val rounds = session.interleaving(schedule, workload.id).measure(contestants)
            rounds.mapTo(rows) { (subject, itsRounds) -> Row.of(workload.id, subject, itsRounds) }
            ratios += Ratio.of(workload.id, FileAims.ALL, rounds)
        }
        return Report(name, environment(session, file, running), selfCheck, rows, ratios, left + Row.disturbances(rows))
    }

    private fun requireDirectReads(file: TestFile) {
        try {
            FileChannel.open(file.path, StandardOpenOption.READ, DirectReads.OPTION).close()
        } catch (refusal: IOException) {
            throw BenchUnusable(
                "${file.path} cannot be read with O_DIRECT (${refusal.message}). Run from a directory on a disk.",
                refusal,
            )
        }
    }

    private fun environment(
        session: BenchSession,
        file: TestFile,
        running: List<RunningFileSubject>,
    ): Map<String, String> =
        buildMap {
            putAll(Environment.describe(session.placement))
            put("cCompiler", session.native.unavailable ?: session.native.compiler)
            put("fileMiB", (file.blocks * FileContent.BLOCK_BYTES shr 20).toString())
            put("fileSystem", Files.getFileStore(file.path).let { "${it.type()} on ${it.name()}" })
            running.forEach { put(it.name, it.settings) }
        }

    /** 512 MiB: more than a disk's own cache, and written in seconds. */
    private const val BLOCKS = 131_072L
    private const val QUICK_BLOCKS = 8_192L

    private val SCHEDULE = Schedule(rounds = 7, seconds = 1.4, warmUpRoundsMax = 8)
    private val QUICK_SCHEDULE = Schedule(rounds = 3, seconds = 0.3, warmUpRoundsMax = 4, repeatsPerRoundMax = 1)
}
