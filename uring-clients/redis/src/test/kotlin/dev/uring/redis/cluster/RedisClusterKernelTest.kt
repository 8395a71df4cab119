package dev.uring.redis.cluster

import dev.uring.dsl.UringScope
import dev.uring.redis.RedisException
import dev.uring.redis.commands.WireClient
import dev.uring.redis.commands.dbSize
import dev.uring.redis.commands.del
import dev.uring.redis.commands.exists
import dev.uring.redis.commands.flushAll
import dev.uring.redis.commands.ftCursorRead
import dev.uring.redis.commands.ftSearch
import dev.uring.redis.commands.get
import dev.uring.redis.commands.incr
import dev.uring.redis.commands.jsonGet
import dev.uring.redis.commands.keys
import dev.uring.redis.commands.mget
import dev.uring.redis.commands.mset
import dev.uring.redis.commands.scan
import dev.uring.redis.commands.scriptExists
import dev.uring.redis.commands.scriptLoad
import dev.uring.redis.commands.set
import dev.uring.redis.commands.touch
import dev.uring.redis.commands.unlink
import dev.uring.redis.ftAggregateFlow
import dev.uring.redis.needsRedis
import dev.uring.redis.routing.HashSlot
import dev.uring.redis.withUring
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.withContext
import java.util.concurrent.TimeUnit
import kotlin.random.Random
import kotlin.time.Duration.Companion.seconds

