package dev.uring.samples

import dev.uring.base.FileException
import dev.uring.dsl.Connection
import dev.uring.dsl.UringFile
import dev.uring.dsl.onEachWorker
import dev.uring.dsl.openFile
import dev.uring.dsl.openFileIn
import dev.uring.dsl.sendFile
import dev.uring.dsl.uring
import dev.uring.file.OpenOptions
import java.net.URLDecoder
import kotlin.time.Duration.Companion.seconds

/**
 * Serves the files below a directory to `GET /path HTTP/1.0`. Arguments: the address and the directory.
 *
 * While a piece of a file is being sent the next one is read, and no byte of it passes through the Java heap; a client
 * that does not keep up holds up the reading of its own file and nothing else. No path leads out of the directory: the
 * kernel itself resolves it beneath. What is there but no regular file is never opened: a FIFO would wait for a writer, and a
 * device might take it for a command.
 */
suspend fun main(args: Array<String>) =
    uring {
        val directory = args.getOrElse(1) { "." }
        // An open file belongs to one worker, so each has the directory for itself, until it stops.
        val roots = onEachWorker { openFile(directory, OpenOptions.forDirectory()) }
        val server =
            tcp(args.firstOrNull() ?: "127.0.0.1:7000") { conn ->
                conn.readPath()?.let { path -> conn.answer(roots[conn.worker.index()], path) }
            }
        println("listening on port ${server.port}")
    }

/** The path that is asked for, or null when there is no request to answer any more. */
private suspend fun Connection.readPath(): String? {
    var request: String? = null
    parse(timeout = 10.seconds) { view ->
        val end = view.indexOf(NEWLINE, 0)
        if (end >= 0) request = view.toUtf8(0, end).trimEnd('\r')
        if (end < 0 && view.size() > REQUEST_BYTES_MAX) request = ""
        if (request == null) 0 else view.size()
    }
    val asked = request ?: return null
    val path = pathOf(asked)
    if (path == null) refuse("400 Bad Request")
    return path
}

/** `GET /path?query HTTP/1.0` → `path`, or null when that is not what it says. */
private fun pathOf(request: String): String? {
    val words = request.split(' ')
    if (words.size < 2 || words[0] != "GET") return null
    val path = decoded(words[1].substringBefore('?')) ?: return null
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

private suspend fun Connection.refuse(status: String) = send("HTTP/1.0 $status\r\nContent-Length: 0\r\n\r\n")

private val REGULAR = OpenOptions.forReading().onlyRegular()

private const val NEWLINE = '\n'.code.toByte()
private const val REQUEST_BYTES_MAX = 8 shl 10

// ENOENT, ENOTDIR and ENAMETOOLONG.
private val NOT_FOUND = setOf(2, 20, 36)
