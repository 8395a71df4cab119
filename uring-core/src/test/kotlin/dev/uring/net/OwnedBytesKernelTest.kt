package dev.uring.net

import dev.uring.base.FrameTooLargeException
import dev.uring.testing.Recorder
import dev.uring.testing.TestServer
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import dev.uring.testing.withServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.util.concurrent.ConcurrentLinkedQueue

class OwnedBytesKernelTest :
    FunSpec({
        driverTest("owned bytes outlive their connection, and count as held until they are closed") {
            val owned = ConcurrentLinkedQueue<OwnedBytes>()
            withServer(Recorder(onReceive = { c, bytes -> 0.also { owned += c.own(bytes.size()) } })) { server ->
                val client = server.connect()
                client.send("kept")
                await { owned.size == 1 }
                client.close()
                await { server.worker.snapshot().connectionsActive() == 0 }
                server.blocksHeld() shouldBe 1
                server.worker.call { owned.single().view().toUtf8() } shouldBe "kept"
                // On a thread that is not the worker's.
                owned.single().close()
                await { server.blocksHeld() == 0 }
                owned.single().size() shouldBe 4
            }
        }

        driverTest("a part can be owned and the rest goes on; a message that was carried is not copied again") {
            val texts = ConcurrentLinkedQueue<String>()
            val recorder =
                Recorder(onReceive = { c, bytes ->
                    val message = bytes.indexOf('.'.code.toByte(), 0) + 1
                    if (message > 0) c.own(message).use { texts += it.view().toUtf8() }
                    0
                })
            withServer(recorder) { server ->
                val client = server.connect()
                client.send("one.tw")
                await { texts.size == 1 }
                recorder.connection().call {
                    // In a task the rest lies in the connection's own memory: one block, and still one when it is owned.
                    server.blocksHeld() shouldBe 1
                    val rest = own(readableBytes())
                    server.blocksHeld() shouldBe 1
                    texts += rest.view().toUtf8()
                    rest.close()
                    server.blocksHeld() shouldBe 0
                }
                client.send("o.")
                await { texts.size == 3 }
                texts shouldContainExactly listOf("one.", "tw", "o.")
            }
        }

        driverTest("what is used after the close, closed twice or larger than what is there is an error with numbers") {
            val recorder = Recorder(onReceive = { _, _ -> 0 })
            withServer(recorder) { server ->
                val client = server.connect()
                client.send("abc")
                val connection = recorder.connection()
                await { connection.call { readableBytes() } == 3 }
                connection.call {
                    for (count in listOf(0, 4)) {
                        shouldThrow<IllegalArgumentException> { own(count) }.message!! shouldContain
                            "owned=$count bytes, but unconsumed=3 bytes"
                    }
                    val owned = own(2)
                    val view = owned.view()
                    owned.close()
                    shouldThrow<IllegalStateException> { view.get(0) }.message!! shouldContain "OwnedBytes"
                    shouldThrow<IllegalStateException> { owned.close() }.message shouldBe
                        "owned bytes closed after they were closed or handed over already, size=2 bytes"
                    readableBytes() shouldBe 1
                }
            }
        }

        driverTest("owned bytes are sent on another connection, later, in their place among what is written there") {
            val connections = ConcurrentLinkedQueue<Connection>()
            val keepsAll = ConnectionHandler { _, _ -> 0 }
            withServer(smallConfig().build(), { keepsAll.also { _ -> connections += it } }) { server ->
                val source = server.connect()
                source.send("stored")
                await { connections.size == 1 }
                val from = connections.first()
                await { from.call { readableBytes() } == 6 }
                val owned = from.call { own(6) }
                source.close()
                await { server.worker.snapshot().connectionsActive() == 0 }
                val target = server.connect()
                await { connections.size == 2 }
                connections.last().call {
                    writeUtf8("<")
                    tryWrite(owned) shouldBe SendOutcome.QUEUED
                    writeUtf8(">")
                    for (again in listOf({ owned.close() }, { write(owned) })) {
                        shouldThrow<IllegalStateException> { again() }.message!! shouldContain
                            "after they were closed or handed over already, size=6 bytes"
                    }
                    shouldThrow<IllegalStateException> { owned.view().get(0) }.message!! shouldContain "handed over"
                }
                target.getInputStream().readNBytes(8).decodeToString() shouldBe "<stored>"
                await { server.blocksHeld() == 0 }
            }
        }

        driverTest("owned bytes that cannot be queued stay the program's; on a closed connection they are given back") {
            val recorder = Recorder(onReceive = { _, _ -> 0 })
            withServer(recorder) { server ->
                server.connect().send("abcd")
                val connection = recorder.connection()
                await { connection.call { readableBytes() } == 4 }
                connection.call {
                    val first = own(2)
                    val second = own(2)
                    close()
                    tryWrite(first) shouldBe SendOutcome.CLOSED
                    first.view().toUtf8() shouldBe "ab"
                    first.close()
                    server.blocksHeld() shouldBe 1
                    write(second)
                    server.blocksHeld() shouldBe 0
                }
            }
        }

        driverTest("a handler that needs so many bytes is called with them, once, and told of an end before") {
            val sizes = ConcurrentLinkedQueue<Int>()
            val recorder =
                Recorder(
                    onReceive = { c, bytes ->
                        sizes += bytes.size()
                        if (bytes.size() < 10) c.needAtLeast(10) else 10
                    },
                    onEnd = {
                        sizes += -it.readableBytes()
                        it.close()
                    },
                )
            withServer(recorder) { server ->
                val client = server.connect()
                val connection = recorder.connection()
                for (sent in 1..10) {
                    client.send("x")
                    await { connection.call { receivedBytesTotal() } == sent.toLong() }
                }
                await { sizes.size == 2 }
                client.send("yy")
                await { sizes.size == 3 }
                client.send("y")
                client.shutdownOutput()
                recorder.closed()
                sizes shouldContainExactly listOf(1, 10, 2, -3)
            }
        }

        driverTest("a need above frameBytesMax is refused at once, instead of being waited for in vain") {
            val recorder = Recorder(onReceive = { c, _ -> c.needAtLeast((64 shl 10) + 1) })
            val config = smallConfig().recvHighWaterBytes(32 shl 10).frameBytesMax(64 shl 10).build()
            withServer(recorder, config) { server ->
                server.connect().send("x")
                (recorder.closed() as FrameTooLargeException).message!! shouldContain
                    "unconsumed input of 65537 bytes exceeds frameBytesMax=65536 bytes"
            }
        }
    })

private fun TestServer.blocksHeld() = worker.snapshot().blocksHeld()
