package dev.uring.redis.server

import dev.uring.redis.codec.multibulk
import dev.uring.redis.store.Keyspace
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import kotlin.random.Random

/** Replay a failure with `-During.sim.seed=SEED`; the failing case prints its own seed. */
class RespSessionSimulationTest :
    FunSpec({
        val replaySeed = System.getProperty("uring.sim.seed")?.toLong()

        fun eachSeed(
            count: Int,
            run: (seed: Long) -> Unit,
        ) {
            val first = System.nanoTime()
            for (seed in replaySeed?.let(::listOf) ?: List(count) { first + it }) {
                withClue("-During.sim.seed=$seed") { run(seed) }
            }
        }

        test("every connection sees its own commands take effect in their order, whatever the workers do in between") {
            eachSeed(300) { seed ->
                val random = Random(seed)
                val server = SimulatedServer(random.nextInt(1, 5), random, { Keyspace() }, declare = ::keyspaceCommands)
                val clients =
                    List(random.nextInt(1, 6)) { number ->
                        // Keys of its own: then what a plain map says is what it must be told.
                        val script = RandomScript(random, keyPrefix = "client$number:")
                        repeat(random.nextInt(1, 60)) { script.addCommand() }
                        val connection = server.connect(outputRoomBytes = listOf(1, 50, 100_000).random(random))
                        connection.send(script.requests.toString().toByteArray())
                        script to connection
                    }
                server.runToEnd()
                for ((script, connection) in clients) connection.received() shouldBe script.replies.toString()
            }
        }

        test("counters shared by all connections lose no increment and give none out twice") {
            eachSeed(100) { seed ->
                val random = Random(seed)
                val server = SimulatedServer(random.nextInt(1, 5), random, { Keyspace() }, declare = ::keyspaceCommands)
                val asked = mutableMapOf<String, Int>()
                val clients =
                    List(5) {
                        val keys = List(random.nextInt(50)) { "counter${random.nextInt(4)}" }
                        keys.forEach { asked.merge(it, 1, Int::plus) }
                        val connection = server.connect()
                        connection.send(keys.joinToString("") { multibulk("INCR", it) }.toByteArray())
                        keys to connection
                    }
                server.runToEnd()
                val given = mutableMapOf<String, MutableList<Int>>()
                for ((keys, connection) in clients) {
                    val values =
                        connection
                            .received()
                            .split("\r\n")
                            .dropLast(1)
                            .map { it.drop(1).toInt() }
                    keys.zip(values).forEach { (key, value) -> given.getOrPut(key) { mutableListOf() } += value }
                    // And each connection sees a counter rise.
                    for (key in keys.toSet()) {
                        val seen = keys.zip(values).filter { it.first == key }.map { it.second }
                        seen shouldBe seen.sorted()
                    }
                }
                for ((key, count) in asked) given[key]!!.sorted() shouldContainExactly (1..count).toList()
            }
        }

        test("a client that pipelines large replies and reads slowly makes the server hold a bounded amount") {
            for (workersCount in 1..3) {
                val server = SimulatedServer(workersCount, Random(1), { Keyspace() }, declare = ::keyspaceCommands)
                server.exchange(List(10) { multibulk("SET", "k$it", "v".repeat(50_000)) }.joinToString(""))
                val slow = server.connect(outputRoomBytes = 100_000)
                // 250 MB of replies to 60 kB of requests.
                slow.send(List(5_000) { multibulk("GET", "k${it % 10}") }.joinToString("").toByteArray())
                server.runToEnd()
                slow.received().length shouldBe 5_000 * "\$50000\r\n${"v".repeat(50_000)}\r\n".length
                slow.unreadBytesMax shouldBeLessThan 400_000
            }
        }

        test("one reply larger than a send queue goes out in pieces, whole and in its place") {
            for (workersCount in 1..3) {
                val server = SimulatedServer(workersCount, Random(1), { Keyspace() }, declare = ::keyspaceCommands)
                val value = "0123456789".repeat(100_000)
                server.exchange(multibulk("SET", "a", value) + multibulk("SET", "b", value))
                val slow = server.connect(worker = 0, outputRoomBytes = 1_000)
                val both = "$1000000\r\n$value\r\n"
                slow.send(
                    (multibulk("PING") + multibulk("MGET", "a", "b", "none", "a") + multibulk("PING")).toByteArray(),
                )
                server.runToEnd()
                slow.received() shouldBe "+PONG\r\n*4\r\n$both$both$-1\r\n$both+PONG\r\n"
                // Directly queued, a reply may pass the mark by what one of them may write at once, and no more.
                slow.unreadBytesMax shouldBeLessThan 1_200_000
            }
        }
    })
