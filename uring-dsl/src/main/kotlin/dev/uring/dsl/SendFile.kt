package dev.uring.dsl

import dev.uring.file.FileSource

/**
 * Sends a part of [file] and suspends until the kernel has taken its last byte.
 *
 * ### Shapes and units
 * The [bytes] from [position] on; without [bytes], to the end that the file has now. Ordered with everything else that
 * is written to the connection: behind what was written before the call, before what is written afterwards. Read in
 * chunks of 64 KiB as the peer takes them; no byte passes through the Java heap. Returns how many bytes it was.
 * ### Ownership
 * [file] stays the caller's and must stay open until this returns.
 * ### Threading and cancellation
 * [file] and the connection belong to one worker. Cancelling does not stop it, for the peer waits for the rest; closing
 * the file or aborting the connection does, and both reset it.
 * ### Errors
 * `IllegalArgumentException` the file is shorter than asked for: nothing was sent, the connection lives ·
 * [FileException][dev.uring.base.FileException] it could not be read, or became shorter meanwhile: the connection is
 * reset, since its peer was promised the bytes · as in [Connection.send].
 *
 * @sample samples.dsl.serveFile
 */
public suspend fun Connection.sendFile(
    file: UringFile,
    position: Long = 0,
    bytes: Long = TO_END,
): Long {
    val size = file.size()
    val count = if (bytes == TO_END) (size - position).coerceAtLeast(0) else bytes
    require(position in 0..size && count in 0..size - position) {
        "cannot send position=$position, bytes=$count of ${file.path}: it has $size bytes"
    }
    return FileSource.send(core, file.core, position, count).awaitOnWorker()
}

/**
 * Opens the file at [path], sends a part of it and closes it; see above.
 *
 * ### Errors
 * [FileException][dev.uring.base.FileException] it cannot be opened: nothing was sent, the connection lives.
 */
public suspend fun Connection.sendFile(
    path: String,
    position: Long = 0,
    bytes: Long = TO_END,
): Long = openFile(path) { sendFile(it, position, bytes) }

private const val TO_END = -1L
