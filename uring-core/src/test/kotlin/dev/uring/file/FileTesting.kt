package dev.uring.file

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.base.FileException
import dev.uring.driver.FileDriver
import dev.uring.driver.FileOperation
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.closeInTime
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.smallConfig
import dev.uring.worker.Worker
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit

/** A worker, its files, and a directory on a disk that is deleted afterwards. */
internal class FileBench(
    val runtime: UringRuntime,
    val directory: Path,
) {
    val worker: Worker get() = runtime.worker(0)
    val files: WorkerFiles get() = WorkerFiles.of(worker)

    fun path(name: String): String = directory.resolve(name).toString()

    fun <T> onWorker(body: () -> T): T = worker.call(body)

    fun open(
        name: String,
        options: OpenOptions = OpenOptions.forReadingAndWriting().create(),
    ): AsyncFile = files.open(path(name), options).value()

    fun close(file: AsyncFile) {
        file.close().value()
    }

    /** Opens a file below this API, for reading; the driver's own name of it. */
    fun openDescriptor(name: String): Int = ask { it.open(FileDriver.WORKING_DIRECTORY, path(name), 0, 0, this) }

    fun closeDescriptor(descriptor: Int) = ask { it.close(descriptor, this) }

    private fun ask(asking: FileOperation.(FileDriver) -> Unit): Int {
        val answer = CompletableFuture<Int>()
        val operation =
            object : FileOperation() {
                override fun answered(result: Int) {
                    answer.complete(result)
                }
            }
        onWorker { operation.asking(worker.driver().files()) }
        return answer.value()
    }

    /** Reads and returns what came; closes its buffer. */
    fun read(
        file: AsyncFile,
        position: Long,
        bytes: Int,
    ): ByteArray = start(bytes) { buffer, request -> file.read(position, buffer, 0, bytes, request) }.value()

    fun write(
        file: AsyncFile,
        position: Long,
        content: ByteArray,
    ) = writing(content) { buffer, request -> file.write(position, buffer, 0, content.size, request) }

    fun writeAndSync(
        file: AsyncFile,
        position: Long,
        content: ByteArray,
    ) = writing(content) { buffer, request -> file.writeAndSync(position, buffer, 0, content.size, request) }

    private fun start(
        bytes: Int,
        ask: (FileBuffer, FileRequest) -> Unit,
    ): CompletableFuture<ByteArray> =
        onWorker {
            val buffer = files.buffer(bytes)
            val result = CompletableFuture<ByteArray>()
            val request =
                recording { outcome ->
                    val read = outcome.map { if (it == 0) ByteArray(0) else buffer.view(0, it).toByteArray() }
                    buffer.close()
                    read.fold(result::complete, result::completeExceptionally)
                }
            ask(buffer, request)
            result
        }

    private fun writing(
        content: ByteArray,
        ask: (FileBuffer, FileRequest) -> Unit,
    ): Int {
        val result = CompletableFuture<Int>()
        onWorker {
            val buffer = files.buffer(content.size)
            buffer.put(0, content, 0, content.size)
            ask(
                buffer,
                recording { outcome ->
                    buffer.close()
                    outcome.fold(result::complete, result::completeExceptionally)
                },
            )
        }
        return result.value()
    }
}

internal fun recording(outcome: (Result<Int>) -> Unit): FileRequest =
    object : FileRequest() {
        override fun completed(bytes: Int) = outcome(Result.success(bytes))

        override fun failed(failure: FileException) = outcome(Result.failure(failure))
    }

/** What the stage brings; its own exception, and not the one that java.util.concurrent wraps it in. */
internal fun <T> CompletionStage<T>.value(): T =
    try {
        toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS)
    } catch (failure: ExecutionException) {
        throw failure.cause!!
    }

/** Descriptors of this process that lie below [directory]. */
internal fun openBelow(directory: Path): List<String> =
    Files
        .list(Path.of("/proc/self/fd"))
        .use { it.toList() }
        .mapNotNull { runCatching { Files.readSymbolicLink(it).toString() }.getOrNull() }
        .filter { it.startsWith(directory.toString()) }

/** Runs [body] with a worker and an empty directory, then sees to it that nothing is held or left open. */
internal fun withFiles(
    config: RuntimeConfig = smallConfig().build(),
    body: (FileBench) -> Unit,
) {
    val directory = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "files")
    try {
        leavesNothingBehind {
            val runtime = UringRuntime.start(config)
            try {
                val bench = FileBench(runtime, directory)
                body(bench)
                await({ "still held: ${runtime.snapshots()}, open: ${openBelow(directory)}" }) {
                    runtime.snapshots().all { it.blocksHeld() == 0 } && openBelow(directory).isEmpty() &&
                        bench.onWorker { bench.files.filesOpenCount() } == 0
                }
            } finally {
                runtime.closeInTime()
            }
        }
    } finally {
        directory.toFile().deleteRecursively()
    }
}

internal fun bytesOf(
    seed: Int,
    count: Int,
): ByteArray = kotlin.random.Random(seed).nextBytes(count)
