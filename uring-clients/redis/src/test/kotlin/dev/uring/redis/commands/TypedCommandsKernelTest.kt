package dev.uring.redis.commands

import dev.uring.redis.RealRedis
import dev.uring.redis.RedisAsyncClient
import dev.uring.redis.RespVersion
import dev.uring.redis.needsRedis
import dev.uring.redis.pipeline
import dev.uring.redis.transaction
import dev.uring.redis.withClient
import dev.uring.redis.withUring
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.future.await
import java.time.Duration
import java.time.Instant

/** Calls the typed functions against a real server and compares what they return, over RESP2 and RESP3. */
class TypedCommandsKernelTest :
    FunSpec({
        needsRedis()

        val called = LinkedHashSet<String>()

        fun results(
            version: RespVersion,
            redis: RealRedis,
            calls: suspend Calls.() -> Unit,
        ): List<Any?> {
            var results = emptyList<Any?>()
            redis.use {
                withClient(redis, configure = { copy(protocol = version) }) { client ->
                    val recorded = Calls(client)
                    withClue(version) { recorded.calls() }
                    called += recorded.commands
                    results = recorded.results
                }
            }
            return results
        }

        fun group(
            name: String,
            isCluster: Boolean = false,
            calls: suspend Calls.() -> Unit,
        ) {
            test("$name return what they must, and the same over RESP2 and RESP3") {
                fun server() = if (isCluster) ClusterNode.start().redis else RealRedis()
                results(RespVersion.RESP2, server(), calls) shouldBe results(RespVersion.RESP3, server(), calls)
            }
        }

        group("strings") { strings() }
        group("hashes") { hashes() }
        group("lists") { lists() }
        group("sets") { sets() }
        group("sorted sets") { sortedSets() }
        group("streams") { streams() }
        group("places") { geo() }
        group("bitmaps") { bitmaps() }
        group("counters of different elements") { hyperLogLog() }
        group("keys") { keys() }
        group("scripts") { scripting() }
        group("functions") { functions() }
        group("publishing and what is said of it") { pubSub() }
        group("connections") { connection() }
        group("users") { users() }
        group("commands about the server") { server() }
        group("commands about the cluster", isCluster = true) { cluster() }

        test("typed commands in a pipeline and in a transaction have their results when it was run") {
            RealRedis().use { redis ->
                withClient(redis) { client ->
                    val (read, counted) =
                        client.pipeline {
                            set("k", "v")
                            get("k") to incrBy("n", 5)
                        }
                    read.value shouldBe "v"
                    counted.value shouldBe 5
                    val members = client.transaction { zadd("z", 1.5, "a").let { zrangeWithScores("z", ALL) } }
                    members.value shouldBe listOf(ScoredMember("a", 1.5))
                }
            }
        }

        test("typed commands for Java complete stages and speak of time as Java does") {
            RealRedis().use { redis ->
                withUring {
                    RedisAsyncClient.create(runtime, redis.url).use { client ->
                        val commands = RedisAsyncCommands.of(client)
                        commands.set("k", "v").await() shouldBe true
                        commands.expire("k", Duration.ofSeconds(100)).await() shouldBe true
                        (commands.ttl("k").await().javaTimeOrNull!! > Duration.ofSeconds(50)) shouldBe true
                        commands.mget(listOf("k", "none")).await() shouldBe listOf("v", null)
                        commands.time().await().isAfter(Instant.EPOCH) shouldBe true
                        commands.blpop(listOf("none"), Duration.ofMillis(10)).await() shouldBe null
                    }
                }
            }
        }

        test("every command that this server has is called, but for those that cannot be here") {
            val commands = CommandTable.commands.values.filter { it.functionsCount > 0 }
            val known = RealRedis().use { redis -> WireClient(redis.url).use { it.commandNames() } }
            val there = commands.filter { it.name.lowercase().replace(' ', '|') in known }
            println(
                "typed commands: ${called.size} called of ${there.size} that this server has; not called: " +
                    "${NOT_CALLED.size} that cannot be here, ${commands.size - there.size} newer than the server",
            )
            there.map { it.name }.filter { it !in called && it !in NOT_CALLED }.shouldBeEmpty()
            NOT_CALLED.keys.filter { it in called }.shouldBeEmpty()
        }
    })

private val ALL = SortedSetRange.byRank(0, -1)

private fun WireClient.commandNames(): Set<String> =
    (ask("COMMAND", "LIST") as List<*>).mapTo(HashSet()) { it as String } + subCommands()

private fun WireClient.subCommands(): Set<String> =
    (ask("COMMAND") as List<*>).flatMapTo(HashSet()) { command ->
        ((command as List<*>)[9] as List<*>).map { (it as List<*>)[0] as String }
    }

private val NOT_CALLED =
    mapOf(
        "ACL LOAD" to "needs an ACL file",
        "ACL SAVE" to "needs an ACL file",
        "BGSAVE" to "forks while other calls run",
        "CLUSTER FAILOVER" to "needs a replica",
        "CLUSTER FORGET" to "needs another node",
        "CLUSTER REPLICATE" to "needs another node",
        "CONFIG REWRITE" to "needs a configuration file",
        "FAILOVER" to "needs a replica",
        "FUNCTION KILL" to "needs a function that hangs",
        "MODULE LOAD" to "needs a module",
        "MODULE LOADEX" to "needs a module",
        "MODULE UNLOAD" to "needs a module",
        "OBJECT FREQ" to "needs another eviction policy",
        "SCRIPT KILL" to "needs a script that hangs",
        "SHUTDOWN" to "ends the server",
    )
