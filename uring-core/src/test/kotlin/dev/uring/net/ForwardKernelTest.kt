package dev.uring.net

import dev.uring.base.ForwardException
import dev.uring.base.ForwardException.Side
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
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeLessThanOrEqualTo
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.Socket
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicReference
import kotlin.random.Random

private const val KIB = 1 shl 10
private const val MIB = 1 shl 20

class ForwardKernelTest :
    FunSpec({
        driverTest("what one connection receives the other sends, byte-exact, and the end of input too") {
            val seed = System.nanoTime()
            withClue("seed=$seed") {
                withPair { pair ->
                    val forwarded = pair.forward()
                    val stream = Random(seed).nextBytes(8 * MIB)
                    val writer = pair.left.sendInRandomParts(stream, Random(seed))
                    pair.right.receive(stream.size).contentEquals(stream) shouldBe true
                    writer.join()
                    pair.left.shutdownOutput()
                    pair.right.getInputStream().read() shouldBe -1
                    forwarded.outcome() shouldBe Outcome(stream.size.toLong(), null)
                    // The half that nobody ended works on, and no handler heard of the bytes or of their end.
                    pair.right.send("answer")
                    await { pair.rightRecorder.events.contains("receive") }
                    pair.leftRecorder.events shouldContainExactly listOf("open")
                }
            }
        }

        driverTest("what was unconsumed before goes first, also when the handler begins the forwarding") {
            val target = CompletableFuture<Connection>()
            val forwarded = CompletableFuture<Outcome>()
            val recorder = {
                Recorder(onReceive = { connection, bytes ->
                    if (bytes.size() < 7) {
                        0
                    } else {
                        connection.forwardTo(target.get(), into(forwarded))
                        2
                    }
                })
            }
            withPair(newRecorder = recorder) { pair ->
                target.complete(pair.rightConnection)
                pair.left.send("12345")
                await { pair.leftConnection.call { readableBytes() } == 5 }
                pair.left.send("67890")
                pair.right.receiveText(8) shouldBe "34567890"
                pair.left.shutdownOutput()
                forwarded.outcome() shouldBe Outcome(8, null)
            }
        }

        driverTest("bytes above the limit stay with the source, and so does its end") {
            val seen = StringBuffer()
            val recorder = { Recorder(onReceive = { _, bytes -> bytes.size().also { seen.append(bytes.toUtf8()) } }) }
            withPair(newRecorder = recorder) { pair ->
                val forwarded = pair.forward(limit = 6)
                pair.left.send("abcdefghi")
                pair.right.receiveText(6) shouldBe "abcdef"
                forwarded.outcome() shouldBe Outcome(6, null)
                await { seen.toString() == "ghi" }
                pair.left.send("jkl")
                pair.left.shutdownOutput()
                pair.leftRecorder.closed().shouldBeNull()
                seen.toString() shouldBe "ghijkl"
                pair.leftRecorder.events shouldContainExactly listOf("open", "receive", "end", "closed")
                pair.rightConnection.call { isOpen } shouldBe true
            }
        }

        driverTest("a message whose head the handler reads and whose body it forwards leaves the next message to it") {
            val seen = StringBuffer()
            val target = AtomicReference<Connection>()
            val recorder = {
                Recorder(onReceive = { c, bytes ->
                    if (bytes.get(0) == '3'.code.toByte()) {
                        c.forwardExactly(target.get(), 3) { _, _ -> }
                        1
                    } else {
                        bytes.size().also { seen.append(bytes.toUtf8()) }
                    }
                })
            }
            withPair(newRecorder = recorder) { pair ->
                target.set(pair.rightConnection)
                // All in one arrival: the handler has seen every byte before the forwarding begins.
                pair.left.send("3abcnext")
                pair.right.receiveText(3) shouldBe "abc"
                await { seen.toString() == "next" }
            }
        }

        driverTest("one that begins after the end of input carries what is left, and the end") {
            val recorder = { Recorder(onReceive = { _, _ -> 0 }, onEnd = {}) }
            withPair(newRecorder = recorder) { pair ->
                pair.left.send("rest")
                pair.left.shutdownOutput()
                await { pair.leftRecorder.events.contains("end") }
                val forwarded = pair.forward()
                pair.right.receiveText(4) shouldBe "rest"
                pair.right.getInputStream().read() shouldBe -1
                forwarded.outcome() shouldBe Outcome(4, null)
            }
        }

        driverTest("what a handler asked of its input before does not hold up or end a forwarding") {
            withPair { pair ->
                val forwarded = CompletableFuture<Outcome>()
                pair.leftConnection.call {
                    needAtLeast(1_000)
                    expectWithin(Duration.ofMillis(20))
                    // In the same task: before another one the time may have passed already.
                    forwardTo(pair.rightConnection, into(forwarded))
                }
                val passed = CompletableFuture<Unit>()
                pair.leftConnection.call {
                    val later =
                        object : dev.uring.worker.Timer() {
                            override fun fire() {
                                passed.complete(Unit)
                            }
                        }
                    worker().arm(later, Duration.ofMillis(50).toNanos())
                }
                passed.get(20, TimeUnit.SECONDS)
                pair.left.send("few")
                pair.right.receiveText(3) shouldBe "few"
                pair.left.shutdownOutput()
                forwarded.outcome() shouldBe Outcome(3, null)
            }
        }

        driverTest("a forwarding of no bytes ends at once") {
            withPair { pair -> pair.forward(limit = 0).outcome() shouldBe Outcome(0, null) }
        }

        driverTest("an end of input before the limit names the source and both numbers") {
            withPair { pair ->
                val forwarded = pair.forward(limit = 10)
                val name = pair.leftConnection.call { describe() }
                pair.left.send("abc")
                pair.right.receiveText(3) shouldBe "abc"
                pair.left.shutdownOutput()
                val failure = forwarded.outcome().failure!!
                failure.side() shouldBe Side.SOURCE
                failure.forwardedBytes() shouldBe 3
                failure.message shouldBe
                    "forwarding ended after 3 bytes: the source ($name) finished before the limit of 10 bytes."
                // Its end is its handler's now.
                pair.leftRecorder.closed().shouldBeNull()
            }
        }

        driverTest("a target that does not read holds back its source, within the water marks, and nobody else") {
            val config = smallConfig().recvBuffersCount(256).sendHighWaterBytes(256L * KIB).build()
            withPair(config, clientReceiveBufferBytes = 8 * KIB) { pair ->
                val forwarded = pair.forward()
                val stream = Random(1).nextBytes(24 * MIB)
                val writer = Thread.startVirtualThread { pair.left.write(stream) }
                pair.leftConnection.awaitHeld()
                // What was under way when the hold began has come too: a matter of the kernel's, not of the stream's size.
                pair.rightConnection.call { unsentBytes() } shouldBeGreaterThan 256L * KIB - 1
                pair.rightConnection.call { unsentBytes() } shouldBeLessThanOrEqualTo 4L * MIB
                // They lie in receive buffers, not in copies.
                pair.server.worker
                    .snapshot()
                    .receiveBuffersHeld() shouldBeGreaterThan 7
                pair.server.connect().use { bystander ->
                    bystander.send("hello")
                    bystander.shutdownOutput()
                    bystander.getInputStream().read() shouldBe -1
                }
                pair.right.receive(stream.size).contentEquals(stream) shouldBe true
                writer.join()
                pair.left.shutdownOutput()
                forwarded.outcome() shouldBe Outcome(stream.size.toLong(), null)
            }
        }

        driverTest("a queue bound no larger than the high-water mark is kept, and no byte is lost for it") {
            val config =
                smallConfig()
                    .sendHighWaterBytes(64L * KIB)
                    .sendLowWaterBytes(0)
                    .sendQueueBytesMax(64L * KIB)
                    .build()
            withPair(config, clientReceiveBufferBytes = 8 * KIB) { pair ->
                val forwarded = pair.forward()
                val stream = Random(2).nextBytes(16 * MIB)
                val writer =
                    Thread.startVirtualThread {
                        pair.left.write(stream)
                        pair.left.shutdownOutput()
                    }
                pair.leftConnection.awaitHeld()
                pair.rightConnection.call { unsentBytes() } shouldBeLessThanOrEqualTo 64L * KIB
                pair.right
                    .getInputStream()
                    .readAllBytes()
                    .contentEquals(stream) shouldBe true
                writer.join()
                forwarded.outcome() shouldBe Outcome(stream.size.toLong(), null)
            }
        }

        driverTest("stuck targets together hold half of the receive buffers, and the other half circulates") {
            val config = smallConfig().recvBuffersCount(16).sendHighWaterBytes(1L * MIB).build()
            withPair(config, clientReceiveBufferBytes = 8 * KIB) { pair ->
                val there = pair.forward()
                val back = pair.rightConnection.forwardTo(pair.leftConnection)
                val stream = Random(3).nextBytes(16 * MIB)
                val writers =
                    listOf(pair.left, pair.right).map { Thread.startVirtualThread { it.write(stream) } }
                pair.leftConnection.awaitHeld()
                pair.rightConnection.awaitHeld()
                pair.server.worker
                    .snapshot()
                    .receiveBuffersHeld() shouldBeLessThanOrEqualTo 8
                pair.server.connect().use { bystander ->
                    bystander.send("hello")
                    bystander.shutdownOutput()
                    bystander.getInputStream().read() shouldBe -1
                }
                val readers =
                    listOf(pair.left, pair.right).map { client ->
                        CompletableFuture.supplyAsync { client.receive(stream.size).contentEquals(stream) }
                    }
                readers.forEach { it.get(20, TimeUnit.SECONDS) shouldBe true }
                writers.forEach { it.join() }
                pair.left.shutdownOutput()
                pair.right.shutdownOutput()
                there.outcome() shouldBe Outcome(stream.size.toLong(), null)
                back.outcome() shouldBe Outcome(stream.size.toLong(), null)
            }
        }

        driverTest("a target that is reset ends it with its reason, and the source goes on") {
            val seen = StringBuffer()
            val recorder = { Recorder(onReceive = { _, bytes -> bytes.size().also { seen.append(bytes.toUtf8()) } }) }
            withPair(newRecorder = recorder) { pair ->
                val forwarded = pair.forward()
                pair.left.send("abc")
                pair.right.receiveText(3) shouldBe "abc"
                pair.right.reset()
                val failure = forwarded.outcome().failure!!
                failure.side() shouldBe Side.TARGET
                failure.forwardedBytes() shouldBe 3
                failure.message!! shouldContain "forwarding ended after 3 bytes: the target (connection 127.0.0.1:"
                failure.message!! shouldContain "was lost.\n  Cause: connection lost: ECONNRESET"
                pair.left.send("def")
                await { seen.toString() == "def" }
            }
        }

        driverTest("a source that is reset ends it with its reason, and the target keeps what it was given") {
            withPair { pair ->
                val forwarded = pair.forward()
                pair.left.send("abc")
                pair.right.receiveText(3) shouldBe "abc"
                pair.left.reset()
                val failure = forwarded.outcome().failure!!
                failure.side() shouldBe Side.SOURCE
                failure.cause?.message!! shouldContain "ECONNRESET"
                pair.rightConnection.call { writeUtf8("goodbye").also { close() } }
                pair.right.receiveText(7) shouldBe "goodbye"
            }
        }

        driverTest("closing either side ends it, and says by what") {
            val ends =
                listOf<Pair<String, ConnectedPair.() -> Unit>>(
                    "the source" to { leftConnection.call { close() } },
                    "the target" to { rightConnection.call { close() } },
                    "the target" to { rightConnection.call { shutdownOutput() } },
                    "the source" to { leftConnection.call { abort() } },
                    "the target" to { rightConnection.call { abort() } },
                )
            for ((side, end) in ends) {
                withPair { pair ->
                    val forwarded = pair.forward()
                    pair.left.send("abc")
                    pair.right.receiveText(3) shouldBe "abc"
                    pair.end()
                    forwarded.outcome().failure!!.message!! shouldContain "after 3 bytes: $side"
                    pair.leftConnection.call { isForwarding } shouldBe false
                }
            }
        }

        driverTest("one that cannot begin says so to the listener, as a result") {
            withPair { pair ->
                pair.rightConnection.call { shutdownOutput() }
                pair
                    .forward()
                    .outcome()
                    .failure!!
                    .message!! shouldContain "was not open for writing any more"
                pair.leftConnection.call { abort() }
                pair
                    .forward()
                    .outcome()
                    .failure!!
                    .message!! shouldContain "was not open any more"
            }
        }

        driverTest("stopped, it sends what it took and leaves the rest to the handler") {
            val seen = StringBuffer()
            val recorder = { Recorder(onReceive = { _, bytes -> bytes.size().also { seen.append(bytes.toUtf8()) } }) }
            withPair(newRecorder = recorder) { pair ->
                val forward = CompletableFuture<Forward>()
                val forwarded = CompletableFuture<Outcome>()
                pair.leftConnection.call { forward.complete(forwardTo(pair.rightConnection, into(forwarded))) }
                pair.left.send("abc")
                pair.right.receiveText(3) shouldBe "abc"
                pair.leftConnection.call {
                    forward.get().stop()
                    isForwarding shouldBe false
                    forward.get().stop()
                }
                forwarded.outcome() shouldBe Outcome(3, null)
                pair.left.send("def")
                await { seen.toString() == "def" }
            }
        }

        driverTest("a connection forwarded to itself is an echo") {
            withPair { pair ->
                val forwarded = CompletableFuture<Outcome>()
                pair.leftConnection.call { forwardTo(this, into(forwarded)) }
                val stream = Random(4).nextBytes(1 * MIB)
                val writer =
                    Thread.startVirtualThread {
                        pair.left.write(stream)
                        pair.left.shutdownOutput()
                    }
                pair.left
                    .getInputStream()
                    .readAllBytes()
                    .contentEquals(stream) shouldBe true
                writer.join()
                forwarded.outcome() shouldBe Outcome(stream.size.toLong(), null)
            }
        }

        driverTest("a second forwarding from or into a connection is refused, and the first goes on") {
            withPair { pair ->
                val forwarded = pair.forward()
                pair.leftConnection.call {
                    shouldThrow<IllegalStateException> {
                        forwardTo(
                            this,
                            into(CompletableFuture()),
                        )
                    }.message!! shouldContain
                        "the source takes part in another one"
                    shouldThrow<IllegalStateException> {
                        pair.rightConnection.forwardTo(pair.rightConnection, into(CompletableFuture()))
                    }.message!! shouldContain "the target takes part in another one"
                }
                pair.left.send("abc")
                pair.right.receiveText(3) shouldBe "abc"
                pair.left.shutdownOutput()
                forwarded.outcome() shouldBe Outcome(3, null)
            }
        }

        driverTest("a listener may begin the next forwarding, and no byte is in between") {
            val parts = 200
            val ended = CompletableFuture<Int>()
            withPair { pair ->
                pair.leftConnection.call { forwardParts(pair.rightConnection, 1, parts, ended) }
                val stream = Random(5).nextBytes((1..parts).sum())
                pair.left.write(stream)
                pair.right.receive(stream.size).contentEquals(stream) shouldBe true
                ended.get(20, TimeUnit.SECONDS) shouldBe parts
            }
        }

        driverTest("a listener that throws resets the source") {
            withPair { pair ->
                pair.leftConnection.call {
                    forwardExactly(
                        pair.rightConnection,
                        1,
                    ) { _, _ -> error("listener failed") }
                }
                pair.left.send("a")
                pair.leftRecorder
                    .closed()
                    .shouldBeInstanceOf<IllegalStateException>()
                    .message shouldBe
                    "listener failed"
            }
        }

        driverTest("a shutdown that resets what still forwards tells the listener") {
            val recorder = { Recorder(onDrain = {}) }
            withPair(smallConfig().drainTimeout(Duration.ZERO).build(), newRecorder = recorder) { pair ->
                val forwarded = pair.forward()
                pair.server.runtime.shutdown()
                forwarded.outcome().failure!!.message!! shouldContain "was lost"
            }
        }
    })

