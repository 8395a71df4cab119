package dev.uring.launcher

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import java.io.File
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread

class CacheScriptTest :
    FunSpec({
        cacheScriptNeeds("redis-cli", "redis-benchmark")

        val home = tempdir().toPath()
        val script by lazy { CacheScript(home) }
        afterSpec { runCatching { script.close() } }

        fun cli(vararg arguments: String): String = runTool("redis-cli", "-p", "${script.port}", *arguments).trimEnd()

        test("redis-cli gets what it asks for") {
            cli("PING") shouldBe "PONG"
            cli("ECHO", "hello world") shouldBe "hello world"
            cli("SET", "greeting", "hello") shouldBe "OK"
            cli("GET", "greeting") shouldBe "hello"
            cli("SET", "greeting", "hi", "XX", "GET") shouldBe "hello"
            cli("SETNX", "greeting", "ignored") shouldBe "0"
            cli("APPEND", "greeting", " there") shouldBe "8"
            cli("STRLEN", "greeting") shouldBe "8"
            cli("MSET", "a", "1", "b", "2", "c", "3") shouldBe "OK"
            cli("MGET", "a", "none", "c", "b") shouldBe "1\n\n3\n2"
            cli("EXISTS", "a", "b", "none", "a") shouldBe "3"
            cli("INCR", "a") shouldBe "2"
            cli("INCRBY", "a", "40") shouldBe "42"
            cli("DECR", "a") shouldBe "41"
            cli("DECRBY", "a", "41") shouldBe "0"
            cli("EXPIRE", "b", "100") shouldBe "1"
            // Each command is a process of its own, and a machine may stop between two.
            cli("TTL", "b").toInt() shouldBeInRange 60..100
            cli("PERSIST", "b") shouldBe "1"
            cli("TTL", "b") shouldBe "-1"
            cli("TTL", "none") shouldBe "-2"
            cli("DBSIZE") shouldBe "4"
            cli("KEYS", "[ab]").lines() shouldContainExactlyInAnyOrder listOf("a", "b")
            cli("--scan").lines() shouldContainExactlyInAnyOrder listOf("a", "b", "c", "greeting")
            cli("--scan", "--pattern", "g*") shouldBe "greeting"
            cli("DEL", "a", "none", "b") shouldBe "2"
            cli("CLIENT", "SETNAME", "me") shouldBe "OK"
            cli("CONFIG", "GET", "save", "append*").lines() shouldBe listOf("appendonly", "no", "save")
            cli("-3", "HELLO", "3") shouldContain "proto 3"
            cli("COMMAND", "COUNT").toInt() shouldNotBe 0
            cli("INFO") shouldContain "db0:keys=2"
            cli("FLUSHALL") shouldBe "OK"
            cli("DBSIZE") shouldBe "0"
            cli("QUIT") shouldBe "OK"
        }

        test("redis-cli gets Redis's own errors for the rest") {
            cli("LPUSH", "list", "x") shouldBe
                "ERR unknown command 'LPUSH', with args beginning with: 'list' 'x' "
                    .trimEnd()
            cli("GET") shouldBe "ERR wrong number of arguments for 'get' command"
            cli("CONFIG", "SET", "save", "") shouldBe "ERR unknown subcommand 'SET'. Try CONFIG HELP."
        }

        for (options in listOf("-P 16", "-c 200", "-d 1024", "-c 200 -P 16 -d 1024")) {
            test("redis-benchmark $options runs through without an error") {
                val tests = listOf("ping_inline", "ping_mbulk", "set", "get", "incr", "mset")
                val output =
                    runTool(
                        *listOf(
                            "redis-benchmark",
                            "-p",
                            "${script.port}",
                            "-n",
                            "20000",
                            "-r",
                            "1000",
                            "--csv",
                        ).toTypedArray(),
                        *options.split(' ').toTypedArray(),
                        "-t",
                        tests.joinToString(","),
                    )
                output shouldNotContain "rror"
                output
                    .lines()
                    .filter {
                        it.startsWith(
                            "\"",
                        )
                    }.map { it.substringAfter('"').substringBefore('"') } shouldContainAll
                    listOf("PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)")
            }
        }

        test("keys expire, when nobody looks at them too") {
            RawClient(script.address).use { client ->
                client.ask("FLUSHALL")
                val requests = (1..2_000).map { RawClient.encode(listOf("SET", "key$it", "v", "PX", "1")) }
                client.send(requests.reduce(ByteArray::plus))
                repeat(2_000) { client.reply() shouldBe "+OK\r\n" }
                client.ask("SET", "stays", "v")
                val deadline = System.nanoTime() + 20_000_000_000
                while (client.ask("DBSIZE") !=
                    ":1\r\n"
                ) {
                    check(System.nanoTime() < deadline) { "still ${client.ask("DBSIZE")}" }
                }
                client.askForList("KEYS", "*") shouldBe listOf("stays")
            }
        }

        test("an announced length of 1 GiB costs no memory, nor do 100 that are never sent") {
            RawClient(script.address).use { client ->
                val announced = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1073741824\r\n"
                client.sendAndReadToEnd(announced.toByteArray()) shouldBe
                    "-ERR Protocol error: invalid bulk length\r\n"
            }
            val before = residentKilobytes(script.port)
            val clients = List(100) { RawClient(script.address) }
            clients.forEach { it.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nbeginning".toByteArray()) }
            RawClient(script.address).use { it.ask("PING") shouldBe "+PONG\r\n" }
            val grown = residentKilobytes(script.port) - before
            clients.forEach { it.close() }
            withClue("KiB") { grown shouldBeLessThan 100_000 }
        }

        test("SIGTERM under load ends the script in order: what is answered is whole, and nobody is cut off") {
            CacheScript(home).use { own ->
                val answered = AtomicInteger()
                val problems = mutableListOf<String>()
                val clients =
                    List(20) { number ->
                        thread {
                            RawClient(own.address).use { client ->
                                val pipeline =
                                    (1..16)
                                        .map {
                                            RawClient.encode(
                                                listOf("SET", "k$number:$it", "v"),
                                            )
                                        }.reduce(ByteArray::plus)
                                try {
                                    while (true) {
                                        client.send(pipeline)
                                        repeat(16) {
                                            val reply = client.reply() ?: return@use
                                            if (reply != "+OK\r\n") {
                                                synchronized(problems) { problems += "$number was answered $reply" }
                                                return@use
                                            }
                                            answered.incrementAndGet()
                                        }
                                    }
                                } catch (broken: java.io.IOException) {
                                    // Sent after the server had closed: that is how a client learns of it.
                                    if (answered.get() == 0) synchronized(problems) { problems += broken.toString() }
                                }
                            }
                        }
                    }
                while (answered.get() < 10_000) Thread.onSpinWait()
                val finished = own.terminate()
                clients.forEach { it.join() }
                problems shouldBe emptyList()
                finished.status shouldBe 143
                finished.err shouldBe ""
            }
        }
    })

// The server's process is found by its listening socket's owner; its own main thread tells what it holds.
private fun residentKilobytes(port: Int): Long {
    val process =
        ProcessHandle
            .current()
            .children()
            .toList()
            .single { child -> ownsPort(child.pid(), port) }
    return File("/proc/${process.pid()}/status")
        .readLines()
        .first { it.startsWith("VmRSS:") }
        .filter(Char::isDigit)
        .toLong()
}

private fun ownsPort(
    pid: Long,
    port: Int,
): Boolean {
    val listening = ":%04X".format(port)
    val inodes =
        File("/proc/net/tcp")
            .readLines()
            .drop(1)
            .map { it.trim().split(Regex("\\s+")) }
            .filter { it[1].endsWith(listening) && it[3] == "0A" }
            .map { "socket:[${it[9]}]" }
    return File("/proc/$pid/fd").listFiles().orEmpty().any { fd ->
        runCatching {
            java.nio.file.Files
                .readSymbolicLink(fd.toPath())
                .toString() in inodes
        }.getOrDefault(false)
    }
}
