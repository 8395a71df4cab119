package dev.uring.momento

import dev.uring.dsl.uring
import dev.uring.momento.server.momentoServer
import dev.uring.testing.leastAllocatedBytes
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlin.concurrent.thread

/**
 * What a command allocates on its worker in steady state, from the call to the resumed coroutine. The server is in another
 * runtime.
 *
 * Counted by the JVM in rounds of which the best counts: each foreign call makes the JDK allocate a slice of the errno
 * segment until the optimizer has compiled the worker's loop. What the client itself allocated would be there in every
 * round.
 */
class MomentoAllocationKernelTest :
    FunSpec({
        needsKernel()

        test("a set allocates nothing, alone or among many") {
            withServerElsewhere { client ->
                val cache = client.cache("c")
                val value = ByteArray(64)
                bytesPerCommand(coroutines = 1) { cache.set("key", value) } shouldBeLessThan EXACT_ENOUGH
                bytesPerCommand(coroutines = 64) { cache.set("key", value) } shouldBeLessThan EXACT_ENOUGH
            }
        }

        test("a get by view allocates at most 64 bytes") {
            withServerElsewhere { client ->
                val cache = client.cache("c")
                cache.set("key", ByteArray(1000))
                var total = 0L
                bytesPerCommand(
                    coroutines = 16,
                ) { total += cache.getView("key") { it!!.size() } } shouldBeLessThanOrEqual
                    64
            }
        }
    })

private fun withServerElsewhere(block: suspend CoroutineScope.(MomentoClient) -> Unit) {
    val port = CompletableDeferred<Int>()
    val over = CompletableDeferred<Unit>()
    val elsewhere =
        thread {
            runBlocking {
                uring({ workersCount(1).pinWorkers(false) }) {
                    port.complete(momentoServer("127.0.0.1:0").port)
                    over.await()
                    shutdown()
                }
            }
        }
    try {
        runBlocking {
            uring({ workersCount(1).pinWorkers(false) }) {
                momento(plainConfig(port.await())).use { block(it) }
            }
        }
    } finally {
        over.complete(Unit)
        elsewhere.join()
    }
}

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
