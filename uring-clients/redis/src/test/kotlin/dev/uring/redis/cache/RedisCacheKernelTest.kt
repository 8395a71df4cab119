package dev.uring.redis.cache

import dev.uring.dsl.UringScope
import dev.uring.dsl.onEachWorker
import dev.uring.redis.RealRedis
import dev.uring.redis.RedisException
import dev.uring.redis.RespVersion
import dev.uring.redis.cmd
import dev.uring.redis.commands.WireClient
import dev.uring.redis.commands.get
import dev.uring.redis.commands.hgetAll
import dev.uring.redis.commands.hset
import dev.uring.redis.commands.mget
import dev.uring.redis.commands.set
import dev.uring.redis.commands.ttl
import dev.uring.redis.eventually
import dev.uring.redis.getView
import dev.uring.redis.needsRedis
import dev.uring.redis.withClient
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeGreaterThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import kotlin.random.Random

class RedisCacheKernelTest :
    FunSpec({
        needsRedis()

        val server = lazy { RealRedis() }
        val redis by server
        afterSpec { if (server.isInitialized()) redis.close() }

        test("what is read twice is asked for once, and what others change is asked for again") {
            withClient(redis) { client ->
                client.cached().use { cached ->
                    // Without a connection nothing is kept.
                    cached.cmd("PING")
                    client.set("k", "1")
                    client.hset("h", mapOf("f" to "v"))
                    repeat(3) {
                        cached.get("k") shouldBe "1"
                        cached.mget("k", "none") shouldBe listOf("1", null)
                        cached.hgetAll("h") shouldBe mapOf("f" to "v")
                        cached.getView("k") { it!!.size() } shouldBe 1
                    }
                    cached.snapshot().misses shouldBe 3
                    cached.snapshot().hits shouldBe 9
                    cached.snapshot().entries shouldBe 3
                    client.set("k", "2")
                    eventually({ "the change is told of" }) { cached.snapshot().invalidations == 2L }
                    cached.get("k") shouldBe "2"
                    cached.mget("k", "none") shouldBe listOf("2", null)
                    cached.ttl("k")
                    cached.snapshot().entries shouldBe 3
                }
            }
        }

        test("what is written through the cache is read from it at once, by every command that changes anything") {
            withClient(redis) { client ->
                client.cached().use { cached ->
                    repeat(200) { n ->
                        cached.set("own", "$n")
                        cached.get("own") shouldBe "$n"
                        cached.get("own") shouldBe "$n"
                    }
                    cached.cmd("SET", "own", "by name")
                    cached.get("own") shouldBe "by name"
                    cached.get("own") shouldBe "by name"
                    cached.cmd("FLUSHALL")
                    cached.get("own") shouldBe null
                }
            }
        }

        for (mode in TrackingMode.entries) {
            test(
                "what hundreds of random writes by others changed is never read after the news of it, with $mode tracking",
            ) {
                val seed = System.getProperty("uring.fuzz.seed")?.toLong() ?: System.nanoTime()
                withClue({ "-During.fuzz.seed=$seed" }) {
                    val prefixes = if (mode == TrackingMode.BROADCAST) listOf("track:") else emptyList()
                    withClient(redis, workers = 2, { copy(clientName = "cached") }) { client ->
                        client.cached(CacheConfig(mode, prefixes)).use { cached -> checkFresh(redis, cached, seed) }
                    }
                }
            }
        }

        test("with broadcasts, keys with another beginning are not kept: nobody would tell of them") {
            withClient(redis) { client ->
                client.cached(CacheConfig(TrackingMode.BROADCAST, listOf("a:", "b:"))).use { cached ->
                    for (key in listOf("a:1", "b:1", "c:1")) client.set(key, "x")
                    repeat(2) { for (key in listOf("a:1", "b:1", "c:1")) cached.get(key) shouldBe "x" }
                    cached.snapshot().entries shouldBe 2
                    client.set("c:1", "y")
                    cached.get("c:1") shouldBe "y"
                    client.set("b:1", "y")
                    eventually({ "the change is told of" }) { cached.get("b:1") == "y" }
                }
            }
        }

        test("a lost connection forgets everything: what changed meanwhile was told to nobody") {
            withClient(redis) { client ->
                client.cached().use { cached ->
                    repeat(5) { round ->
                        client.set("kept", "$round")
                        eventually({ "round $round is read" }) { cached.get("kept") == "$round" }
                        cached.get("kept") shouldBe "$round"
                        val flushes = cached.snapshot().flushes
                        WireClient(redis.url).use { other ->
                            // In one turn of the server: no news of the change can get out.
                            other.ask("MULTI")
                            other.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                            other.ask("SET", "kept", "changed $round")
                            other.ask("EXEC")
                        }
                        eventually({ "the loss is noticed" }) { cached.snapshot().flushes > flushes }
                        cached.get("kept") shouldBe "changed $round"
                    }
                }
            }
        }

        test("a read that is cancelled on its way is not kept, and the next one is") {
            withClient(redis) { client ->
                client.set("c", "v")
                client.cached().use { cached ->
                    cached.get("warm")
                    repeat(50) {
                        val reading = launch { cached.get("c") }
                        yield()
                        reading.cancel()
                        reading.join()
                        cached.get("c") shouldBe "v"
                    }
                    cached.get("c") shouldBe "v"
                    cached.snapshot().hits shouldBeGreaterThan 0
                }
            }
        }

        test("coroutines of all workers and of other threads read through it") {
            withClient(redis, workers = 2) { client ->
                client.cached().use { cached ->
                    client.set("shared", "v")
                    onEachWorker { List(50) { cached.get("shared") }.toSet() } shouldBe List(2) { setOf("v") }
                    withContext(Dispatchers.Default) {
                        List(50) { async { cached.get("shared") } }.awaitAll().toSet() shouldBe setOf("v")
                        // A key's worker is always the same: what was written is read.
                        repeat(50) {
                            cached.set("elsewhere", "$it")
                            cached.get("elsewhere") shouldBe "$it"
                        }
                    }
                    cached.snapshot().misses.coerceAtLeast(2) shouldBe cached.snapshot().misses
                }
            }
        }

        test("a server that speaks RESP2 only cannot tell of changes, and is refused with the reason") {
            withClient(redis, configure = { copy(protocol = RespVersion.RESP2) }) { client ->
                client.cached().use { cached ->
                    shouldThrow<RedisException> { cached.get("k") }.message!! shouldContain "RESP3"
                }
            }
        }
    })

