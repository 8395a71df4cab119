package dev.uring.redis.sentinel

import dev.uring.dsl.UringScope
import dev.uring.redis.ReadFrom
import dev.uring.redis.RedisAsyncClient
import dev.uring.redis.RedisClient
import dev.uring.redis.RedisConfig
import dev.uring.redis.RedisConnectionException
import dev.uring.redis.RedisException
import dev.uring.redis.RedisFailure
import dev.uring.redis.SentinelConfig
import dev.uring.redis.cmd
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.Reply
import dev.uring.redis.commands.get
import dev.uring.redis.commands.set
import dev.uring.redis.eventually
import dev.uring.redis.needsRedis
import dev.uring.redis.redis
import dev.uring.redis.withUring
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicLong
import kotlin.random.Random
import kotlin.time.Duration.Companion.seconds

class RedisSentinelKernelTest :
    FunSpec({
        needsRedis()

        test(
            "the master is found through the sentinels, followed when another becomes it, and replicas are read from",
        ) {
            RealSentinels().use { real ->
                withUring(workers = 2) {
                    redis(real.url()) { config(real) }.use { client ->
                        client.set("k", "1")
                        (client.cmd("CLIENT", "INFO") as String) shouldContain ":${real.ports[0]} "
                        RedisClient(runtime, config(real).copy(readFrom = ReadFrom.REPLICA)).use { reader ->
                            eventually({ "the replica has it" }) { reader.get("k") == "1" }
                            reader.set("k", "2")
                            eventually({ "the replica has it" }) { reader.get("k") == "2" }
                            (real.ask(0, "INFO", "commandstats") as String) shouldNotContain "cmdstat_get:"
                        }
                        // Sentinels that the program did not name are known from the one it did.
                        real.killSentinel(0)
                        eventually({ "another sentinel answers" }) {
                            runCatching {
                                redis(real.url()) { config(real) }.use { it.get("k") }
                            }.getOrNull() == "2"
                        }
                    }
                }
            }
        }

        test("sentinels that do not know the master, or want another password, are named with what they say") {
            RealSentinels().use { real ->
                withUring {
                    val known = config(real).sentinel!!
                    val unknown = config(real).copy(sentinel = known.copy(masterName = "nobody"))
                    val wrong = config(real).copy(sentinel = known.copy(password = "x"))
                    shouldThrow<RedisConnectionException> { redis(real.url()) { unknown } }.message!! shouldContain
                        "no sentinel says where master 'nobody' is"
                    shouldThrow<RedisConnectionException> { redis(real.url()) { wrong } }.message!! shouldContain
                        "WRONGPASS"
                }
            }
        }

        test(
            "a master that hangs or is killed is replaced under load: what a replica had acknowledged is there",
        ).config(
            timeout = 300.seconds,
        ) {
            val seed = Random.nextLong()
            withClue("seed=$seed") {
                RealSentinels(replicas = 2, noticeMillis = 1_000).use { real ->
                    withUring(workers = 2) {
                        val config = config(real).copy(commandTimeout = 3.seconds)
                        redis(real.url()) { config }.use { client ->
                            val load = SentinelLoad(client, this, seed)
                            soon("the load runs") { load.writes > 200 }
                            real.nodes[0].signal("STOP")
                            soon("another one is master") { withContext(Dispatchers.IO) { (1..2).any(real::isMaster) } }
                            load.goesOn("past a master that hangs")
                            val second = withContext(Dispatchers.IO) { (1..2).first(real::isMaster) }
                            real.nodes[0].signal("CONT")
                            soon("the first one follows") { !withContext(Dispatchers.IO) { real.isMaster(0) } }
                            soon("it has copied") {
                                withContext(Dispatchers.IO) {
                                    "master_link_status:up" in real.ask(0, "INFO", "replication") as String
                                }
                            }
                            real.nodes[second].kill()
                            load.goesOn("past a master that is killed")
                            load.stop()
                            load.wrong.shouldBeEmpty()
                            load.missing().shouldBeEmpty()
                            println(
                                "sentinel: ${load.writes} writes past two failovers, " +
                                    "${load.unknown} without a reply, ${client.snapshot().connects} connections",
                            )
                        }
                    }
                }
            }
        }

        test("Java's client follows the master too") {
            RealSentinels().use { real ->
                withUring {
                    RedisAsyncClient.create(runtime, config(real)).use { client ->
                        withContext(Dispatchers.IO) {
                            val set = client.command(Command.of("SET")).key("j").arg("v")
                            client.execute(set, Reply.STRING).toCompletableFuture()[20, TimeUnit.SECONDS] shouldBe "OK"
                            real.failOver(to = 1)
                            var value: String? = null
                            RealSentinels.waitUntil("the new master answers") {
                                val get = client.command(Command.of("GET")).key("j")
                                value =
                                    runCatching {
                                        client.execute(get, Reply.STRING).toCompletableFuture()[20, TimeUnit.SECONDS]
                                    }.getOrNull()
                                value != null
                            }
                            value shouldBe "v"
                        }
                    }
                }
            }
        }
    })

