package dev.uring.conformance

import dev.uring.ShutdownPhase
import dev.uring.base.FileException
import dev.uring.bytes.ByteView
import dev.uring.file.AsyncFile
import dev.uring.file.FileRequest
import dev.uring.file.OpenOptions
import dev.uring.file.SyncMode
import dev.uring.file.WorkerFiles
import dev.uring.net.UdpHandler
import dev.uring.net.UdpOptions
import dev.uring.net.UdpPeer
import dev.uring.net.UdpSocket
import dev.uring.worker.Timer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeGreaterThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.RejectedExecutionException
import kotlin.random.Random

private const val ENOENT = 2
private const val EMSGSIZE = 90

/** Keeps what comes, and answers it when told to. */
private class Datagrams(
    private val isEchoing: Boolean = false,
) : UdpHandler {
    private val heard = mutableListOf<String>()
    private val failures = mutableListOf<Int>()

    val texts: List<String> get() = synchronized(heard) { heard.toList() }
    val errors: List<Int> get() = synchronized(failures) { failures.toList() }

    override fun onDatagram(
        socket: UdpSocket,
        payload: ByteView,
        peer: UdpPeer,
    ) {
        if (isEchoing) socket.send(payload, peer)
        synchronized(heard) { heard += payload.toUtf8() }
    }

    override fun onError(
        socket: UdpSocket,
        errno: Int,
    ) {
        synchronized(failures) { failures += errno }
    }
}

private fun Stage.udp(
    isServer: Boolean,
    handler: UdpHandler,
): UdpSocket {
    val runtime = if (isServer) server else client
    val address = if (isServer) serverAddress else clientAddress
    return result("udp", runtime.openUdp(runtime.worker(0), "$address:0", UdpOptions.defaults()) { handler })
}

private fun <T> Stage.on(
    socket: UdpSocket,
    body: UdpSocket.() -> T,
): T = on(socket.worker()) { socket.body() }

private fun Stage.open(
    name: String,
    options: OpenOptions = OpenOptions.forReadingAndWriting().create(),
): AsyncFile = result("open $name", WorkerFiles.of(server.worker(0)).open(path(name), options))

private fun Stage.request(ask: (FileRequest) -> Unit): Int {
    val answer = CompletableFuture<Int>()
    val request =
        object : FileRequest() {
            override fun completed(bytes: Int) {
                answer.complete(bytes)
            }

            override fun failed(failure: FileException) {
                answer.completeExceptionally(failure)
            }
        }
    on(server.worker(0)) { ask(request) }
    return result("file request", answer)
}

private fun Stage.write(
    file: AsyncFile,
    position: Long,
    bytes: ByteArray,
): Int {
    val buffer = on(server.worker(0)) { WorkerFiles.of(server.worker(0)).buffer(bytes.size) }
    return try {
        request { request ->
            buffer.put(0, bytes, 0, bytes.size)
            file.write(position, buffer, 0, bytes.size, request)
        }
    } finally {
        on(server.worker(0)) { buffer.close() }
    }
}

private fun Stage.read(
    file: AsyncFile,
    position: Long,
    bytes: Int,
): ByteArray {
    val buffer = on(server.worker(0)) { WorkerFiles.of(server.worker(0)).buffer(bytes) }
    return try {
        val count = request { file.read(position, buffer, 0, bytes, it) }
        on(server.worker(0)) { if (count == 0) ByteArray(0) else buffer.view(0, count).toByteArray() }
    } finally {
        on(server.worker(0)) { buffer.close() }
    }
}

