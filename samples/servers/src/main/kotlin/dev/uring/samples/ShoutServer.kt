package dev.uring.samples

import dev.uring.dsl.Connection
import dev.uring.dsl.sharded
import dev.uring.dsl.uring

/** Shouts every line back. An empty line asks how many lines the server has heard, over all its workers. */
suspend fun main(args: Array<String>) =
    uring {
        // A counter per worker, touched by that worker alone: no lock, no atomic.
        val heard = sharded { LineCounter() }
        val server =
            tcp(args.firstOrNull() ?: "127.0.0.1:7000") { conn ->
                while (true) {
                    val line = conn.readLine() ?: break
                    if (line.isEmpty()) {
                        conn.send("${heard.onEach { it.lines }.sum()} lines so far\n")
                    } else {
                        heard.local.lines++
                        conn.send("${line.uppercase()}!\n")
                    }
                }
            }
        println("listening on port ${server.port}")
    }

private class LineCounter {
    var lines = 0L
}

/** The next line without its end, or null when the peer has finished. Lines may come in any number of pieces. */
private suspend fun Connection.readLine(): String? {
    var line: String? = null
    parse { view ->
        val end = view.indexOf(NEWLINE, 0)
        if (end >= 0) line = view.toUtf8(0, end)
        end + 1
    }
    return line
}

private const val NEWLINE = '\n'.code.toByte()
