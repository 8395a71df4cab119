package dev.uring.dsl

import dev.uring.file.DirectoryEntry
import dev.uring.file.FileStatus
import dev.uring.file.OpenOptions
import dev.uring.file.WorkerFiles
import dev.uring.worker.Worker
import kotlinx.coroutines.suspendCancellableCoroutine
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import kotlin.coroutines.resumeWithException

/**
 * Opens the file at [path] on the worker that the caller runs on.
 *
 * ### Ownership
 * The caller closes it.
 * ### Threading and cancellation
 * On a worker: in [uring], a handler, or [onWorker]. If the coroutine is cancelled the file is closed, also when the
 * kernel has opened it meanwhile.
 * ### Errors
 * [FileException][dev.uring.base.FileException] it cannot be opened · `IllegalStateException` not on a worker.
 * ### Source
 * openat2(2), since kernel 5.6.
 */
public suspend fun openFile(
    path: String,
    options: OpenOptions = OpenOptions.forReading(),
): UringFile = UringFile(currentFiles().open(path, options).awaitOnWorker { it.close() })

/**
 * Opens the file at [path], lends it to [block] and closes it, whatever [block] does. Otherwise as [openFile].
 *
 * @sample samples.dsl.countLines
 */
public suspend inline fun <R> openFile(
    path: String,
    options: OpenOptions = OpenOptions.forReading(),
    block: (UringFile) -> R,
): R {
    val file = openFile(path, options)
    try {
        return block(file)
    } finally {
        file.close()
    }
}

/**
 * Opens a file inside [directory], which was opened with [OpenOptions.forDirectory]: for a [path] that somebody else has
 * chosen. A path that leads out of the directory, by `..`, a leading slash or a symbolic link, is refused by the kernel.
 * Otherwise as [openFile].
 */
public suspend fun openFileIn(
    directory: UringFile,
    path: String,
    options: OpenOptions = OpenOptions.forReading(),
): UringFile = UringFile(directory.files.openIn(directory.core, path, options).awaitOnWorker { it.close() })

/** Renames [from] to [to] on the same file system, replacing a file that has that name. On a worker; see [openFile]. */
public suspend fun renameFile(
    from: String,
    to: String,
) {
    currentFiles().rename(from, to).awaitOnWorker()
}

/** Deletes anything but a directory. On a worker; see [openFile]. */
public suspend fun deleteFile(path: String) {
    currentFiles().delete(path).awaitOnWorker()
}

/** Makes a directory in one that exists. On a worker; see [openFile]. */
public suspend fun createDirectory(path: String) {
    currentFiles().createDirectory(path).awaitOnWorker()
}

/** Deletes an empty directory. On a worker; see [openFile]. */
public suspend fun deleteDirectory(path: String) {
    currentFiles().deleteDirectory(path).awaitOnWorker()
}

/** What the file system knows about [path], followed through symbolic links. On a worker; see [openFile]. */
public suspend fun fileStatus(path: String): FileStatus = currentFiles().status(path).awaitOnWorker()

/**
 * The names in a directory, in no order. A few threads beside the workers read it, because io_uring cannot. On a
 * worker; see [openFile].
 */
public suspend fun listDirectory(
    path: String,
    entriesMax: Int = WorkerFiles.ENTRIES_MAX_DEFAULT,
): List<DirectoryEntry> = currentFiles().list(path, entriesMax).awaitOnWorker()

private fun currentFiles(): WorkerFiles = WorkerFiles.of(workerForFiles())

internal fun workerForFiles(): Worker =
    Worker.current()
        ?: throw IllegalStateException(
            "files are opened on a worker, and '${Thread.currentThread().name}' is none.\n" +
                "  Call it in uring { … }, in a handler, or in onWorker(index) { … }.",
        )

/** Waits for a stage that completes on the worker. [onUndelivered] gets what comes for a coroutine that has gone. */
internal suspend fun <T> CompletionStage<T>.awaitOnWorker(onUndelivered: (T) -> Unit = {}): T =
    suspendCancellableCoroutine { continuation ->
        whenComplete { value, failure ->
            if (failure == null) {
                continuation.resume(value) { _, undelivered, _ -> onUndelivered(undelivered) }
            } else {
                continuation.resumeWithException((failure as? CompletionException)?.cause ?: failure)
            }
        }
    }
