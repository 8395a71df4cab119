package dev.uring.bench.file

import dev.uring.bench.subject.UringCounters
import dev.uring.dsl.UringFile
import dev.uring.dsl.UringScope
import dev.uring.dsl.openFile
import dev.uring.dsl.uring
import dev.uring.file.OpenOptions
import dev.uring.file.WorkerFiles
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import java.util.concurrent.CompletableFuture
import kotlin.concurrent.thread

/** Program `uring-dsl`: a coroutine for each read under way, on one worker. */
class UringDslFileReader private constructor(
    private val scope: UringScope,
    private val file: UringFile,
    private val blocks: Long,
) : FileReader {
    // Coroutines that stay: starting them would be measured with every run.
    private val readers = List(FileControl.DEPTH_MAX) { Channel<Run>(1) }

    private class Run(
        val tally: FileTally,
        val seed: Long,
        val endNanos: Long,
        var underWay: Int,
        val done: CompletableFuture<FileTally>,
    ) {
        var asked = 0L
    }

    private fun start() {
        for (runs in readers) scope.launch { for (run in runs) readAll(run) }
    }

    private suspend fun readAll(run: Run) {
        val worker = file.worker
        var now = worker.nanoTime()
        try {
            // One read at least: a machine that stops at the beginning must not make it none.
            do {
                val block = FileContent.blockOf(run.seed, ++run.asked, blocks)
                val isRight =
                    file.read(block * FileContent.BLOCK_BYTES, FileContent.BLOCK_BYTES) { view ->
                        view.size() == FileContent.BLOCK_BYTES &&
                            FileContent.isBlock(view.getLongLe(0), view.getLongLe(LAST_WORD), block)
                    }
                val answered = worker.nanoTime()
                run.tally.add(answered - now, isRight)
                now = answered
            } while (now < run.endNanos)
        } catch (failure: RuntimeException) {
            run.done.completeExceptionally(failure)
        }
        if (--run.underWay == 0) run.done.complete(run.tally)
    }

    override fun run(
        depth: Int,
        nanos: Long,
        seed: Long,
    ): FileTally {
        val run = Run(FileTally(), seed, System.nanoTime() + nanos, depth, CompletableFuture())
        for (reader in readers.take(depth)) reader.trySend(run).getOrThrow()
        return run.done.get()
    }

    override fun counters(): Map<String, Long> = UringCounters.of(scope.runtime)

    companion object {
        private const val LAST_WORD = FileContent.BLOCK_BYTES - Long.SIZE_BYTES

        /** Arguments: the file and its length in blocks. Runs until the harness ends it. */
        @JvmStatic
        fun main(args: Array<String>) =
            runBlocking {
                uring({ workersCount(1) }) {
                    WorkerFiles.of(runtime.worker(0)).registerBuffers(FileControl.DEPTH_MAX, FileContent.BLOCK_BYTES)
                    val file = openFile(args[0], OpenOptions.forReading().direct().registered())
                    val reader = UringDslFileReader(this, file, args[1].toLong()).also { it.start() }
                    thread(name = "control") {
                        FileControl.serve(
                            "a coroutine for each read, one worker, O_DIRECT, registered file and buffers",
                            reader,
                        )
                    }
                    awaitCancellation()
                }
            }
    }
}