/** What datagrams, files, timers, mailboxes and the end of a runtime do, on every driver. */
class EnvironmentConformanceKernelTest :
    FunSpec({
        conforms("a datagram arrives whole or not at all, and its answer finds its sender") {
            val echo = Datagrams(isEchoing = true)
            val served = udp(isServer = true, echo)
            val heard = Datagrams()
            val asks = udp(isServer = false, heard)
            val texts = listOf("", "a", "b".repeat(1400))
            for (text in texts) {
                val before = heard.texts.size
                on(asks) { send(text.toByteArray(), UdpPeer.of(served.localAddress())) }
                await("answer to ${text.length} bytes") { heard.texts.size > before }
            }
            heard.texts shouldContainExactly texts
            echo.texts shouldContainExactly texts
            on(asks) { close() }
            on(served) { close() }
        }

        conforms("a datagram larger than the protocol allows is told of, and costs only itself") {
            val heard = Datagrams()
            val served = udp(isServer = true, heard)
            val errors = Datagrams()
            val asks = udp(isServer = false, errors)
            val peer = UdpPeer.of(served.localAddress())
            on(asks) {
                send(ByteArray(UdpOptions.PAYLOAD_BYTES_MAX + 1), peer)
                send("fits".toByteArray(), peer)
            }
            await("both outcomes") { heard.texts.isNotEmpty() && errors.errors.isNotEmpty() }
            heard.texts shouldContainExactly listOf("fits")
            errors.errors shouldContainExactly listOf(EMSGSIZE)
            on(asks) { close() }
            on(served) { close() }
        }

        conforms("a datagram that is postponed comes again before those behind it") {
            var postponed = 0
            val order = mutableListOf<String>()
            val handler =
                object : UdpHandler {
                    override fun onDatagram(
                        socket: UdpSocket,
                        payload: ByteView,
                        peer: UdpPeer,
                    ) {
                        synchronized(order) { order += payload.toUtf8() }
                        if (postponed++ == 0) socket.postpone()
                    }
                }
            val served = udp(isServer = true, handler)
            val asks = udp(isServer = false, Datagrams())
            val peer = UdpPeer.of(served.localAddress())
            // One after the other: a network that brings them in this order is not asked for.
            on(asks) { send("first".toByteArray(), peer) }
            await("the first is pending") { on(served) { hasPending() } }
            on(asks) { send("second".toByteArray(), peer) }
            await("the second is there too") { served.counters().received == 2L }
            on(served) { resumeReceive() }
            await("all") { synchronized(order) { order.size } == 3 }
            synchronized(order) { order.toList() } shouldContainExactly listOf("first", "first", "second")
            on(asks) { close() }
            on(served) { close() }
        }

        conforms("what is written to a file is read back, whatever the place, and what is not there is nothing") {
            val random = Random(3)
            val file = open("file")
            val content = random.nextBytes(100_000)
            write(file, 5_000, content) shouldBe content.size
            read(file, 5_000, content.size) shouldBe content
            read(file, 0, 5_000) shouldBe ByteArray(5_000)
            read(file, 105_000, 10).size shouldBe 0
            request { file.sync(SyncMode.DATA_AND_METADATA, it) }
            result("truncate", file.truncate(6_000))
            result("size", file.size()) shouldBe 6_000L
            read(file, 5_000, 10_000) shouldBe content.copyOf(1_000)
            result("close", file.close())
            on(server.worker(0)) { WorkerFiles.of(server.worker(0)).filesOpenCount() } shouldBe 0
        }

        conforms("names are made, renamed, listed and removed, and a missing one is told by its errno") {
            val files = WorkerFiles.of(server.worker(0))
            result("directory", files.createDirectory(path("d")))
            result("close", open("d/one").close())
            result("rename", files.rename(path("d/one"), path("d/two")))
            result("list", files.list(path("d"))).map { it.name() } shouldContainExactly listOf("two")
            failure("open", files.open(path("d/one"), OpenOptions.forReading()))
                .shouldBeInstanceOf<FileException>()
                .errno() shouldBe ENOENT
            result("delete", files.delete(path("d/two")))
            result("delete directory", files.deleteDirectory(path("d")))
            failure("status", files.status(path("d"))).shouldBeInstanceOf<FileException>().errno() shouldBe ENOENT
        }

        conforms("a file that is closed is refused by its handle, whoever has its number by now") {
            val first = open("first")
            result("close", first.close())
            val second = open("second")
            on(server.worker(0)) {
                val buffer = WorkerFiles.of(server.worker(0)).buffer(16)
                shouldThrow<RuntimeException> {
                    first.read(
                        0,
                        buffer,
                        0,
                        16,
                        object : FileRequest() {
                            override fun completed(bytes: Int) = error("read through a closed handle")

                            override fun failed(failure: FileException) = throw failure
                        },
                    )
                }
                buffer.close()
            }
            result("close", second.close())
        }

        conforms("timers fire in the order of their times, not early, and one that is disarmed never") {
            val worker = server.worker(0)
            val fired = mutableListOf<Pair<Int, Long>>()

            fun timer(millis: Int) =
                object : Timer() {
                    override fun fire() {
                        synchronized(fired) { fired += millis to worker.clockNanos() }
                    }
                }
            val began = worker.clockNanos()
            val disarmed = timer(-1)
            on(worker) {
                // So far apart that a worker which loses its CPU between two of them does not change their order.
                listOf(300, 100, 200).forEach { worker.arm(timer(it), Duration.ofMillis(it.toLong()).toNanos()) }
                worker.arm(disarmed, Duration.ofMillis(50).toNanos())
                worker.disarm(disarmed) shouldBe true
            }
            await("three") { synchronized(fired) { fired.size } == 3 }
            synchronized(fired) { fired.map { it.first } } shouldContainExactly listOf(100, 200, 300)
            // A worker counts from the beginning of its turn, which is a little before this test looked at the clock.
            synchronized(fired) {
                fired.forEach { (millis, at) ->
                    at - began shouldBeGreaterThanOrEqual
                        millis * 900_000L
                }
            }
        }

        conforms("messages between workers come in their senders' order, however small the mailbox", {
            workersCount(2)
            mailboxCapacity(16)
        }) {
            val came = mutableListOf<Int>()
            val other = server.worker(1)
            on(server.worker(0)) { repeat(1_000) { i -> other.execute { came += i } } }
            await("all of them") { on(other) { came.size } == 1_000 }
            on(other) { came.toList() } shouldContainExactly List(1_000) { it }
        }

        conforms("a drain lets each connection say goodbye and refuses new ones") {
            val served = End(onDrain = { it.writeUtf8("goodbye").also { _ -> it.close() } })
            val (_, client) = pair(served, End(onEnd = { it.close() }))
            val listener = listen { End() }
            val phases = mutableListOf<String>()
            server.onShutdown(ShutdownPhase.STOP_ACCEPTING, "noted") {
                phases += "first phase"
                CompletableFuture.completedStage(null)
            }
            result("drained", server.drain())
            await("closed") { client.isClosed && served.isClosed }
            String(client.received) shouldBe "goodbye"
            served.events shouldContainExactly listOf("open", "drain", "closed")
            failure("connect", connecting(listener, End()).result())
        }

        conforms(
            "a runtime that shuts down ends what does not end by itself",
            { drainTimeout(Duration.ofMillis(50)) },
        ) {
            val stubborn = End(onDrain = { })
            val (_, client) = pair(stubborn, End(onEnd = { it.close() }))
            server.shutdown()
            await("closed") { stubborn.isClosed && client.isClosed }
            await("terminated") { server.termination().toCompletableFuture().isDone }
            shouldThrow<RejectedExecutionException> { server.worker(0).execute { } }
        }
    })
