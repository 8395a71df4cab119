package dev.uring.redis

import dev.uring.redis.cache.cached
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.Reply
import dev.uring.testing.leastAllocatedBytes
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import jdk.jfr.Recording
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch

/**
 * What a command allocates on its worker in steady state, from the call to the resumed coroutine.
 *
 * Counted by the JVM in rounds of which the best counts: each foreign call makes the JDK allocate a slice of the errno
 * segment until the optimizer has compiled the worker's loop. What the client itself allocated would be there in every
 * round.
 */
class RedisAllocationKernelTest :
    FunSpec({
        needsRedis()

        val server = lazy { RealRedis() }
        val redis by server
        afterSpec { if (server.isInitialized()) redis.close() }

        test("a command whose reply has no value allocates nothing") {
            withClient(redis) { client ->
                bytesPerCommand(coroutines = 1) { client.store("alloc", "value") } shouldBeLessThan EXACT_ENOUGH
            }
        }

        test("nor do commands of many coroutines at once") {
            withClient(redis) { client ->
                bytesPerCommand(coroutines = 64) { client.store("alloc", "value") } shouldBeLessThan EXACT_ENOUGH
            }
        }

        test("nor does a command while the flight recorder runs that was not asked for commands") {
            Recording().use { recording ->
                recording.start()
                withClient(redis) { client ->
                    bytesPerCommand(coroutines = 1) { client.store("alloc", "value") } shouldBeLessThan EXACT_ENOUGH
                }
            }
        }

        test("nor does a SET of 64 KiB, and a GET of it by view allocates at most 64 bytes") {
            withClient(redis) { client ->
                val value = "v".repeat(64 shl 10)
                bytesPerCommand(
                    coroutines = 1,
                    LARGE_COMMANDS,
                ) { client.store("alloc:large", value) } shouldBeLessThanOrEqual
                    64
                var total = 0L
                val read =
                    bytesPerCommand(coroutines = 1, LARGE_COMMANDS) {
                        total +=
                            client.getView("alloc:large") { it!!.size() }
                    }
                read shouldBeLessThanOrEqual 64
            }
        }

        test("GET by view allocates at most 64 bytes") {
            withClient(redis) { client ->
                client.store("alloc:view", "v".repeat(1000))
                var total = 0L
                val bytes = bytesPerCommand(coroutines = 16) { total += client.getView("alloc:view") { it!!.size() } }
                bytes shouldBeLessThanOrEqual 64
            }
        }

        test("so does a GET that the cache answers, and it asks nobody") {
            withClient(redis) { client ->
                client.cached().use { cached ->
                    client.store("alloc:cached", "v".repeat(1000))
                    cached.cmd("PING")
                    var total = 0L
                    val bytes =
                        bytesPerCommand(coroutines = 1) {
                            total +=
                                cached.getView("alloc:cached") { it!!.size() }
                        }
                    bytes shouldBeLessThanOrEqual 64
                    cached.snapshot().misses shouldBe 1
                }
            }
        }

        test("a pipeline allocates its results and little else") {
            withClient(redis) { client ->
                client.store("alloc", "v")
                val perPipeline =
                    bytesPerCommand(
                        coroutines = 4,
                        PIPELINES,
                    ) { client.pipeline { repeat(100) { execute(command(PING), SKIPPED) } } }
                // A result is 24 bytes.
                perPipeline / 100 shouldBeLessThanOrEqual 32
            }
        }

        test("an object for each command would be seen") {
            withClient(redis) { client ->
                val kept = arrayOfNulls<Any>(1)
                val waste = Reply { reader -> reader.skip().also { kept[0] = LongArray(1) } }
                bytesPerCommand(coroutines = 16) { client.execute(client.command(PING), waste) } shouldBeGreaterThan 15
            }
        }
    })

private val SKIPPED = Reply { it.skip() }
private val PING = Command.of("PING")
private const val COMMANDS_PER_ROUND = 20_000
private const val LARGE_COMMANDS = 2_000
private const val PIPELINES = 5_000 // of 100 commands each; all rounds are run, for results are never nothing
private const val EXACT_ENOUGH = 8L // half of the smallest object

// Called on a worker, which runs all of the coroutines.
private suspend inline fun CoroutineScope.bytesPerCommand(
    coroutines: Int,
    commands: Int = COMMANDS_PER_ROUND,
    crossinline command: suspend () -> Unit,
): Long =
    leastAllocatedBytes(commands, EXACT_ENOUGH) {
        List(coroutines) { launch { repeat(commands / coroutines) { command() } } }.joinAll()
    }
