package dev.uring.samples

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.io.BufferedInputStream
import java.io.ByteArrayOutputStream
import java.io.InputStream
import java.net.Socket
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.atomic.AtomicLong
import kotlin.concurrent.thread
import kotlin.random.Random

/**
 * The load that mc-crusher is known for: many connections, each sending whole pipelines of gets, sets, counters and meta
 * commands over a shared range of keys, faster than anybody would. Unlike its blind reads, every answer is looked at: each
 * value says which key it belongs to and how long it must be.
 */
class MemcachedLoadTest :
    FunSpec({
        test("thousands of commands in pipelines from many connections are each answered, in their order") {
            val seed = System.nanoTime()
            val answers = AtomicLong()
            val faults = CopyOnWriteArrayList<Throwable>()
            withClue({ "seed=$seed" }) {
                ServerProcess("dev.uring.samples.MemcachedKt", "4").use { server ->
                    List(CONNECTIONS) { n ->
                        thread {
                            runCatching {
                                server.connect().use { Crusher(it, n, Random(seed + n), answers).run() }
                            }.onFailure(faults::add)
                        }
                    }.forEach(Thread::join)
                    faults.shouldBeEmpty()
                    answers.get() shouldBe CONNECTIONS.toLong() * PIPELINES * COMMANDS_PER_PIPELINE
                    server.connect().use { socket ->
                        socket.getOutputStream().write("stats\r\n".toByteArray())
                        val lines = generateSequence { socket.getInputStream().line() }.takeWhile { it != "END" }
                        val stats = lines.map { it.split(' ') }.associate { it[1] to it[2] }
                        // What had to make room for other values.
                        stats.getValue("evictions").toLong() shouldBeGreaterThan 0
                    }
                    server.terminate()
                }
            }
        }
    })

private const val CONNECTIONS = 16
private const val PIPELINES = 40
private const val COMMANDS_PER_PIPELINE = 50
private const val KEYS = 4000
private const val COUNTERS = 50

/** One connection: writes a pipeline, reads all of its answers, and so on. */
private class Crusher(
    private val socket: Socket,
    private val number: Int,
    private val random: Random,
    private val answers: AtomicLong,
) {
    private val input = BufferedInputStream(socket.getInputStream(), 1 shl 16)
    private val pipeline = ByteArrayOutputStream()
    private val expected = ArrayDeque<() -> Unit>()
    private var ownCounter = 0L

    fun run() {
        send("set own$number 0 0 1\r\n0\r\n") { input.line() shouldBe "STORED" }
        flush()
        repeat(PIPELINES) {
            repeat(COMMANDS_PER_PIPELINE) { command() }
            answers.addAndGet(flush().toLong())
        }
    }

    private fun flush(): Int {
        val bytes = pipeline.toByteArray()
        pipeline.reset()
        // Beside the reading: a server may stop reading until its answers have been taken.
        val writing = Thread.startVirtualThread { socket.getOutputStream().write(bytes) }
        val count = expected.size
        while (expected.isNotEmpty()) expected.removeFirst()()
        writing.join()
        return count
    }

    private fun send(
        bytes: String,
        check: () -> Unit,
    ) {
        pipeline.write(bytes.toByteArray())
        expected += check
    }

    private fun command() {
        val key = "key${random.nextInt(KEYS)}"
        when (random.nextInt(10)) {
            0, 1, 2 -> {
                val value = valueOf(key, random.nextInt(1, 8_000))
                send("set $key 0 0 ${value.length}\r\n$value\r\n") { input.line() shouldBe "STORED" }
            }

            3, 4 -> {
                send("get $key\r\n") { readItems(listOf(key)) }
            }

            5 -> {
                val keys = List(10) { "key${random.nextInt(KEYS)}" }.distinct()
                send("get ${keys.joinToString(" ")}\r\n") { readItems(keys) }
            }

            6 -> {
                send("mg $key k v\r\n") { readMeta(key) }
            }

            7 -> {
                val value = valueOf(key, random.nextInt(1, 2_000))
                send("ms $key ${value.length} T600\r\n$value\r\n") { input.line() shouldBe "HD" }
            }

            8 -> {
                // Only this connection counts it, so the sum is known; it is gone if there was no room for it.
                val sum = ++ownCounter
                send("incr own$number 1\r\n") { input.line().let { if (it != "NOT_FOUND") it shouldBe "$sum" } }
            }

            else -> {
                send("delete counter${random.nextInt(COUNTERS)}\r\n") { input.line() shouldBe "NOT_FOUND" }
            }
        }
    }

    private fun readItems(keys: List<String>) {
        val asked = ArrayDeque(keys)
        while (true) {
            val words = input.line().split(' ')
            if (words[0] == "END") return
            words[0] shouldBe "VALUE"
            while (asked.removeFirst() != words[1]) continue
            readValue(words[1], words[3].toInt())
        }
    }

    private fun readMeta(key: String) {
        val words = input.line().split(' ')
        if (words[0] == "EN") return
        words[0] shouldBe "VA"
        words[2] shouldBe "k$key"
        readValue(key, words[1].toInt())
    }

    private fun readValue(
        key: String,
        size: Int,
    ) {
        val bytes = input.readNBytes(size + 2)
        check(String(bytes, Charsets.ISO_8859_1) == valueOf(key, size) + "\r\n") { "another value than $key has" }
    }

    private fun valueOf(
        key: String,
        size: Int,
    ): String {
        val mark = "$key:$size:"
        return mark.repeat(size / mark.length + 1).take(size)
    }
}

private fun InputStream.line(): String {
    val line = StringBuilder()
    while (true) {
        val next = read()
        check(next >= 0) { "the server has ended the connection behind '$line'" }
        if (next == '\n'.code) return line.toString().removeSuffix("\r")
        line.append(next.toChar())
    }
}
