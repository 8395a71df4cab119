package dev.uring.redis.server

import com.sun.management.ThreadMXBean
import dev.uring.redis.codec.multibulk
import dev.uring.redis.store.Keyspace
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThan
import java.lang.management.ManagementFactory

/**
 * What the workers' threads allocate for each arrival of a pipeline in steady state: nothing.
 *
 * Counted by the JVM between two moments in which the client has all its replies, in rounds of which the best counts: each
 * foreign call makes the JDK allocate a slice of the errno segment until the optimizer has compiled the worker's loop.
 * What the server itself allocated would be there in every round.
 */
class RespServerAllocationKernelTest :
    FunSpec({
        needsKernel()

        val setsAndGets =
            List(
                8,
            ) { multibulk("SET", "key:$it", "value") + multibulk("GET", "key:$it") }.joinToString("")
        val replies = "+OK\r\n$5\r\nvalue\r\n".length * 8

        test("requests that are answered where they arrive allocate nothing") {
            bytesPerArrival(workersCount = 1, setsAndGets, replies) shouldBeLessThan EXACT_ENOUGH
        }

        test("requests that travel to another worker allocate nothing, on neither side") {
            bytesPerArrival(workersCount = 2, setsAndGets, replies) shouldBeLessThan EXACT_ENOUGH
        }

        test("requests that span workers allocate nothing") {
            val mgets = List(8) { multibulk("MGET", "none:1", "none:2", "none:3", "none:4") }.joinToString("")
            bytesPerArrival(workersCount = 2, mgets, 8 * "*4\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n".length) shouldBeLessThan
                EXACT_ENOUGH
        }

        test("one small object per arrival would be seen") {
            val waste = multibulk("WASTE")
            bytesPerArrival(workersCount = 1, waste, "+OK\r\n".length) shouldBeGreaterThan 15
        }
    })

private const val ARRIVALS_PER_ROUND = 10_000
private const val ROUNDS_MAX = 20
private const val EXACT_ENOUGH = 8L // half of the smallest object

private fun bytesPerArrival(
    workersCount: Int,
    pipeline: String,
    replyBytes: Int,
): Long {
    val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
    val kept = arrayOfNulls<Any>(1)
    val server =
        RunningServer(workersCount, { Keyspace() }, declare = {
            keyspaceCommands(this)
            command(
                "ALLOCATED",
                arity = 1,
                everywhere = Merge.SUM,
            ) { reply.integer(threads.currentThreadAllocatedBytes) }
            command("WASTE", arity = 1) {
                kept[0] = LongArray(1)
                reply.ok()
            }
        })
    return server.use {
        server.connect().use { client ->
            fun allocated() =
                client
                    .ask(multibulk("ALLOCATED"))!!
                    .drop(1)
                    .trim()
                    .toLong()

            val bytes = pipeline.toByteArray()
            var best = Long.MAX_VALUE
            var rounds = 0
            while (best >= EXACT_ENOUGH && rounds++ < ROUNDS_MAX) {
                val before = allocated()
                repeat(ARRIVALS_PER_ROUND) {
                    client.send(bytes)
                    client.read(replyBytes)
                }
                best = minOf(best, (allocated() - before) / ARRIVALS_PER_ROUND)
            }
            best
        }
    }
}
