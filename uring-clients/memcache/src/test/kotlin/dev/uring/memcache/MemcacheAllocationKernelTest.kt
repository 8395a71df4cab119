package dev.uring.memcache

import dev.uring.testing.leastAllocatedBytes
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlin.time.Duration.Companion.seconds

/**
 * What a command allocates on its worker in steady state, from the call to the resumed coroutine.
 *
 * Counted by the JVM in rounds of which the best counts: each foreign call makes the JDK allocate a slice of the errno
 * segment until the optimizer has compiled the worker's loop. What the client itself allocated would be there in every
 * round.
 */
class MemcacheAllocationKernelTest :
    FunSpec({
        needsMemcached()

        val server = lazy { RealMemcached() }
        val real by server
        afterSpec { if (server.isInitialized()) real.close() }

        test("a command whose reply has no value allocates nothing, also with many coroutines at once") {
            withClient(real) { client ->
                bytesPerCommand(coroutines = 1) { client.set("alloc", "value") } shouldBeLessThan EXACT_ENOUGH
                bytesPerCommand(coroutines = 64) { client.set("alloc", "value") } shouldBeLessThan EXACT_ENOUGH
            }
        }

        test("a command that nobody hears the answer of allocates nothing") {
            withClient(real) { client ->
                val quiet = client.noReply
                bytesPerCommand(coroutines = 1) {
                    quiet.set("alloc", "value")
                    // Else they would only wait for each other.
                    client.touch("alloc", 100.seconds)
                } shouldBeLessThan EXACT_ENOUGH
            }
        }

        test("reading by view allocates at most 64 bytes") {
            withClient(real) { client ->
                client.set("alloc:view", "v".repeat(1000))
                var total = 0L
                val bytes = bytesPerCommand(coroutines = 16) { total += client.getView("alloc:view") { it!!.size() } }
                bytes shouldBeLessThanOrEqual 64
            }
        }

        test("an object for each command would be seen") {
            withClient(real) { client ->
                val kept = arrayOfNulls<Any>(1)
                bytesPerCommand(coroutines = 16) {
                    client.set("alloc", "value")
                    kept[0] = LongArray(1)
                } shouldBeGreaterThan 15
            }
        }
    })

private const val COMMANDS_PER_ROUND = 20_000
private const val EXACT_ENOUGH = 8L // half of the smallest object

// Called on a worker, which runs all of the coroutines.
private suspend inline fun CoroutineScope.bytesPerCommand(
    coroutines: Int,
    crossinline command: suspend () -> Unit,
): Long =
    leastAllocatedBytes(COMMANDS_PER_ROUND, EXACT_ENOUGH) {
        List(coroutines) { launch { repeat(COMMANDS_PER_ROUND / coroutines) { command() } } }.joinAll()
    }
