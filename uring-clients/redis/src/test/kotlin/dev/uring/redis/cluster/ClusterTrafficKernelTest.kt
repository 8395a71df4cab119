package dev.uring.redis.cluster

import dev.uring.dsl.UringScope
import dev.uring.redis.ReadFrom
import dev.uring.redis.RedisBlocking
import dev.uring.redis.RedisException
import dev.uring.redis.cache.CacheConfig
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.Reply
import dev.uring.redis.commands.get
import dev.uring.redis.commands.incr
import dev.uring.redis.commands.mget
import dev.uring.redis.commands.mset
import dev.uring.redis.commands.set
import dev.uring.redis.eventually
import dev.uring.redis.needsRedis
import dev.uring.redis.routing.HashSlot
import dev.uring.redis.withUring
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.withContext
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** What a client does with a cluster that stays up: reads elsewhere, many commands at once, slots on their way. */
class ClusterTrafficKernelTest :
    FunSpec({
        needsRedis()

        val started = lazy { RealCluster(noticeMillis = 15_000) }
        val real by started
        afterSpec { if (started.isInitialized()) real.close() }

        fun withCluster(
            configure: ClusterConfig.() -> ClusterConfig = { this },
            block: suspend UringScope.(RedisCluster<String, String>) -> Unit,
        ) {
            val seed = real.addresses[0]
            // All nodes live: none has to be given up soon.
            withUring(workers = 2) {
                redisCluster(seed) { copy(refreshTimeout = 10.seconds).configure() }.use { block(it) }
            }
        }

        fun gets(node: Int): Int =
            Regex("cmdstat_get:calls=(\\d+)")
                .find(real.ask(node, "INFO", "commandstats") as String)
                ?.groupValues
                ?.get(1)
                ?.toInt() ?: 0

        fun resetCounts() = real.nodes.indices.forEach { real.ask(it, "CONFIG", "RESETSTAT") }

        test("reads go to the replicas of their slots, writes to the masters, and ANY asks both") {
            resetCounts()
            withCluster({ copy(node = node.copy(readFrom = ReadFrom.REPLICA)) }) { cluster ->
                val keys = List(60) { "read:$it" }
                cluster.mset(keys.associateWith { it })
                for (key in keys) eventually({ "$key is at its replica" }) { cluster.get(key) == key }
                cluster.mget(keys) shouldBe keys
                (0..2).sumOf(::gets) shouldBe 0
                (3..5).map { gets(it) > 0 } shouldBe listOf(true, true, true)
            }
            resetCounts()
            // A node may not have heard of all replicas yet: the next look finds them.
            withCluster({
                copy(node = node.copy(readFrom = ReadFrom.ANY), refreshInterval = 100.milliseconds)
            }) { cluster ->
                eventually({ "all are asked: ${(0..5).map(::gets)}" }) {
                    List(60) { cluster.get("read:$it") }.filterNotNull().size shouldBe 60
                    (0..5).all { gets(it) > 0 }
                }
            }
        }

        test("a pipeline goes to all nodes at once, each result in its place, and one refusal is one command's") {
            withCluster { cluster ->
                val (values, counter, wrong) =
                    cluster.pipeline {
                        val sets = List(300) { set("pipe:$it", "v$it") }
                        val counts = List(5) { incr("pipe:counter") }
                        val refused = incr("pipe:7")
                        Triple(sets + List(300) { get("pipe:$it") }, counts, refused)
                    }
                values.drop(300).map { it.value } shouldBe List(300) { "v$it" }
                counter.map { it.value } shouldBe listOf(1L, 2L, 3L, 4L, 5L)
                shouldThrow<RedisException> { wrong.value }.code shouldBe "ERR"
                // Of several slots, and without a key.
                val (many, size) =
                    cluster.pipeline { mget(List(300) { "pipe:$it" }) to execute(command(PING), Reply.STRING) }
                many.value shouldBe List(300) { "v$it" }
                size.value shouldBe "PONG"
            }
        }

        test("a transaction is one slot's, and one over several is refused before anything is sent") {
            withCluster { cluster ->
                val (first, second) =
                    cluster.transaction { incr("{tx}a") to incr("{tx}b") }
                first.value shouldBe 1
                second.value shouldBe 1
                shouldThrow<IllegalArgumentException> {
                    cluster.transaction { incr("tx:1") to incr("tx:2") }
                }.message!! shouldContain "common tag"
                cluster.get("tx:1") shouldBe null
            }
        }

        test(
            "pipelines and transactions follow a slot that moves, and commands in between wait until its keys are together",
        ) {
            withCluster { cluster ->
                SlotMove(real, "{move}").use { move ->
                    cluster.pipeline { List(20) { set("{move}$it", "$it") } }.forEach { it.value }
                    coroutineScope {
                        val load = ClusterLoad(cluster, this, seed = 3)
                        move.begin()
                        move.take("{move}0")
                        // One key on each side: TRYAGAIN until they are together.
                        val both = async { cluster.mget("{move}0", "{move}1") }
                        // ASK for some, answered here for the others.
                        cluster.pipeline { List(20) { get("{move}$it") } }.map { it.value } shouldBe List(20) { "$it" }
                        for (n in 1..<20) move.take("{move}$n")
                        both.await() shouldBe listOf("0", "1")
                        cluster.pipeline { List(5) { incr("{move}counter") } }.map { it.value } shouldBe
                            List(5) { it + 1L }
                        val committed = async { cluster.transaction { incr("{move}counter") } }
                        move.end()
                        committed.await().value shouldBe 6
                        cluster.pipeline { List(20) { get("{move}$it") } }.map { it.value } shouldBe List(20) { "$it" }
                        load.stop()
                        load.wrong.shouldBeEmpty()
                        load.stale.shouldBeEmpty()
                        load.missing().shouldBeEmpty()
                    }
                }
            }
        }

        test("a slot that nobody has is waited for, and who waits gets the reply when somebody takes it") {
            withCluster { cluster ->
                val slot = "${HashSlot.of("{down}".toByteArray())}"
                cluster.set("{down}", "v")
                val owner = real.masterOf(slot.toInt(), 0)
                val all = real.nodes.indices
                for (node in all) runCatching { real.ask(node, "CLUSTER", "DELSLOTS", slot) }
                val waiting = async { cluster.get("{down}") }
                val piped = async { cluster.pipeline { get("{down}") } }
                delay(300)
                for (node in all) {
                    if (node < RealCluster.MASTERS) real.ask(node, "CLUSTER", "SETSLOT", slot, "NODE", real.ids[owner])
                }
                waiting.await() shouldBe "v"
                piped.await().value shouldBe "v"
            }
        }

        test("what is cached of a cluster is never behind what was told, also when slots move") {
            val seed = System.getProperty("uring.fuzz.seed")?.toLong() ?: System.nanoTime()
            withClue({ "-During.fuzz.seed=$seed" }) {
                withCluster { cluster ->
                    cluster.cached(CacheConfig()).use { cached ->
                        val random = Random(seed)
                        val truth = HashMap<String, String>()
                        val keys = List(20) { "cached:$it" } + List(10) { "{cached}$it" }

                        suspend fun someWrites() =
                            repeat(100) { n ->
                                val key = keys.random(random)
                                cluster.set(key, "$key=$n")
                                truth[key] = "$key=$n"
                                val other = keys.random(random)
                                eventually(
                                    { "$other is read as ${truth[other]}" },
                                ) { cached.get(other) == truth[other] }
                            }
                        someWrites()
                        SlotMove(real, "{cached}").use { move ->
                            // Missing at both: only the map says that it is another node's business now.
                            cached.get("{cached}missing") shouldBe null
                            move.begin()
                            for (key in keys.filter { it.startsWith("{cached}") }) move.take(key)
                            move.end()
                            someWrites()
                            cluster.set("{cached}missing", "here")
                            eventually({ "the move is noticed" }) { cached.get("{cached}missing") == "here" }
                        }
                        cached.cacheSnapshot().hits shouldBeGreaterThan 0
                        cached.cacheSnapshot().invalidations shouldBeGreaterThan 0
                    }
                }
            }
        }

        test("Java's clients get stages, and block where they may") {
            val seed = real.addresses[0]
            withUring(workers = 2) {
                val created = RedisAsyncCluster.create(runtime, ClusterConfig.parse(listOf(seed)))
                withContext(Dispatchers.IO) {
                    RedisBlocking.await(created).use { cluster ->
                        val stages =
                            List(200) { cluster.execute(cluster.command(SET).key("java:$it").arg("$it"), Reply.STRING) }
                        stages.forEach { RedisBlocking.await(it) shouldBe "OK" }
                        val value = cluster.execute(cluster.command(GET).key("java:77"), Reply.STRING)
                        RedisBlocking.await(value) shouldBe "77"
                        val wrong =
                            cluster.execute(
                                cluster.command(Command.of("INCR")).key("java:x").arg("1"),
                                Reply.LONG,
                            )
                        shouldThrow<RedisException> { RedisBlocking.await(wrong) }.code shouldBe "ERR"
                    }
                }
                shouldThrow<IllegalStateException> { RedisBlocking.await(created) }.message!! shouldContain
                    "on a worker"
            }
        }
    })

private val PING = Command.of("PING")
private val SET = Command.of("SET")
private val GET = Command.of("GET", Command.READONLY)
