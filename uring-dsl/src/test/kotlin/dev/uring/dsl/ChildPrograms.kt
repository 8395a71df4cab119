package dev.uring.dsl

import java.time.Duration
import kotlin.system.exitProcess

/** Programs that a test runs in a process of their own; the argument chooses. */
suspend fun main(args: Array<String>) =
    when (args.single()) {
        "serve" -> servePrintingThePort()
        "exit" -> exitFromTheBlock()
        else -> error("no program ${args.single()}")
    }

private suspend fun servePrintingThePort() =
    uring(configure = { forTests() }) {
        val server =
            tcp("127.0.0.1:0") { conn ->
                conn.forEachView { conn.write(it) }
                conn.write("goodbye")
            }
        println(server.port)
        try {
            server.join()
        } finally {
            println("block ended")
        }
    }

private suspend fun exitFromTheBlock() =
    uring(configure = { forTests().drainTimeout(Duration.ofMinutes(1)) }) {
        tcp("127.0.0.1:0") { }
        exitProcess(3)
    }