/**
 * Two writers that are not the cache's write rising numbers to random keys and note each one when it is acknowledged. After
 * a command of the cache's connection that was sent later, the news of it has come: the cache must not be behind it then.
 */
private suspend fun UringScope.checkFresh(
    redis: RealRedis,
    cached: RedisCache<String, String>,
    seed: Long,
) {
    val keys = 20
    val acknowledged = List(keys) { AtomicInteger() }
    val writers =
        List(2) { writer ->
            thread {
                val random = Random(seed + writer)
                WireClient(redis.url).use { other ->
                    repeat(400) {
                        // Each writer has keys of its own, so that numbers rise.
                        val key = random.nextInt(keys / 2) * 2 + writer
                        val number = acknowledged[key].get() + 1
                        other.ask("SET", "track:$key", "$key=$number")
                        acknowledged[key].set(number)
                        if (random.nextInt(100) == 0) other.killOne("cached")
                        if (random.nextInt(4) == 0) Thread.yield()
                    }
                }
            }
        }
    val readers =
        List(8) { reader ->
            launch {
                val random = Random(seed - 1 - reader)
                while (writers.any { it.isAlive }) {
                    val key = random.nextInt(keys)
                    val known = acknowledged[key].get()
                    // What was pushed before this is answered has been processed when it is.
                    val isTold = runCatching { cached.cmd("ECHO", "x") }.isSuccess
                    val value = runCatching { cached.get("track:$key") }.getOrNull() ?: continue
                    value.substringBefore('=') shouldBe "$key"
                    if (isTold) value.substringAfter('=').toLong() shouldBeGreaterThanOrEqual known.toLong()
                }
            }
        }
    readers.joinAll()
    for (key in 0..<keys) {
        if (acknowledged[key].get() == 0) continue
        eventually(
            { "the last value of $key is read" },
        ) { cached.get("track:$key") == "$key=${acknowledged[key].get()}" }
    }
    // Where the writers were done before a reader had begun, all reads so far were first ones.
    eventually({ "a repeated read is answered by the cache" }) {
        cached.get("track:0")
        cached.snapshot().hits > 0
    }
    eventually({ "a change of what was read is told of" }) {
        cached.get("track:0")
        WireClient(redis.url).use { it.ask("SET", "track:0", "0=0") }
        cached.snapshot().invalidations > 0
    }
}

/** Throws out one of the connections called [name]. */
private fun WireClient.killOne(name: String) {
    val line = (ask("CLIENT", "LIST") as String).lines().filter { " name=$name " in it }.randomOrNull() ?: return
    ask("CLIENT", "KILL", "ID", line.substringAfter("id=").substringBefore(' '))
}