class RedisClusterKernelTest :
    FunSpec({
        needsRedis()

        // One for the tests that leave all of its nodes alive.
        val started = lazy { RealCluster(noticeMillis = 5_000) }
        afterSpec { if (started.isInitialized()) started.value.close() }

        fun withCluster(
            real: RealCluster = started.value,
            block: suspend UringScope.(RealCluster, RedisCluster<String, String>) -> Unit,
        ) = withUring(workers = 2) {
            // Five seconds: a master that hangs is given up within the test's patience, a busy machine is not.
            redisCluster(real.addresses[0]) {
                copy(node = node.copy(commandTimeout = 5.seconds), patience = 50.seconds)
            }.use { block(real, it) }
        }

        fun withMortalCluster(block: suspend UringScope.(RealCluster, RedisCluster<String, String>) -> Unit) =
            RealCluster(noticeMillis = 1_000).use { withCluster(it, block) }

        test("keys of every master are reached from one seed, and commands with many keys are split and joined") {
            withCluster { _, cluster ->
                val keys = List(500) { "key:$it" }
                cluster.mset(keys.associateWith { "value of $it" })
                cluster.mget(keys) shouldBe keys.map { "value of $it" }
                cluster.mget("key:3", "none", "key:1") shouldBe listOf("value of key:3", null, "value of key:1")
                cluster.get("key:7") shouldBe "value of key:7"
                cluster.dbSize() shouldBe 500
                cluster.masters().values.map { it.dbSize() > 100 } shouldBe listOf(true, true, true)
                cluster.keys("key:*").toSet() shouldBe keys.toSet()
                cluster.exists(keys + "none") shouldBe 500
                cluster.touch(keys) shouldBe 500
                cluster.del(keys.take(200)) shouldBe 200
                cluster.unlink(keys) shouldBe 300
                val sha1 = cluster.scriptLoad("return 1")
                cluster.scriptExists(sha1, "0".repeat(40)) shouldBe listOf(true, false)
                cluster.set("last", "one")
                cluster.flushAll()
                cluster.dbSize() shouldBe 0
                // Two of one slot around one of another: the joined list is in the order that was asked for.
                cluster.mset("{a}1" to "1", "{b}1" to "2", "{a}2" to "3")
                cluster.mget("{a}1", "{b}1", "{a}2") shouldBe listOf("1", "2", "3")
                shouldThrow<IllegalArgumentException> { cluster.scan() }.message shouldContain "RedisCluster.masters()"
            }
        }

        test("commands of modules go to a node by key or to any, and a cursor is not left to chance") {
            withCluster { _, cluster ->
                // These nodes have no modules: their own refusal shows that one of them was asked, and that none said MOVED.
                repeat(20) {
                    shouldThrow<RedisException> { cluster.jsonGet("key:$it") }.missingModule shouldBe "RedisJSON"
                    shouldThrow<RedisException> { cluster.ftSearch("i", "*") }.missingModule shouldBe "RediSearch"
                }
                val rows = cluster.ftAggregateFlow("i", "*")
                shouldThrow<RedisException> { rows.first() }.command shouldBe "FT.AGGREGATE"
                shouldThrow<IllegalArgumentException> { cluster.ftCursorRead("i", 1) }.message shouldBe
                    "FT.CURSOR READ is for the node that has the cursor: collect ftAggregateFlow, " +
                    "or go through one of RedisCluster.masters()"
            }
        }

        test("a slot that moves with its keys is followed, and no write is lost") {
            withCluster { real, cluster ->
                val slot = HashSlot.of("{t}".toByteArray())
                val from = real.masterOf(slot, 0)
                val to = (from + 1) % RealCluster.MASTERS
                cluster.mset(List(50) { "{t}$it" to "$it" })
                coroutineScope {
                    val load = ClusterLoad(cluster, this, seed = 1)
                    real.ask(to, "CLUSTER", "SETSLOT", "$slot", "IMPORTING", real.ids[from])
                    real.ask(from, "CLUSTER", "SETSLOT", "$slot", "MIGRATING", real.ids[to])
                    // Gone on this side, or never there: ASK leads to the other one.
                    cluster.incr("{t}counter") shouldBe 1
                    cluster.incr("{t}counter") shouldBe 2
                    WireClient(real.nodes[from].url).use { old ->
                        for (n in 0..<50) {
                            val port = "${real.ports[to]}"
                            old.ask("MIGRATE", "127.0.0.1", port, "{t}$n", "0", "5000") shouldBe "OK"
                            cluster.get("{t}$n") shouldBe "$n"
                        }
                    }
                    for (node in 0..<RealCluster.MASTERS) {
                        real.ask(node, "CLUSTER", "SETSLOT", "$slot", "NODE", real.ids[to])
                    }
                    cluster.mget(List(50) { "{t}$it" }) shouldBe List(50) { "$it" }
                    cluster.incr("{t}counter") shouldBe 3
                    val before = load.operations
                    soon("the load goes on") { load.operations > before + 100 }
                    load.stop()
                    load.wrong.shouldBeEmpty()
                    load.missing().shouldBeEmpty()
                }
            }
        }

        test("a replica that takes over under load loses no acknowledged write and causes no wrong reply") {
            withCluster { real, cluster ->
                coroutineScope {
                    val load = ClusterLoad(cluster, this, seed = 2)
                    soon("the load runs") { load.operations > 500 }
                    for (replica in RealCluster.MASTERS..<RealCluster.NODES) {
                        withContext(Dispatchers.IO) { real.failOverTo(replica) }
                        val before = load.operations
                        soon("the load goes on") { load.operations > before + 300 }
                    }
                    load.stop()
                    load.wrong.shouldBeEmpty()
                    load.stale.shouldBeEmpty()
                    load.missing().shouldBeEmpty()
                    println("cluster: ${load.operations} operations, three failovers, ${load.unknown} without a reply")
                }
            }
        }

        test("a master that is killed is replaced: what its replica had is there, and no reply is wrong") {
            val seed = Random.nextLong()
            withClue("seed=$seed") {
                withMortalCluster { real, cluster ->
                    val kept = List(300) { "kept:$it" }
                    cluster.mset(kept.associateWith { it })
                    soon("the replicas have the keys") {
                        (0..<RealCluster.MASTERS).all {
                            real.ask(it, "DBSIZE") == real.ask(it + RealCluster.MASTERS, "DBSIZE")
                        }
                    }
                    coroutineScope {
                        val load = ClusterLoad(cluster, this, seed)
                        soon("the load runs") { load.operations > 200 }
                        real.nodes[1].kill()
                        soon("its replica is master") { real.isMaster(1 + RealCluster.MASTERS) }
                        soon("every key can be written again") {
                            runCatching { cluster.mset(kept.associateWith { it }) }.isSuccess
                        }
                        val before = load.operations
                        soon("the load goes on") { load.operations > before + 300 }
                        load.stop()
                        load.wrong.shouldBeEmpty()
                        cluster.mget(kept) shouldBe kept
                        println(
                            "cluster: ${load.operations} operations past a killed master, " +
                                "${load.unknown} without a reply, ${load.stale.size} lost with it",
                        )
                    }
                }
            }
        }
    })

/** Waits until [condition] holds. A minute: an election takes seconds where nothing else runs. */
private suspend fun soon(
    what: String,
    condition: suspend () -> Boolean,
) {
    val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60)
    while (!condition()) {
        check(System.nanoTime() < deadline) { "not within 60 s: $what" }
        delay(20)
    }
}
