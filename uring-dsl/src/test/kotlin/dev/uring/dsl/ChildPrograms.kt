package dev.uring.dsl

import com.sun.management.ThreadMXBean
import dev.uring.file.OpenOptions
import dev.uring.process.Signal
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.launch
import java.lang.management.ManagementFactory
import java.time.Duration
import kotlin.io.path.createTempFile
import kotlin.io.path.deleteExisting
import kotlin.io.path.pathString
import kotlin.system.exitProcess

/** Programs that a test runs in a process of their own; the argument chooses. */
suspend fun main(args: Array<String>) =
    when (args.single()) {
        "file-allocation" -> printFileAllocation()
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

private const val OPERATIONS = 20_000
private const val ROUNDS_MAX = 40

/** Prints what a read and a write of a file allocate on the worker's thread, in bytes. */
private suspend fun printFileAllocation() {
    val path = createTempFile("uring-allocation")
    try {
        uring(configure = { forTests() }) {
            openFile(path.pathString, OpenOptions.forReadingAndWriting()) { file ->
                val block = ByteArray(4096)
                file.write(0, block)
                var sum = 0
                println(bytesPerOperation { repeat(OPERATIONS) { file.read(0, 4096) { sum += it.size() } } })
                println(bytesPerOperation { repeat(OPERATIONS) { file.write(0, block) } })
                check(sum > 0) { "nothing was read" }
            }
        }
    } finally {
        path.deleteExisting()
    }
}

/** On the worker's thread; the best of some rounds, because compiling allocates as well and ends. */
private suspend inline fun bytesPerOperation(operations: () -> Unit): Double {
    val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
    val thread = Thread.currentThread().threadId()
    var best = Double.MAX_VALUE
    repeat(ROUNDS_MAX) {
        val before = threads.getThreadAllocatedBytes(thread)
        operations()
        best = minOf(best, (threads.getThreadAllocatedBytes(thread) - before).toDouble() / OPERATIONS)
        if (best < 0.1) return best
    }
    return best
}