private fun config(real: RealSentinels) =
    RedisConfig(
        password = RealSentinels.PASSWORD,
        sentinel =
            SentinelConfig(RealSentinels.NAME, real.addresses.take(2), password = RealSentinels.SENTINEL_PASSWORD),
    )

private fun RealSentinels.url() = "redis-sentinel://${addresses.joinToString(",")}?master=${RealSentinels.NAME}"

/**
 * Writers with keys of their own that write rising numbers, each followed by WAIT: what both replicas have confirmed has to
 * outlive its master.
 */
private class SentinelLoad(
    private val client: RedisClient,
    scope: UringScope,
    seed: Long,
) {
    private val confirmed = ConcurrentHashMap<String, Long>()
    private val sent = ConcurrentHashMap<String, Long>()
    val wrong = CopyOnWriteArrayList<String>()
    val unknown = AtomicLong()
    private val done = AtomicLong()
    val writes: Long get() = done.get()

    private val jobs =
        List(6) { writer ->
            scope.launch {
                val random = Random(seed + writer)
                while (true) write("load:$writer:${random.nextInt(50)}")
            }
        }

    private suspend fun write(key: String) {
        val number = (sent[key] ?: 0) + 1
        sent[key] = number
        try {
            client.set(key, "$key=$number")
            // On the same connection, and so about that write.
            val copies = client.execute(client.command(WAIT).arg(2).arg(20), Reply.LONG)
            if (copies >= 2) confirmed[key] = number
            val value = client.get(key)
            if (value != null) check(key, value, number)
            done.incrementAndGet()
        } catch (refused: RedisException) {
            // What a server says that is being demoted, or is no master yet.
            if (refused.code !in setOf("READONLY", "UNBLOCKED", "LOADING", "MASTERDOWN")) wrong += "$refused"
        } catch (_: RedisFailure) {
            unknown.incrementAndGet()
            delay(5)
        }
    }

    private fun check(
        key: String,
        value: String,
        expected: Long,
    ) {
        if (value.substringBefore('=') != key) wrong += "$key holds $value"
        if (value.substringAfter('=').toLong() > expected) wrong += "$key holds $value, and only $expected was sent"
    }

    suspend fun goesOn(what: String) {
        val before = writes
        soon("the load goes on $what") { writes > before + 200 }
    }

    suspend fun stop() = jobs.forEach { it.cancelAndJoin() }

    suspend fun missing(): List<String> {
        confirmed.size shouldBeGreaterThan 0
        return confirmed.mapNotNull { (key, number) ->
            val value = client.get(key)
            if (value != null && value.substringAfter('=').toLong() >= number) null else "$key: $number, found $value"
        }
    }

    private companion object {
        val WAIT: Command = Command.of("WAIT")
    }
}

/**
 * Waits until [condition] holds. Two minutes: an election takes seconds where nothing else runs, a second one has to wait for
 * 8 s, and a sentinel that was held up for 2 s does nothing for half a minute.
 */
private suspend fun soon(
    what: String,
    condition: suspend () -> Boolean,
) {
    val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120)
    while (!condition()) {
        check(System.nanoTime() < deadline) { "not within 120 s: $what" }
        delay(20)
    }
}
