package dev.uring.samples

import dev.uring.dsl.uring

/** Sends every byte back, on one worker per core. */
suspend fun main(args: Array<String>) =
    uring {
        val server = tcp(args.firstOrNull() ?: "127.0.0.1:7000") { conn -> conn.forEachView { conn.write(it) } }
        println("listening on port ${server.port}")
    }
