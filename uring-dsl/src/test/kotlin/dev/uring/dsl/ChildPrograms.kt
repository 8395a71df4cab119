package dev.uring.dsl

import dev.uring.process.Signal
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.launch
import java.time.Duration
import kotlin.system.exitProcess

/** Programs that a test runs in a process of their own; the argument chooses. */
suspend fun main(args: Array<String>) =
    when (args.single()) {
        "serve" -> servePrintingThePort()
        "exit" -> exitFromTheBlock()
        "collect-term" -> collectTermForAWhile()
        "shutdown-on-term" -> shutDownOnTerm()
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

private suspend fun collectTermForAWhile() =
    uring(configure = { forTests() }) {
        val server = tcp("127.0.0.1:0") { conn -> conn.forEachView { conn.write("pong\n") } }
        try {
            val collecting =
                launch(start = CoroutineStart.UNDISPATCHED) {
                    signals(Signal.TERM, Signal.HUP).take(2).collect { signal ->
                        if (signal == Signal.HUP) {
                            println("HUP was told")
                        } else {
                            val answer =
                                connect("127.0.0.1:${server.port}") { conn ->
                                    conn.send("ping")
                                    conn.readLine()
                                }
                            println("TERM was told, and the server still answers: $answer")
                        }
                    }
                }
            println("collecting")
            collecting.join()
            println("given back")
            server.join()
        } finally {
            println("block ended")
        }
    }

private suspend fun shutDownOnTerm() =
    uring(configure = { forTests() }) {
        tcp("127.0.0.1:0") { }
        launch(start = CoroutineStart.UNDISPATCHED) { signals(Signal.TERM).collect { shutdown() } }
        println("collecting")
        try {
            kotlinx.coroutines.awaitCancellation()
        } finally {
            println("block ended")
        }
    }
