package dev.uring.dsl

import dev.uring.base.UnexpectedEndException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CompletableDeferred
import kotlinx.io.Buffer
import kotlinx.io.buffered
import kotlinx.io.bytestring.decodeToString
import kotlinx.io.readByteArray
import kotlinx.io.readLine
import kotlinx.io.readString
import kotlinx.io.writeString
import kotlin.concurrent.thread

class KotlinxIoKernelTest :
    FunSpec({
        driverTest("a stream goes through a Buffer byte-exact, larger than a message may be") {
            val seed = newSeed()
            val stream = bytesOf(seed, count = 3_000_000)
            withServer({ conn ->
                val buffer = Buffer()
                conn.readExactly(stream.size.toLong(), buffer) shouldBe true
                conn.send(buffer)
                buffer.size shouldBe 0
                conn.receive(buffer) shouldBe Connection.END_OF_INPUT
            }, { recvHighWaterBytes(16 shl 10).frameBytesMax(64 shl 10) }) { server ->
                server.connect().use { peer ->
                    val writer =
                        thread {
                            peer.send(stream)
                            peer.finishSending()
                        }
                    peer.receiveToEnd().contentEquals(stream) shouldBe true
                    writer.join()
                }
            }
        }

        driverTest("readExactly takes no more than it should, also of what a block has seen already") {
            withServer({ conn ->
                conn.receive { 0 }
                val buffer = Buffer()
                conn.readExactly(3, buffer) shouldBe true
                conn.write("${buffer.readString()};")
                conn.receive(buffer)
                conn.write(buffer)
            }) { server ->
                server.connect().use {
                    it.send("abcdef")
                    it.receiveTextToEnd() shouldBe "abc;def"
                }
            }
        }

        driverTest(
            "readExactly tells an end before the first byte from one after some, and leaves those in the buffer",
        ) {
            val results = CompletableDeferred<List<Any>>()
            withServer({ conn ->
                val buffer = Buffer()
                val failure = shouldThrow<UnexpectedEndException> { conn.readExactly(10, buffer) }
                val atEnd = conn.readExactly(10, buffer)
                results.complete(listOf(failure.receivedBytes(), failure.expectedBytes(), buffer.readString(), atEnd))
            }) { server ->
                server.connect().use {
                    it.send("abc")
                    it.finishSending()
                    results.await() shouldContainExactly listOf(3L, 10L, "abc", false)
                }
            }
        }

        driverTest("a view is a source for parsers, and an output a sink for encoders, of kotlinx-io") {
            withServer({ conn ->
                conn.receive { view ->
                    val lines = view.asSource().buffered()
                    val sink = conn.output.asSink().buffered()
                    while (true) sink.writeString("<${lines.readLine() ?: break}>")
                    sink.flush()
                    view.size()
                }
                conn.write(";")
            }) { server ->
                server.connect().use {
                    it.send("one\ntwo\nthree")
                    it.receiveTextToEnd() shouldBe "<one><two><three>;"
                }
            }
        }

        driverTest("a source of any size is sent whole, and a part of a view is kept as a ByteString") {
            val seed = newSeed()
            val stream = bytesOf(seed, count = 1_000_000)
            withServer({ conn ->
                var name = ""
                conn.receive { view ->
                    name = view.toByteString(from = 1, count = 3).decodeToString()
                    view.size()
                }
                conn.send(name)
                conn.send(Buffer().apply { write(stream) } as kotlinx.io.RawSource) shouldBe stream.size
            }) { server ->
                server.connect().use { peer ->
                    peer.send("[key]")
                    peer.receiveText(3) shouldBe "key"
                    peer.receiveToEnd().contentEquals(stream) shouldBe true
                }
            }
        }

        driverTest("a part of a buffer is put, and the rest stays in it") {
            withServer({ conn ->
                val buffer = Buffer().apply { write(ByteArray(20_000) { it.toByte() }) }
                conn.output.put(buffer, 15_000)
                buffer.size shouldBe 5_000
                shouldThrow<IllegalArgumentException> { conn.output.put(buffer, 5_001) }.message shouldBe
                    "put of 5001 bytes from a buffer of 5000 bytes"
                buffer.readByteArray()[0] shouldBe 15_000.toByte()
            }) { server ->
                server.connect().use { peer ->
                    peer.receiveToEnd().contentEquals(ByteArray(15_000) { it.toByte() }) shouldBe true
                }
            }
        }
    })