internal data class Outcome(
    val bytes: Long,
    val failure: ForwardException?,
)

internal fun into(future: CompletableFuture<Outcome>) =
    ForwardListener { forward, failure -> future.complete(Outcome(forward.bytes(), failure)) }

internal fun CompletableFuture<Outcome>.outcome(): Outcome = get(20, TimeUnit.SECONDS)

private fun ConnectedPair.forward(limit: Long = Forward.UNLIMITED) = leftConnection.forwardTo(rightConnection, limit)

private fun Connection.forwardTo(
    target: Connection,
    limit: Long = Forward.UNLIMITED,
): CompletableFuture<Outcome> {
    val outcome = CompletableFuture<Outcome>()
    call {
        if (limit == Forward.UNLIMITED) {
            forwardTo(target, into(outcome))
        } else {
            forwardExactly(target, limit, into(outcome))
        }
    }
    return outcome
}

/** Forwards 1, 2, 3, … bytes, up to [last] of them, each from the listener of the one before. */
private fun Connection.forwardParts(
    target: Connection,
    bytes: Int,
    last: Int,
    ended: CompletableFuture<Int>,
) {
    forwardExactly(target, bytes.toLong()) { _, failure ->
        when {
            failure != null -> ended.completeExceptionally(failure)
            bytes == last -> ended.complete(bytes)
            else -> forwardParts(target, bytes + 1, last, ended)
        }
    }
}

internal fun Socket.write(bytes: ByteArray) = getOutputStream().write(bytes)

internal fun Socket.sendInRandomParts(
    stream: ByteArray,
    random: Random,
): Thread =
    Thread.startVirtualThread {
        var at = 0
        while (at < stream.size) {
            val part = minOf(random.nextInt(1, 100_000), stream.size - at)
            getOutputStream().write(stream, at, part)
            at += part
        }
    }

/** The kernel has stopped delivering what arrives here. */
private fun Connection.awaitHeld() = await({ "still receives" }) { call { !isReceiving() } }
