package dev.uring.dsl

import dev.uring.RuntimeConfig
import dev.uring.base.ForwardException
import dev.uring.base.ForwardException.Side
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield
import kotlin.concurrent.thread

class ForwardKernelTest :
    FunSpec({
        driverTest("forwardTo carries every byte and the end of input, and returns how many") {
            val seed = newSeed()
            val bytes = CompletableDeferred<Long>()
            withClue("seed=$seed") {
                withPair({ left, right -> bytes.complete(left.forwardTo(right)) }) { left, right ->
                    val stream = bytesOf(seed, count = 4 shl 20)
                    val writer =
                        thread {
                            left.send(stream)
                            left.finishSending()
                        }
                    right.receiveToEnd().contentEquals(stream) shouldBe true
                    writer.join()
                    bytes.await() shouldBe stream.size
                }
            }
        }

        driverTest("after forwardTo its target may receive but not send") {
            val outcome = CompletableDeferred<String>()
            withPair({ left, right ->
                left.forwardTo(right)
                val failure = shouldThrow<dev.uring.base.ConnectionClosedException> { right.send("late") }
                right.receive { view ->
                    outcome.complete("${view.toUtf8()}: ${failure.message}")
                    view.size()
                }
            }) { left, right ->
                left.finishSending()
                right.receiveTextToEnd() shouldBe ""
                right.send("answer")
                outcome.await() shouldContain "answer: send after this side's forwardTo()"
            }
        }

        driverTest("forwardExactly leaves what follows to the next reader, also what a block has seen already") {
            withPair({ left, right ->
                left.receive { 0 }
                left.forwardExactly(right, bytes = 4)
                left.receive { view ->
                    right.write("[${view.toUtf8()}]")
                    view.size()
                }
            }) { left, right ->
                left.send("abcdefg")
                right.receiveTextToEnd() shouldBe "abcd[efg]"
            }
        }

        driverTest("an end of input before the last byte is an exception with both numbers") {
            val failure = CompletableDeferred<ForwardException>()
            withPair({ left, right ->
                failure.complete(shouldThrow<ForwardException> { left.forwardExactly(right, bytes = 10) })
            }) { left, _ ->
                left.send("abc")
                left.finishSending()
                failure.await().forwardedBytes() shouldBe 3
                failure.await().message!! shouldContain "finished before the limit of 10 bytes"
            }
        }

        driverTest("cancelled, it leaves the rest to the next reader") {
            withPair({ left, right ->
                coroutineScope {
                    val forwarding = launch(start = CoroutineStart.UNDISPATCHED) { left.forwardTo(right) }
                    right.receive { it.size() }
                    forwarding.cancelAndJoin()
                    right.write(";")
                    left.receive { view ->
                        right.write(view)
                        view.size()
                    }
                }
            }) { left, right ->
                left.send("abc")
                right.receiveText(3) shouldBe "abc"
                right.send("stop")
                right.receiveText(1) shouldBe ";"
                left.send("def")
                right.receiveTextToEnd() shouldBe "def"
            }
        }

        driverTest("a connection that is being forwarded has no other reader, nor one that has a reader a forwarding") {
            val failures = CompletableDeferred<List<String?>>()
            withPair({ left, right ->
                coroutineScope {
                    val forwarding = async(start = CoroutineStart.UNDISPATCHED) { left.forwardTo(right) }
                    val reading = async(start = CoroutineStart.UNDISPATCHED) { right.receive { it.size() } }
                    failures.complete(
                        listOf(
                            shouldThrow<IllegalStateException> { left.receive { it.size() } }.message,
                            shouldThrow<IllegalStateException> { right.forwardTo(left) }.message,
                            shouldThrow<IllegalStateException> { relay(left, right) }.message,
                        ),
                    )
                    forwarding.await()
                    reading.await()
                }
            }) { left, right ->
                failures.await().forEach { it!! shouldContain "has a reader already" }
                left.send("still served")
                left.finishSending()
                right.receiveTextToEnd() shouldBe "still served"
                right.finishSending()
            }
        }

        driverTest("relay joins two connections until both peers have finished, and closes both") {
            val relayed = CompletableDeferred<String>()
            withPair({ left, right ->
                relayed.complete(relay(left, right).toString())
                left.isOpen shouldBe false
                right.isOpen shouldBe false
            }) { left, right ->
                left.send("question")
                left.finishSending()
                right.receiveTextToEnd() shouldBe "question"
                right.send("the answer")
                right.finishSending()
                left.receiveTextToEnd() shouldBe "the answer"
                relayed.await() shouldBe "RelayedBytes(fromFirst=8, fromSecond=10)"
            }
        }

        driverTest("a peer that resets ends a relay with which side it was, and the other peer is reset too") {
            val failure = CompletableDeferred<ForwardException>()
            withPair({ left, right ->
                failure.complete(shouldThrow<ForwardException> { relay(left, right) })
            }) { left, right ->
                left.send("abc")
                right.receiveText(3) shouldBe "abc"
                left.reset()
                shouldThrow<java.net.SocketException> { right.receiveToEnd() }
                failure.await().side() shouldBe Side.SOURCE
            }
        }

        driverTest("a cancelled relay leaves both connections as they stand") {
            withPair({ left, right ->
                coroutineScope {
                    val relaying = launch(start = CoroutineStart.UNDISPATCHED) { relay(left, right) }
                    yield()
                    relaying.cancelAndJoin()
                    left.send("1")
                    right.send("2")
                }
            }) { left, right ->
                left.receiveTextToEnd() shouldBe "1"
                right.receiveTextToEnd() shouldBe "2"
            }
        }
    })

/** Two peers; [handler] gets the server's sides of both in the order in which they were connected. */
internal suspend fun withPair(
    handler: suspend (left: Connection, right: Connection) -> Unit,
    configure: RuntimeConfig.Builder.() -> Unit = {},
    client: suspend (left: Peer, right: Peer) -> Unit,
) {
    var first: Connection? = null
    val accepted = CompletableDeferred<Unit>()
    val handled = CompletableDeferred<Unit>()
    withServer(
        handler = { conn ->
            val left = first
            if (left == null) {
                first = conn
                accepted.complete(Unit)
                handled.await()
            } else {
                try {
                    handler(left, conn)
                } finally {
                    handled.complete(Unit)
                }
            }
        },
        configure = {
            workersCount(1)
            configure()
        },
    ) { server ->
        server.connect().use { left ->
            accepted.await()
            server.connect().use { right -> client(left, right) }
        }
    }
}
