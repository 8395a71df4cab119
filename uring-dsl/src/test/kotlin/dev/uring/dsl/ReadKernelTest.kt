package dev.uring.dsl

import dev.uring.base.FrameTooLargeException
import dev.uring.base.FramingException
import dev.uring.base.UnexpectedEndException
import dev.uring.bytes.ByteReader
import dev.uring.codec.Delimiter
import dev.uring.codec.LengthPrefix
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.withTimeoutOrNull
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds

class ReadKernelTest :
    FunSpec({
        driverTest("a header, then a body of the size that it says, however they arrive") {
            val seed = newSeed()
            val config: dev.uring.RuntimeConfig.Builder.() -> Unit = { recvBufferBytes(1 shl 10) }
            withClue("seed=$seed") {
                withServer({ conn ->
                    while (true) {
                        var size = 0
                        if (!conn.readExactly(Int.SIZE_BYTES) { size = it.getInt(0) }) break
                        if (size > 0) conn.readExactly(size) { conn.write(it) } shouldBe true
                    }
                }, config) { server ->
                    val random = Random(seed)
                    server.connect().use { peer ->
                        repeat(200) {
                            val body = random.nextBytes(random.nextInt(0, 5_000))
                            val message =
                                java.nio.ByteBuffer
                                    .allocate(4 + body.size)
                                    .putInt(body.size)
                                    .put(body)
                                    .array()
                            val cut = random.nextInt(message.size + 1)
                            peer.send(message, 0, cut)
                            peer.send(message, cut)
                            peer.receive(body.size).contentEquals(body) shouldBe true
                        }
                    }
                }
            }
        }

        driverTest("a message that arrives byte by byte is measured no more often than it must be") {
            var measured = 0
            withServer({ conn ->
                conn.parse { view ->
                    if (measured++ == 0) conn.write("first;")
                    if (view.size() < 1_000) Connection.needAtLeast(1_000) else view.size()
                }
                conn.write("$measured")
            }) { server ->
                server.connect().use { peer ->
                    peer.send("x")
                    // Looked at alone: a worker that is late would find all thousand at once, and measure once.
                    peer.receiveText(6) shouldBe "first;"
                    repeat(999) { peer.send("x") }
                    peer.receiveTextToEnd() shouldBe "2"
                }
            }
        }

        driverTest("a reader's commit is what parse consumes, and what it misses is what parse waits for") {
            withServer({ conn ->
                val reader = ByteReader()
                do {
                    val hasMessages =
                        conn.parse { view ->
                            reader.over(view)
                            while (reader.has(1) && reader.has(1 + reader.peekUnsignedByte(0))) {
                                conn.write("[${reader.readUtf8(reader.readUnsignedByte())}]")
                                reader.commit()
                            }
                            reader.consumedOrNeeded()
                        }
                } while (hasMessages)
            }) { server ->
                server.connect().use { peer ->
                    peer.send("\u0003abc\u0002de\u0004f")
                    peer.receiveText(9) shouldBe "[abc][de]"
                    peer.send("ghi")
                    peer.finishSending()
                    peer.receiveTextToEnd() shouldBe "[fghi]"
                }
            }
        }

        driverTest("frames, words and lines on one connection, each by its own framing") {
            val prefix = LengthPrefix.varint(100)
            val word = Delimiter.of(", ".toByteArray(), 100)
            withServer({ conn ->
                conn.readFrame(prefix) { conn.write("<${it.toUtf8()}>") } shouldBe true
                conn.readUntil(word) { conn.write("<${it.toUtf8()}>") } shouldBe true
                conn.write("<${conn.readLine()}>")
                conn.write("<${conn.readLine(maxBytes = 5)}>")
                conn.write("<${conn.readLine()}>")
            }) { server ->
                server.connect().use { peer ->
                    peer.send("\u0005frameword, line\r\n")
                    peer.send("\n")
                    peer.finishSending()
                    peer.receiveTextToEnd() shouldBe "<frame><word><line><><null>"
                }
            }
        }

        driverTest("an end between two messages is an end, one inside a message an exception with both sizes") {
            val results = CompletableDeferred<List<Any?>>()
            withServer({ conn ->
                val first = conn.readExactly(3) { }
                val failure = shouldThrow<UnexpectedEndException> { conn.readExactly(5) { } }
                var left = ""
                conn.receive {
                    left = it.toUtf8()
                    it.size()
                }
                val atEnd = listOf(conn.readExactly(5) { }, conn.readLine(), conn.readFrame(LengthPrefix.of(2, 10)) { })
                results.complete(listOf(first, failure.receivedBytes(), failure.expectedBytes(), left) + atEnd)
            }) { server ->
                server.connect().use { peer ->
                    peer.send("abcde")
                    peer.finishSending()
                    results.await() shouldContainExactly listOf(true, 2L, 5L, "de", false, null, false)
                }
            }
        }

        driverTest(
            "the message about an end inside a message says which connection, how much came and how much was due",
        ) {
            val message = CompletableDeferred<String?>()
            withServer({ conn ->
                message.complete(shouldThrow<UnexpectedEndException> { conn.readLine() }.message)
            }) { server ->
                server.connect().use { peer ->
                    peer.send("abc")
                    peer.finishSending()
                    message.await()!! shouldContain
                        "the peer finished in the middle of a message: received=3 bytes, expected at least 4 bytes " +
                        "(connection ${peer.socket.localSocketAddress}, worker "
                }
            }
        }

        driverTest("a message above its limit is refused as soon as it can be seen, above frameBytesMax too") {
            val failures = CompletableDeferred<List<String?>>()
            withServer({ conn ->
                failures.complete(
                    listOf(
                        shouldThrow<FramingException> { conn.readLine(maxBytes = 3) }.message,
                        shouldThrow<FramingException> { conn.readFrame(LengthPrefix.of(1, 3)) { } }.message,
                        shouldThrow<FrameTooLargeException> { conn.readExactly((64 shl 10) + 1) { } }.message,
                    ),
                )
            }, { recvHighWaterBytes(32 shl 10).frameBytesMax(64 shl 10) }) { server ->
                server.connect().use { peer ->
                    peer.send("abcdefg")
                    val (line, frame, read) = failures.await()
                    line!! shouldContain "exceeds payloadBytesMax=3 bytes"
                    frame!! shouldContain "length-prefixed message of 97 bytes exceeds payloadBytesMax=3 bytes"
                    read!! shouldContain "65537 bytes exceeds frameBytesMax=65536 bytes"
                }
            }
        }

        driverTest("a block that throws leaves its message where it is") {
            withServer({ conn ->
                shouldThrow<IllegalStateException> { conn.readExactly(3) { error("no") } }
                conn.readExactly(3) { conn.write(it) }
                conn.readExactly(1) { conn.write(it) }
            }) { server ->
                server.connect().use { peer ->
                    peer.send("abcd")
                    peer.receiveTextToEnd() shouldBe "abcd"
                }
            }
        }

        driverTest("what a read waits for does not bind the next one: after a timeout or a cancellation less will do") {
            withServer({ conn ->
                shouldThrow<ReceiveTimeoutException> { conn.readExactly(100, timeout = 50.milliseconds) { } }
                withTimeoutOrNull(50.milliseconds) { conn.readExactly(100) { } } shouldBe null
                conn.write("ready")
                conn.receive { view ->
                    conn.write(view)
                    view.size()
                }
            }) { server ->
                server.connect().use { peer ->
                    peer.send("abc")
                    peer.receiveText(5) shouldBe "ready"
                    peer.send("d")
                    peer.receiveTextToEnd() shouldContain "abc"
                }
            }
        }

        driverTest("owned bytes are the program's, on the heap or off it, until the end of input") {
            withServer({ conn ->
                val kept = conn.readOwned(3)!!
                val exact = kept.view().toUtf8()
                kept.close()
                val rest = conn.receiveOwned()!!
                conn.write("$exact|")
                // Handed over instead of closed.
                conn.send(rest)
                conn.write("|")
                conn.write(conn.receiveByteArray()!!)
                conn.write(conn.receiveByteString()!!)
                conn.write(
                    "${conn.receiveOwned()}${conn.readOwned(1)}${conn.receiveByteArray()}${conn.receiveByteString()}",
                )
            }) { server ->
                server.connect().use { peer ->
                    peer.send("abcde")
                    peer.receiveText(7) shouldBe "abc|de|"
                    peer.send("array;")
                    peer.receiveText(6) shouldBe "array;"
                    peer.send("string;")
                    peer.finishSending()
                    peer.receiveTextToEnd() shouldBe "string;nullnullnullnull"
                }
            }
        }

        driverTest("what is left behind owned bytes is offered at once") {
            withServer({ conn ->
                val kept = conn.readOwned(2)!!
                conn.receive { view ->
                    conn.write(view)
                    view.size()
                }
                conn.write(kept.view())
                kept.close()
            }) { server ->
                server.connect().use { peer ->
                    peer.send("abcdef")
                    peer.receiveTextToEnd() shouldBe "cdefab"
                }
            }
        }
    })
