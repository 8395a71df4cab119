package dev.uring.net

import com.sun.management.ThreadMXBean
import dev.uring.base.ForwardException
import dev.uring.testing.ConnectedPair
import dev.uring.testing.Recorder
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.receive
import dev.uring.testing.receiveText
import dev.uring.testing.reset
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import dev.uring.testing.withPair
import dev.uring.testing.withServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.lang.management.ManagementFactory
import java.net.Socket
import java.net.SocketException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.TimeUnit
import kotlin.random.Random

private const val KIB = 1 shl 10
private const val MIB = 1 shl 20
private const val ROUNDS_MAX = 10
private const val ROUND_TRIPS = 20_000
private const val ROUND_TRIPS_OF_LARGE = 5_000

// As for an echo: what the virtual machine does by itself stays below, an object for each forwarded buffer does not.
private const val BYTES_PER_ROUND_TRIP_MAX = 0.1

class RelayKernelTest :
    FunSpec({
        driverTest("both directions at once arrive byte-exact, are counted, and both connections close in order") {
            val seed = System.nanoTime()
            withClue("seed=$seed") {
                withPair { pair ->
                    val ended = pair.relay()
                    val random = Random(seed)
                    val rightward = random.nextBytes(6 * MIB)
                    val leftward = random.nextBytes(9 * MIB)
                    val writers =
                        listOf(
                            pair.left.sendInRandomParts(rightward, Random(seed + 1)),
                            pair.right.sendInRandomParts(leftward, Random(seed + 2)),
                        )
                    val atLeft = CompletableFuture.supplyAsync { pair.left.receive(leftward.size) }
                    pair.right.receive(rightward.size).contentEquals(rightward) shouldBe true
                    atLeft.get(20, TimeUnit.SECONDS).contentEquals(leftward) shouldBe true
                    writers.forEach { it.join() }
                    pair.left.shutdownOutput()
                    pair.right.getInputStream().read() shouldBe -1
                    pair.right.shutdownOutput()
                    pair.left.getInputStream().read() shouldBe -1
                    ended.end() shouldBe RelayEnd(rightward.size.toLong(), leftward.size.toLong(), null)
                    pair.leftRecorder.closed().shouldBeNull()
                    pair.rightRecorder.closed().shouldBeNull()
                }
            }
        }

        driverTest("a peer that has finished sending still gets its answer") {
            withPair { pair ->
                val ended = pair.relay()
                pair.left.send("question")
                pair.left.shutdownOutput()
                pair.right.receiveText(8) shouldBe "question"
                pair.right.getInputStream().read() shouldBe -1
                pair.right.send("answer")
                pair.right.close()
                pair.left.receiveText(6) shouldBe "answer"
                pair.left.getInputStream().read() shouldBe -1
                ended.end() shouldBe RelayEnd(8, 6, null)
            }
        }

        driverTest("a reset of one peer is a reset of the other") {
            withPair { pair ->
                val ended = pair.relay()
                pair.left.send("abc")
                pair.right.receiveText(3) shouldBe "abc"
                pair.left.reset()
                shouldThrow<SocketException> { pair.right.getInputStream().read() }
                ended.end().failure!!.message!! shouldContain "ECONNRESET"
                pair.leftRecorder.closed()
                pair.rightRecorder.closed()!!.message!! shouldContain "aborted by this side"
            }
        }

        driverTest("stopped, it leaves two connections that work") {
            withPair { pair ->
                val relay = CompletableFuture<Relay>()
                val ended = pair.relay(relay)
                pair.left.send("abc")
                pair.right.receiveText(3) shouldBe "abc"
                pair.leftConnection.call { relay.get().stop() }
                ended.end() shouldBe RelayEnd(3, 0, null)
                pair.leftConnection.call { writeUtf8("one") }
                pair.rightConnection.call { writeUtf8("two") }
                pair.left.receiveText(3) shouldBe "one"
                pair.right.receiveText(3) shouldBe "two"
            }
        }

        driverTest("a relay whose second direction is refused does not begin the first") {
            withPair { pair ->
                val forwarded = CompletableFuture<Outcome>()
                pair.rightConnection.call { forwardTo(this, into(forwarded)) }
                pair.leftConnection.call {
                    shouldThrow<IllegalStateException> { Relay.start(this, pair.rightConnection) { _, _ -> } }
                    isForwarding shouldBe false
                }
                pair.right.send("abc")
                pair.right.receiveText(3) shouldBe "abc"
            }
        }

        for (bytes in listOf(64, 16 * KIB, 128 * KIB)) {
            driverTest("a relay of messages of $bytes bytes allocates nothing in steady state") {
                withPair { pair ->
                    val ended = pair.relay()
                    val worker = pair.server.worker.call { Thread.currentThread().threadId() }
                    val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
                    val message = Random(1).nextBytes(bytes)
                    val count = if (bytes > 16 * KIB) ROUND_TRIPS_OF_LARGE else ROUND_TRIPS
                    // The best of some rounds: until the optimizer has compiled the loop, each foreign call that captures
                    // errno allocates a slice. An object for each message would be there in every round.
                    val best =
                        generateSequence {
                            val before = threads.getThreadAllocatedBytes(worker)
                            pair.left.roundTrips(count, pair.right, message)
                            (threads.getThreadAllocatedBytes(worker) - before).toDouble() / count
                        }.take(ROUNDS_MAX).firstOrNull { it < BYTES_PER_ROUND_TRIP_MAX }
                    best.shouldNotBeNull()
                    pair.left.shutdownOutput()
                    pair.right.shutdownOutput()
                    ended.end().failure.shouldBeNull()
                }
            }
        }

        driverTest("connections of different workers are refused with what to do instead") {
            val opened = ConcurrentLinkedQueue<Connection>()
            val acceptor = ConnectionAcceptor { Recorder(onOpen = opened::add) }
            withServer(smallConfig().workersCount(2).build(), acceptor) { server ->
                // The kernel chooses the worker of each.
                await {
                    server.connect()
                    opened.distinctBy { it.worker() }.size == 2
                }
                val (one, other) = opened.distinctBy { it.worker() }
                one.call {
                    shouldThrow<IllegalArgumentException> { forwardTo(other) { _, _ -> } }.message!! shouldContain
                        "they live on different workers.\n  Open the one on the worker of the other"
                }
            }
        }
    })

private data class RelayEnd(
    val fromFirst: Long,
    val fromSecond: Long,
    val failure: ForwardException?,
)

private fun ConnectedPair.relay(started: CompletableFuture<Relay> = CompletableFuture()): CompletableFuture<RelayEnd> {
    val ended = CompletableFuture<RelayEnd>()
    leftConnection.call {
        started.complete(
            Relay.start(this, rightConnection) { relay, failure ->
                ended.complete(RelayEnd(relay.bytesFromFirst(), relay.bytesFromSecond(), failure))
            },
        )
    }
    return ended
}

private fun CompletableFuture<RelayEnd>.end(): RelayEnd = get(20, TimeUnit.SECONDS)

/** From here through the relay to [other] and back. */
private fun Socket.roundTrips(
    count: Int,
    other: Socket,
    message: ByteArray,
) {
    val received = ByteArray(message.size)
    repeat(count) {
        write(message)
        check(other.getInputStream().readNBytes(received, 0, received.size) == received.size) { "connection ended" }
        other.write(received)
        check(getInputStream().readNBytes(received, 0, received.size) == received.size) { "connection ended" }
    }
    check(received.contentEquals(message)) { "wrong bytes came back" }
}
