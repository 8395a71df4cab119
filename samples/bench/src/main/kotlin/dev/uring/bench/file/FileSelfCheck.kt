package dev.uring.bench.file

import dev.uring.bench.BenchSession
import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.measure.AddedCpuCheck
import dev.uring.bench.measure.Contestant
import java.nio.file.Files

/**
 * Shows that the harness would notice: a program that reads the wrong blocks is caught, and one that costs more by a known
 * amount is measured as costing that.
 */
class FileSelfCheck(
    private val session: BenchSession,
    private val file: TestFile,
) {
    /** Returns one sentence for each check that passed; throws [SelfCheckFailure] at the first that did not. */
    fun run(subjects: List<FileSubject>): List<String> {
        val caught = wrongBlocksAreCaught(subjects)
        val added = if (FileSubject.SLOWED.unavailable(session) == null) listOf(addedCpuIsMeasured()) else emptyList()
        return listOf(caught) + added + "first and last word of every block of every round compared, none wrong"
    }

    private fun wrongBlocksAreCaught(subjects: List<FileSubject>): String {
        val shifted = shiftedByOneBlock()
        for (subject in subjects) {
            session.options.progress("self-check: ${subject.name} on a file that holds something else must be caught")
            val running = subject.start(session, shifted)
            val caught =
                try {
                    FileLoad(session.cpus).round(running, FileWorkload(1), CAUGHT_SECONDS)
                    false
                } catch (_: SelfCheckFailure) {
                    true
                }
            session.pool.end(running.process.child)
            if (!caught) throw SelfCheckFailure("${subject.name} took blocks of another place for the right ones.")
        }
        return "blocks from a wrong place were caught in ${subjects.joinToString { it.name }}"
    }

    private fun shiftedByOneBlock(): TestFile {
        val shifted = TestFile(file.path.resolveSibling("shifted"), SHIFTED_BLOCKS)
        val content =
            Files.newInputStream(file.path).use {
                it.skipNBytes(FileContent.BLOCK_BYTES.toLong())
                it.readNBytes((SHIFTED_BLOCKS * FileContent.BLOCK_BYTES).toInt())
            }
        Files.write(shifted.path, content)
        return shifted
    }

    // As many reads as there may be: a wake-up for each of few costs ten times what is added, and varies by more.
    private fun addedCpuIsMeasured(): String {
        val twins = listOf(FileSubject.ALL.first(), FileSubject.SLOWED).map { it.start(session, file) }
        val load = FileLoad(session.cpus)
        val deep = FileWorkload(FileControl.DEPTH_MAX)
        val (plain, slowed) = twins.map { twin -> Contestant(twin.name) { load.round(twin, deep, it) } }
        val passed = AddedCpuCheck(session).run(plain, slowed)
        twins.forEach { session.pool.end(it.process.child) }
        return passed
    }

    private companion object {
        const val SHIFTED_BLOCKS = 256L
        const val CAUGHT_SECONDS = 0.1
    }
}
