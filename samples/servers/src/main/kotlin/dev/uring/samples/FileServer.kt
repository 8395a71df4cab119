package dev.uring.samples

import dev.uring.base.FileException
import dev.uring.dsl.Connection
import dev.uring.dsl.UringFile
import dev.uring.dsl.forwardExactly
import dev.uring.dsl.onEachWorker
import dev.uring.dsl.openFile
import dev.uring.dsl.openFileIn
import dev.uring.dsl.readLine
import dev.uring.dsl.sendFile
import dev.uring.dsl.uring
import dev.uring.file.OpenOptions
import java.net.URLDecoder
import kotlin.time.Duration.Companion.seconds

/**
 * Serves the files below a directory to `GET /path HTTP/1.0`, and stores what `PUT /path HTTP/1.0` brings. Arguments: the
 * address, the directory, and `upload` if it is to accept uploads.
 *
 * While a piece of a file is being sent the next one is read, and an upload is written from the buffers that the network
 * filled: no byte of either passes through the Java heap. A client that does not keep up holds up the reading of its own
 * file and nothing else. No path leads out of the directory: the kernel itself resolves it beneath. What is there but no
 * regular file is never opened: a FIFO would wait for a writer, and a device might take it for a command.
 */
suspend fun main(args: Array<String>) =
    uring {
        val directory = args.getOrElse(1) { "." }
        val acceptsUploads = args.getOrNull(2) == "upload"
        // An open file belongs to one worker, so each has the directory for itself, until it stops.
        val roots = onEachWorker { openFile(directory, OpenOptions.forDirectory()) }
        val server =
            tcp(args.firstOrNull() ?: "127.0.0.1:7000") { conn ->
                val request = conn.readRequest() ?: return@tcp
                val root = roots[conn.worker.index()]
                when {
                    request.path == null -> conn.refuse("400 Bad Request")
                    request.method == "GET" -> conn.answer(root, request.path)
                    request.method == "PUT" && acceptsUploads -> conn.store(root, request.path, request.bodyBytes)
                    else -> conn.refuse("405 Method Not Allowed")
                }
            }
        println("listening on port ${server.port}")
    }

private class Request(
    val method: String,
    /** Relative to the root; null when that is not what the request says. */
    val path: String?,
    /** Negative when it does not say. */
    val bodyBytes: Long,
)

/** The request that has come, up to its body; null when there is none any more. */
private suspend fun Connection.readRequest(): Request? {
    val words = (readLine(timeout = REQUEST_TIMEOUT) ?: return null).split(' ')
    var bodyBytes = -1L
    repeat(HEADERS_MAX) {
        val header = readLine(timeout = REQUEST_TIMEOUT) ?: return null
        if (header.isEmpty()) return Request(words[0], words.getOrNull(1)?.let(::pathOf), bodyBytes)
        val (name, value) = "$header:".split(':')
        if (name.equals("Content-Length", ignoreCase = true)) bodyBytes = value.trim().toLongOrNull() ?: -1
    }
    return Request(words[0], null, bodyBytes)
}

/** `/path?query` → `path`, or null when that is not what it says. */
private fun pathOf(target: String): String? {
    val path = decoded(target.substringBefore('?')) ?: return null
    if (!path.startsWith('/') || '\u0000' in path) return null
    return path.removePrefix("/").ifEmpty { "index.html" }
}

private fun decoded(path: String): String? =
    try {
        // A plus is a plus in a path; the decoder is one for forms.
        URLDecoder.decode(path.replace("+", "%2B"), Charsets.UTF_8)
    } catch (_: IllegalArgumentException) {
        null
    }

private suspend fun Connection.answer(
    root: UringFile,
    path: String,
) {
    val file =
        try {
            openFileIn(root, path, REGULAR)
        } catch (refusal: FileException) {
            return refuse(if (refusal.errno() in NOT_FOUND) "404 Not Found" else "403 Forbidden")
        }
    try {
        val bytes = file.size()
        write("HTTP/1.0 200 OK\r\nContent-Length: $bytes\r\n\r\n")
        // A file that grows meanwhile keeps the length that was promised. One that shrinks cannot: its client is reset.
        sendFile(file, bytes = bytes)
    } finally {
        file.close()
    }
}

/** Stores a file that is not there yet. One whose upload broke off keeps what has come. */
private suspend fun Connection.store(
    root: UringFile,
    path: String,
    bytes: Long,
) {
    if (bytes < 0) return refuse("411 Length Required")
    val file =
        try {
            openFileIn(root, path, OpenOptions.forWriting().createNew())
        } catch (refusal: FileException) {
            return refuse(if (refusal.errno() == EEXIST) "409 Conflict" else "403 Forbidden")
        }
    try {
        forwardExactly(file, position = 0, bytes)
        file.sync()
        send("HTTP/1.0 201 Created\r\nContent-Length: 0\r\n\r\n")
    } catch (failure: FileException) {
        println("an upload to $path has failed: ${failure.message}")
        refuse("507 Insufficient Storage")
    } finally {
        file.close()
    }
}

private suspend fun Connection.refuse(status: String) = send("HTTP/1.0 $status\r\nContent-Length: 0\r\n\r\n")

private val REGULAR = OpenOptions.forReading().onlyRegular()

private val REQUEST_TIMEOUT = 10.seconds
private const val HEADERS_MAX = 100
private const val EEXIST = 17

// ENOENT, ENOTDIR and ENAMETOOLONG.
private val NOT_FOUND = setOf(2, 20, 36)
