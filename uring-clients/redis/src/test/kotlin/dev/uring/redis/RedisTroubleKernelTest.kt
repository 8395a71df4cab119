package dev.uring.redis

import dev.uring.redis.codec.Command
import dev.uring.redis.codec.Reply
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.delay
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.atomic.AtomicLong
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds

class RedisTroubleKernelTest :
    FunSpec({
        needsRedis()

        for (protocol in listOf(RespVersion.RESP3, RespVersion.RESP2)) {
            test(
                "whatever becomes of the server and of callers, a reply that comes is the caller's own, over $protocol",
            ) {
                val seed = System.getProperty("uring.fuzz.seed")?.toLong() ?: System.nanoTime()
                withClue({ "-During.fuzz.seed=$seed" }) {
                    RealRedis().use { redis ->
                        val configure: RedisConfig.() -> RedisConfig = {
                            copy(protocol = protocol, commandTimeout = 250.milliseconds, maxInFlight = 64)
                        }
                        withClient(redis, workers = 2, configure) { client ->
                            val callers = Callers(client, seed)
                            val jobs = callers.start(this)
                            withContext(Dispatchers.IO) { redis.trouble(Random(seed)) }
                            callers.mayStop = true
                            jobs.joinAll()
                            callers.wrong.shouldBeEmpty()
                            callers.right.get() shouldBeGreaterThan 100
                            callers.failed.get() shouldBeGreaterThan 0
                            eventually({ "the client is in step" }) {
                                runCatching { client.echoed("in step") }.getOrNull() == "in step"
                            }
                            eventually({ "nothing is in flight" }) { client.snapshot().inFlight == 0L }
                        }
                    }
                }
            }
        }
    })

/** A few of everything that can happen to a server, with time to recover. On a thread that may wait. */
private suspend fun RealRedis.trouble(random: Random) {
    val kinds = listOf("KILL", "THROW OUT", "PAUSE", "STOP").flatMap { kind -> List(4) { kind } }.shuffled(random)
    for (kind in kinds) {
        delay(random.nextLong(20, 80))
        when (kind) {
            "KILL" -> {
                restart()
            }

            "THROW OUT" -> {
                admin("CLIENT KILL TYPE normal SKIPME yes")
            }

            "PAUSE" -> {
                admin("CLIENT PAUSE ${random.nextLong(10, 100)}")
            }

            "STOP" -> {
                signal("STOP")
                // Now and then longer than commands may take.
                delay(random.nextLong(10, 400))
                signal("CONT")
            }
        }
    }
}

/** Coroutines that ask for what only they can get, and give up at random. */
private class Callers(
    private val client: RedisClient,
    private val seed: Long,
) {
    val wrong = CopyOnWriteArrayList<String>()
    val right = AtomicLong()
    val failed = AtomicLong()

    @Volatile
    var mayStop = false

    fun start(scope: CoroutineScope) =
        List(48) { n ->
            scope.launch(if (n % 4 == 0) Dispatchers.Default else scope.coroutineContext) {
                val random = Random(seed + n)
                var round = 0
                while (!mayStop) call("$n:${round++}", random)
            }
        }

    private suspend fun call(
        tag: String,
        random: Random,
    ) {
        try {
            if (random.nextInt(4) == 0) {
                withTimeout(random.nextLong(1, 4)) { ask(tag, random) }
            } else {
                ask(tag, random)
            }
        } catch (_: RedisFailure) {
            failed.incrementAndGet()
            delay(1) // A server that is away refuses quickly.
        } catch (_: TimeoutCancellationException) {
            failed.incrementAndGet()
        }
    }

    private suspend fun ask(
        tag: String,
        random: Random,
    ) = when (random.nextInt(5)) {
        0 -> {
            expect(tag, client.echoed(tag))
        }

        1 -> {
            client.pipeline { List(3) { store("t:$tag", "$tag:$it") to fetch("t:$tag") } }.forEachIndexed {
                i,
                (_, got),
                ->
                expect("$tag:$i", got.value)
            }
        }

        2 -> {
            expect(tag, client.transaction { store("t:$tag", tag).let { fetch("t:$tag") } }.value)
        }

        3 -> {
            expect(
                "$tag|$tag",
                client.execute(
                    client
                        .command(EVAL)
                        .arg(JOIN)
                        .arg(0)
                        .arg(tag),
                    Reply.STRING,
                ),
            )
        }

        else -> {
            expect(null, client.popFirst("none:$tag", 0.001)?.second)
        }
    }

    private fun expect(
        tag: String?,
        got: String?,
    ) {
        if (got == tag) right.incrementAndGet() else wrong += "asked for $tag, got $got"
    }

    private companion object {
        val EVAL: Command = Command.of("EVAL")
        const val JOIN = "return ARGV[1] .. '|' .. ARGV[1]"
    }
}
