package dev.uring.dsl

import dev.uring.base.FileException
import dev.uring.file.AsyncFile
import dev.uring.file.FileBuffer
import dev.uring.file.FileRequest
import dev.uring.file.WorkerFiles
import dev.uring.worker.Worker
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.io.Buffer
import kotlinx.io.RawSink
import kotlinx.io.RawSource
import kotlinx.io.bytestring.ByteString
import kotlinx.io.readByteArray
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ExecutionException

/**
 * The file's content from [from] on as a flow of pieces, each copied once, with read-ahead; otherwise as
 * [UringFile.readAll]. Collected on the file's worker.
 */
public fun UringFile.asFlow(
    from: Long = 0,
    chunkBytes: Int = UringFile.CHUNK_BYTES_DEFAULT,
    readAhead: Int = UringFile.READ_AHEAD_DEFAULT,
): Flow<ByteString> = flow { readAll(from, chunkBytes, readAhead) { emit(ByteString(it.toByteArray())) } }

/**
 * The file from [from] on as a blocking source of kotlinx-io, for code that knows nothing of coroutines.
 *
 * ### Shapes and units
 * Each piece of [UringFile.CHUNK_BYTES_DEFAULT] bytes is copied twice: from the kernel's memory into an array on the
 * worker, and into the `Buffer`. While one is being used, the next is read.
 * ### Ownership
 * Closing the source does not close the file.
 * ### Threading and cancellation
 * Blocks the calling thread while the worker reads, so it throws `IllegalStateException` on a worker: use
 * [UringFile.readAll] there. One thread at a time.
 * ### Errors
 * [FileException] as for every read.
 */
public fun UringFile.asSource(from: Long = 0): RawSource = BlockingSource(core, from)

/**
 * A blocking sink of kotlinx-io that writes from position [from] on.
 *
 * ### Shapes and units
 * Each write is copied twice: out of the `Buffer` into an array, and into the kernel's memory on the worker. One write
 * runs behind the caller; `flush` and `close` wait for it.
 * ### Ownership
 * Closing the sink does not close the file.
 * ### Threading and cancellation
 * As for [asSource].
 * ### Errors
 * [FileException]; of the write that runs behind, at the next call.
 */
public fun UringFile.asSink(from: Long = 0): RawSink = BlockingSink(core, from)

private class BlockingSource(
    private val file: AsyncFile,
    private var position: Long,
) : RawSource {
    private var ahead: CompletableFuture<ByteArray>? = null
    private var piece = ByteArray(0)
    private var taken = 0
    private var isClosed = false

    override fun readAtMostTo(
        sink: Buffer,
        byteCount: Long,
    ): Long {
        checkMayBlock("asSource")
        check(!isClosed) { "source of ${file.path()} is closed" }
        require(byteCount >= 0) { "byteCount=$byteCount is negative" }
        if (taken == piece.size && !refill()) return END
        val count = minOf(byteCount, (piece.size - taken).toLong()).toInt()
        sink.write(piece, taken, taken + count)
        taken += count
        return count.toLong()
    }

    override fun close() {
        isClosed = true
    }

    private fun refill(): Boolean {
        piece = (ahead ?: read()).awaitBlocking()
        taken = 0
        position += piece.size
        // A short piece is the last one so far; who reads on asks again, for a file that grows.
        ahead = if (piece.size == PIECE_BYTES) read() else null
        return piece.isNotEmpty()
    }

    private fun read(): CompletableFuture<ByteArray> =
        file.ask(PIECE_BYTES, { request, buffer -> file.read(position, buffer, 0, PIECE_BYTES, request) }) {
            buffer,
            bytes,
            ->
            if (bytes == 0) ByteArray(0) else buffer.view(0, bytes).toByteArray()
        }

    private companion object {
        const val PIECE_BYTES = UringFile.CHUNK_BYTES_DEFAULT
        const val END = -1L
    }
}

private class BlockingSink(
    private val file: AsyncFile,
    private var position: Long,
) : RawSink {
    private var behind: CompletableFuture<Unit>? = null
    private var isClosed = false

    override fun write(
        source: Buffer,
        byteCount: Long,
    ) {
        checkMayBlock("asSink")
        check(!isClosed) { "sink of ${file.path()} is closed" }
        var left = byteCount
        while (left > 0) {
            val piece = source.readByteArray(minOf(left, UringFile.CHUNK_BYTES_DEFAULT.toLong()).toInt())
            left -= piece.size
            flush()
            val at = position
            position += piece.size
            behind =
                file.ask(piece.size, { request, buffer ->
                    buffer.put(0, piece, 0, piece.size)
                    file.write(at, buffer, 0, piece.size, request)
                }) { _, _ -> }
        }
    }

    override fun flush() {
        checkMayBlock("asSink")
        val last = behind ?: return
        behind = null
        last.awaitBlocking()
    }

    override fun close() {
        if (!isClosed) {
            isClosed = true
            flush()
        }
    }
}

private fun checkMayBlock(what: String) {
    check(Worker.current() == null) {
        "$what blocks its thread, and this is worker ${Worker.current()?.index()}.\n" +
            "  Use readAll or writeAll on a worker, or withContext(Dispatchers.IO) around this."
    }
}

/** Asks on the worker with a buffer of its own; the result is made there, before the buffer goes. */
private fun <T> AsyncFile.ask(
    bytes: Int,
    begin: (FileRequest, FileBuffer) -> Unit,
    result: (FileBuffer, bytes: Int) -> T,
): CompletableFuture<T> {
    val answer = CompletableFuture<T>()
    worker().execute {
        try {
            val buffer = WorkerFiles.of(worker()).buffer(bytes)
            val request =
                object : FileRequest() {
                    override fun completed(bytes: Int) {
                        val made = result(buffer, bytes)
                        buffer.close()
                        answer.complete(made)
                    }

                    override fun failed(failure: FileException) {
                        buffer.close()
                        answer.completeExceptionally(failure)
                    }
                }
            try {
                begin(request, buffer)
            } catch (refused: RuntimeException) {
                buffer.close()
                throw refused
            }
        } catch (refused: RuntimeException) {
            answer.completeExceptionally(refused)
        }
    }
    return answer
}

private fun <T> CompletableFuture<T>.awaitBlocking(): T =
    try {
        get()
    } catch (failure: ExecutionException) {
        throw failure.cause ?: failure
    }
