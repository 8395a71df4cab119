package dev.uring.conformance

import dev.uring.base.ConnectFailedException
import dev.uring.base.ConnectionLostException
import dev.uring.base.FrameTooLargeException
import dev.uring.base.SendQueueFullException
import dev.uring.net.SendOutcome
import dev.uring.socket.SocketOptions
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.time.Duration
import kotlin.random.Random

private const val KIB = 1 shl 10
private const val MIB = 1 shl 20
private const val ECONNREFUSED = 111

private val small: SocketOptions =
    SocketOptions
        .builder()
        .sendBufferBytes(64 * KIB)
        .receiveBufferBytes(64 * KIB)
        .build()

/** What a stream does, on every driver; each scenario is played by both sides of a connection. */
class StreamConformanceKernelTest :
    FunSpec({
        conforms("a connection opens on both sides, and each knows the other's address") {
            val (server, client) = pair()
            on(client.connection) { remoteAddress() } shouldBe on(server.connection) { localAddress() }
            on(server.connection) { remoteAddress() } shouldBe on(client.connection) { localAddress() }
            on(client.connection) { close() }
            await("server saw the end") { "end" in server.events }
            on(server.connection) { close() }
            await("both closed") { server.isClosed && client.isClosed }
            server.cause shouldBe null
            client.cause shouldBe null
        }

        conforms("a connection to a port that nobody has any more is refused, with the errno") {
            val listener = listen { End() }
            listener.close()
            result("listener closed", listener.closed())
            val failure = failure("connect", connecting(listener, End()).result())
            failure.shouldBeInstanceOf<ConnectFailedException>().errno() shouldBe ECONNREFUSED
        }

        conforms("every connection of a crowd is accepted once", { workersCount(2) }) {
            val accepted = mutableListOf<End>()
            val listener = listen { echoing().also { synchronized(accepted) { accepted += it } } }
            val clients = List(100) { End() }
            clients.map { connecting(listener, it) }.forEach { result("connected", it.result()) }
            await("all open") { clients.all { it.isOpened } }
            clients.forEach { end -> on(end.connection) { writeUtf8("x") } }
            await("answers: ${clients.count { it.receivedCount == 1 }}") { clients.all { it.receivedCount == 1 } }
            synchronized(accepted) { accepted.size } shouldBe 100
            clients.forEach { end -> on(end.connection) { close() } }
            await(
                "all closed",
            ) { clients.all { it.isClosed } && synchronized(accepted) { accepted.all { it.isClosed } } }
        }

        conforms("a connection that nobody claims is closed") {
            serverMayFail()
            val listener = listen { error("no handler for it") }
            val client = End(onEnd = { it.close() })
            val attempt = connecting(listener, client).result().toCompletableFuture()
            // The server may be so quick that the attempt finds the connection reset.
            await("ended by the server") { attempt.isCompletedExceptionally || client.isClosed }
            client.receivedCount shouldBe 0
        }

        conformsHoweverFed("an echo brings back every byte in order, and then the end") { feeder ->
            val (server, client) = pair(echoing(), End(onEnd = { it.close() }))
            val bytes = Random(1).nextBytes(3 * KIB)
            feed(client, bytes, feeder)
            on(client.connection) { shutdownOutput() }
            await("echo: ${client.receivedCount} of ${bytes.size}") { client.isClosed && server.isClosed }
            client.received shouldBe bytes
            client.cause shouldBe null
            server.cause shouldBe null
        }

        conformsHoweverFed(
            "messages are whole however they come, when their reader leaves what is unfinished",
        ) { feeder ->
            // A length and so many bytes; the reader takes whole ones only.
            val sizes = List(40) { it * 3 % 101 }
            val messages = mutableListOf<Int>()
            val reader =
                End(take = { _, bytes ->
                    var at = 0
                    while (at < bytes.size() && at + 1 + bytes.get(at).toUByte().toInt() <= bytes.size()) {
                        val size = bytes.get(at).toUByte().toInt()
                        messages += size
                        at += 1 + size
                    }
                    at
                })
            val (_, client) = pair(reader)
            val stream = sizes.flatMap { size -> listOf(size.toByte()) + List(size) { 7.toByte() } }.toByteArray()
            feed(client, stream, feeder)
            await("messages: ${messages.size}") { reader.receivedCount == stream.size }
            on(reader.connection) { messages.toList() } shouldContainExactly sizes
            on(reader.connection) { abort() }
            on(client.connection) { abort() }
        }

        conforms("a side that has finished sending still receives, as long as the other sends") {
            val server = End(onEnd = { c -> repeat(3) { c.writeUtf8("after the end $it;") }.also { c.close() } })
            val (_, client) = pair(server, End(onEnd = { it.close() }))
            on(client.connection) {
                writeUtf8("question")
                shutdownOutput()
            }
            await("answers") { client.isClosed }
            String(server.received) shouldBe "question"
            String(client.received) shouldBe "after the end 0;after the end 1;after the end 2;"
            client.events shouldContainExactly listOf("open", "end", "closed")
        }

        conforms("a peer that resets is told apart from one that ends") {
            for (resetter in listOf("client", "server")) {
                val (server, client) = pair()
                val (resets, hears) = if (resetter == "client") client to server else server to client
                on(hears.connection) { writeUtf8("unread") }
                on(resets.connection) { abort() }
                await("the other side heard") { hears.isClosed }
                hears.cause.shouldBeInstanceOf<ConnectionLostException>()
                hears.events.contains("end") shouldBe false
            }
        }

        conforms("a reader that takes nothing holds its writer back, and loses nothing") {
            val bytes = Random(2).nextBytes(4 * MIB)
            val server = End(onOpen = { it.pauseReceive() }, onEnd = { it.close() })
            val listener = listen(small) { server }
            val client = End()
            result("connected", connecting(listener, client, small).result())
            await("both open") { server.isOpened && client.isOpened }
            on(client.connection) {
                write(bytes)
                tryWrite(byteArrayOf(1), 0, 1) shouldBe SendOutcome.FULL
                isWritable shouldBe false
                close()
            }
            server.receivedCount shouldBe 0
            on(server.connection) { resumeReceive() }
            await("received: ${server.receivedCount}") { server.isClosed && client.isClosed }
            server.received.contentEquals(bytes) shouldBe true
            server.cause shouldBe null
        }

        conforms("a receive that is postponed goes on with what was left, first") {
            var takes = 0
            val server = End(take = { c, bytes -> if (takes == 0) 0.also { c.pauseReceive() } else bytes.size() })
            val (_, client) = pair(server)
            on(client.connection) { writeUtf8("first") }
            await("the first came") { on(server.connection) { readableBytes() } == 5 }
            on(client.connection) { writeUtf8("second") }
            on(server.connection) {
                takes = 1
                resumeReceive()
            }
            await("all") { server.receivedCount == 11 }
            String(server.received) shouldBe "firstsecond"
            on(server.connection) { abort() }
            on(client.connection) { abort() }
        }

        // Cancelling at each point at which something waits.

        conforms("a connect that is cancelled at once fails or brings a connection that is closed") {
            val accepted = mutableListOf<End>()
            val listener = listen { End(onEnd = { it.close() }).also { synchronized(accepted) { accepted += it } } }
            repeat(20) {
                val mine = End()
                val attempt = connecting(listener, mine)
                attempt.cancel()
                val result = attempt.result().toCompletableFuture()
                await("attempt $it ended") { result.isDone }
                if (!result.isCompletedExceptionally) on(result.join()) { abort() }
            }
            await("no connection is left") { synchronized(accepted) { accepted.all { !it.isOpened || it.isClosed } } }
        }

        conforms("an abort ends a send that waits, a receive that waits and a close that waits") {
            val held = List(3) { End(onOpen = { it.pauseReceive() }) }
            val next = held.iterator()
            val listener = listen(small) { next.next() }
            val ends = List(3) { End() }
            for (end in ends) {
                connect(listener, end)
                on(end.connection) { if (end != ends[1]) write(ByteArray(2 * MIB)) }
            }
            on(ends[2].connection) { close() }
            ends.none { it.isClosed } shouldBe true
            ends.forEach { end -> on(end.connection) { abort() } }
            await("aborted") { ends.all { it.isClosed } }
            await("the server's ends open") { held.all { it.isOpened } }
            held.forEach { end -> on(end.connection) { resumeReceive() } }
            await("the peers heard") { held.all { it.isClosed } }
        }

        conforms("a time to receive in that passes is told once, and the connection lives") {
            val waits =
                End(onOpen = { it.expectWithin(Duration.ofMillis(20)) }, onReceiveTimeout = { it.writeUtf8("late") })
            val (_, client) = pair(waits)
            await("told") { client.receivedCount == 4 }
            on(client.connection) { writeUtf8("here") }
            await("received") { waits.receivedCount == 4 }
            waits.events shouldContainExactly listOf("open", "receive timeout")
            on(waits.connection) { abort() }
            on(client.connection) { abort() }
        }

        conforms("a silent connection ends by its idle limit, and says so") {
            val server = End()
            val listener = listen(SocketOptions.builder().idleTimeout(Duration.ofMillis(30)).build()) { server }
            val client = End(onEnd = { it.close() })
            connect(listener, client)
            await("ended") { server.isClosed && client.isClosed }
            server.cause!!.message!! shouldContain "idle"
        }

        // Limits.

        conforms("a message beyond frameBytesMax ends its connection with the numbers", {
            frameBytesMax(8 * KIB)
            recvHighWaterBytes(8 * KIB)
        }) {
            val server = End(take = { _, _ -> 0 })
            val (_, client) = pair(server)
            on(client.connection) { write(ByteArray(16 * KIB)) }
            await("ended") { server.isClosed && client.isClosed }
            server.cause.shouldBeInstanceOf<FrameTooLargeException>().frameBytesMax() shouldBe 8 * KIB
        }

        conforms("a send queue beyond sendQueueBytesMax ends its connection, and throws", {
            sendQueueBytesMax(256L * KIB)
            sendHighWaterBytes(64L * KIB)
        }) {
            val (server, client) = pair(End(onOpen = { it.pauseReceive() }))
            on(client.connection) {
                shouldThrow<SendQueueFullException> { repeat(1_000) { write(ByteArray(KIB)) } }
            }
            await("ended") { client.isClosed }
            client.cause.shouldBeInstanceOf<SendQueueFullException>()
            on(server.connection) { abort() }
        }

        conforms(
            "a connection above connectionsPerWorkerMax waits until there is room",
            { connectionsPerWorkerMax(2) },
        ) {
            val listener = listen { echoing() }
            val ends = List(3) { End() }
            ends.forEach { connect(listener, it) }
            ends.forEach { end -> on(end.connection) { writeUtf8("x") } }
            await("two are served") { ends.count { it.receivedCount == 1 } == 2 }
            on(ends.first { it.receivedCount == 1 }.connection) { abort() }
            await("the third is served") { ends.all { it.receivedCount == 1 } }
            ends.forEach { end -> on(end.connection) { abort() } }
        }

        // Stale handles.

        conforms("a handle of a connection that is gone reaches nobody, least of all the one that came after it") {
            val listener = listen { echoing() }
            val gone = End()
            connect(listener, gone)
            on(gone.connection) { abort() }
            await("gone") { gone.isClosed }
            // The same slot and descriptor, likely.
            val next = End()
            connect(listener, next)
            on(gone.connection) {
                isOpen shouldBe false
                tryWrite(byteArrayOf(1), 0, 1) shouldBe SendOutcome.CLOSED
                writeUtf8("for nobody")
                flush()
                pauseReceive()
                resumeReceive()
                shutdownOutput()
                close()
                abort()
                readableBytes() shouldBe 0
            }
            on(next.connection) { writeUtf8("mine") }
            await("echo") { next.receivedCount == 4 }
            String(next.received) shouldBe "mine"
            gone.events.count { it == "closed" } shouldBe 1
            on(next.connection) { abort() }
        }

        conforms("a view that is kept beyond its call is refused") {
            var kept: dev.uring.bytes.ByteView? = null
            val server = End(take = { _, bytes -> bytes.size().also { kept = bytes } })
            val (_, client) = pair(server)
            on(client.connection) { writeUtf8("gone") }
            await("received") { server.receivedCount == 4 }
            on(server.connection) { shouldThrow<IllegalStateException> { kept!!.get(0) } }
            on(server.connection) { abort() }
            on(client.connection) { abort() }
        }

        conforms("what is unsent stays within what the writer was told") {
            val (server, client) = pair(End(onOpen = { it.pauseReceive() }))
            on(client.connection) {
                var written = 0L
                while (written < 64L * MIB && tryWrite(ByteArray(64 * KIB), 0, 64 * KIB) == SendOutcome.QUEUED) {
                    written += 64 * KIB
                }
                unsentBytes() shouldBeLessThanOrEqual sendHighWaterBytes() + 64 * KIB
            }
            on(client.connection) { abort() }
            on(server.connection) { resumeReceive() }
            await("both closed") { server.isClosed && client.isClosed }
        }
    })
