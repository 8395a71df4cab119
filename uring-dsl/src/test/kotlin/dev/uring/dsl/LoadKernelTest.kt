package dev.uring.dsl

import dev.uring.metrics.WorkerSnapshot
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import java.io.File
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.Executors
import java.util.concurrent.atomic.AtomicInteger
import kotlin.math.exp
import kotlin.math.ln
import kotlin.random.Random
import kotlin.time.Duration.Companion.seconds

class LoadKernelTest :
    FunSpec({
        driverTest("200 connections echo random sizes up to 8 MiB, split at random, byte for byte") {
            val seed = newSeed()
            val failures = ConcurrentLinkedQueue<Throwable>()
            withServer({ conn -> conn.forEachView { conn.write(it) } }) { server ->
                Executors.newVirtualThreadPerTaskExecutor().use { threads ->
                    repeat(CONNECTIONS) { number ->
                        threads.submit {
                            try {
                                server.connect().use { it.echoAtRandom(Random(seed + number)) }
                            } catch (failure: Throwable) {
                                failures += failure
                            }
                        }
                    }
                }
                failures.shouldBeEmpty()
                shouldHoldNothing(server) { snapshots ->
                    snapshots.sumOf { it.connectionsAccepted() } shouldBe
                        CONNECTIONS
                }
            }
        }

        driverTest("10,000 connects and disconnects of every kind leave no descriptor, buffer, timer or coroutine") {
            val seed = newSeed()
            val served = AtomicInteger()
            withServer(
                handler = { conn ->
                    served.incrementAndGet()
                    conn.forEachView(timeout = 30.seconds) { conn.write(it) }
                },
                configure = { lingerTimeout(java.time.Duration.ofMillis(200)) },
            ) { server ->
                churn(server, Random(seed), connects = 200)
                shouldHoldNothing(server) { }
                val descriptors = openDescriptors()
                Executors.newFixedThreadPool(CHURN_THREADS).use { threads ->
                    List(CHURN_THREADS) { number ->
                        threads.submit { churn(server, Random(seed + number), CHURN_CONNECTS / CHURN_THREADS) }
                    }.forEach { it.get() }
                }
                shouldHoldNothing(server) { snapshots ->
                    snapshots.sumOf { it.connectionsAccepted() } shouldBe snapshots.sumOf { it.connectionsClosed() }
                    served.get() shouldBe snapshots.sumOf { it.connectionsAccepted() }
                    openDescriptors() shouldBeLessThanOrEqual descriptors
                }
            }
        }
    })

private const val CONNECTIONS = 200
private const val ECHO_BYTES_MAX = 8 shl 20
private const val CHURN_THREADS = 4
private const val CHURN_CONNECTS = 10_000

/** Writes a random amount in random parts while another thread compares what comes back. */
private fun Peer.echoAtRandom(random: Random) {
    // Uniform in the logarithm: many small ones, a few large ones, half a megabyte on average.
    val count = exp(random.nextDouble() * ln(ECHO_BYTES_MAX.toDouble())).toInt()
    val expected = random.nextBytes(count)
    val writer =
        Thread.startVirtualThread {
            var sent = 0
            while (sent < count) {
                val part = minOf(1 + random.nextInt(1 shl random.nextInt(1, 20)), count - sent)
                send(expected, sent, part)
                sent += part
            }
            finishSending()
        }
    val received = receiveToEnd()
    writer.join()
    check(received.contentEquals(expected)) {
        val at = received.indices.firstOrNull { it >= count || received[it] != expected[it] } ?: received.size
        "echo differs at byte $at: sent=$count, received=${received.size}"
    }
}

private fun churn(
    server: Server,
    random: Random,
    connects: Int,
) = repeat(connects) {
    val peer = server.connect()
    when (random.nextInt(5)) {
        0 -> {
            peer.close()
        }

        1 -> {
            peer.reset()
        }

        2 -> {
            // Gone while its echo is on the way.
            peer.send(ByteArray(random.nextInt(1, 100_000)))
            peer.reset()
        }

        3 -> {
            peer.send("hello")
            check(peer.receiveText(5) == "hello")
            peer.close()
        }

        else -> {
            peer.send("hello")
            peer.finishSending()
            check(peer.receiveTextToEnd() == "hello")
            peer.close()
        }
    }
}

/** Everything that connections take is given back, soon after the last of them has gone. */
private suspend fun UringScope.shouldHoldNothing(
    server: Server,
    andAlso: (List<WorkerSnapshot>) -> Unit,
) = eventually(20.seconds) {
    val snapshots = runtime.snapshots()
    snapshots.sumOf { it.connectionsActive() } shouldBe 0
    snapshots.sumOf { it.blocksHeld() } shouldBe 0
    snapshots.sumOf { it.receiveBuffersHeld() } shouldBe 0
    snapshots.sumOf { it.timersArmed() } shouldBe 0
    snapshots.sumOf { it.failures() } shouldBe 0
    // One accept for each worker.
    snapshots.sumOf { it.operationsUnderWay() } shouldBe runtime.workersCount()
    server.handlersActive shouldBe 0
    andAlso(snapshots)
}

private fun openDescriptors(): Int = File("/proc/self/fd").list()!!.size
