package dev.uring.samples

import dev.uring.dsl.uring
import kotlin.time.Duration.Companion.seconds

suspend fun main(args: Array<String>) {
    uring {
        val server =
            tcp(args.firstOrNull() ?: "127.0.0.1:7000") { conn ->
                conn.send("hello from worker ${conn.worker.index()}\n")
                conn.forEachView(timeout = 30.seconds) { view -> conn.write(view) }
            }
        println("listening on port ${server.port}")
    }
}
