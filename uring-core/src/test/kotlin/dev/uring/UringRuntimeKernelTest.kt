package dev.uring

import dev.uring.abi.Errno
import dev.uring.abi.IoUring
import dev.uring.base.ConnectionLostException
import dev.uring.base.RingSetupException
import dev.uring.bytes.ByteView
import dev.uring.net.Connection
import dev.uring.net.ConnectionHandler
import dev.uring.ring.withSystemCallRefused
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.Recorder
import dev.uring.testing.RingOnly
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.closeInTime
import dev.uring.testing.driverTest
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.receiveText
import dev.uring.testing.ringTest
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import dev.uring.testing.withServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.InetSocketAddress
import java.net.Socket
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicLong
import kotlin.concurrent.thread

class UringRuntimeKernelTest :
    FunSpec({
        driverTest("shutdown ends every worker, whichever of them notices the end first") {
            leavesNothingBehind {
                repeat(50) {
                    val runtime = UringRuntime.start(smallConfig().workersCount(3).build())
                    runtime.shutdown()
                    runtime.awaitTermination(Duration.ofSeconds(PATIENCE_SECONDS)) shouldBe true
                }
            }
        }

        driverTest("by default there is a worker for each CPU the process may use") {
            leavesNothingBehind {
                UringRuntime.start(RuntimeConfig.defaults()).use { runtime ->
                    runtime.workersCount() shouldBe Runtime.getRuntime().availableProcessors()
                    List(runtime.workersCount()) { runtime.worker(it).index() } shouldBe
                        (0 until runtime.workersCount()).toList()
                }
            }
        }

        driverTest("more workers than CPUs share them") {
            leavesNothingBehind {
                val config =
                    RuntimeConfig
                        .builder()
                        .workersCount(5)
                        .recvBuffersCount(2)
                        .build()
                UringRuntime.start(config).use { runtime ->
                    repeat(5) { worker -> runtime.worker(worker).call { worker } shouldBe worker }
                }
            }
        }

        ringTest(RingOnly.BLOCKADE, "a start that the kernel refuses throws its reason and leaves nothing") {
            leavesNothingBehind {
                val refused =
                    shouldThrow<RingSetupException> {
                        withSystemCallRefused(IoUring.SYS_IO_URING_SETUP, Errno.EPERM) {
                            UringRuntime.start(smallConfig().workersCount(3).build())
                        }
                    }
                refused.errno() shouldBe Errno.EPERM
                refused.message!! shouldContain "io_uring_setup failed: errno=1 (EPERM), entries=1024"
            }
        }

        ringTest(RingOnly.BLOCKADE, "a start that fails after the ring was made leaves nothing") {
            leavesNothingBehind {
                shouldThrow<RingSetupException> {
                    withSystemCallRefused(IoUring.SYS_IO_URING_REGISTER, Errno.EPERM) {
                        UringRuntime.start(smallConfig().workersCount(3).build())
                    }
                }.errno() shouldBe Errno.EPERM
            }
        }

        driverTest("runtimes live side by side and end independently") {
            leavesNothingBehind {
                val first = UringRuntime.start(smallConfig().build())
                val second = UringRuntime.start(smallConfig().build())
                first.worker(0).call { second.worker(0).execute { } }
                first.closeInTime()
                second.worker(0).call { 7 } shouldBe 7
                second.closeInTime()
            }
        }

        driverTest("closing twice, and shutting down what is closed, does nothing more") {
            leavesNothingBehind {
                val runtime = UringRuntime.start(smallConfig().build())
                runtime.closeInTime()
                runtime.close()
                runtime.shutdown()
                runtime.drain().toCompletableFuture().isDone shouldBe true
                runtime.termination().toCompletableFuture().isDone shouldBe true
                runtime.awaitTermination(Duration.ZERO) shouldBe true
                runtime.snapshots().size shouldBe 1
            }
        }

        driverTest("a worker cannot wait for its own end and is told so") {
            leavesNothingBehind {
                val runtime = UringRuntime.start(smallConfig().build())
                runtime.worker(0).call { shouldThrow<IllegalStateException> { runtime.close() } }.message shouldBe
                    "close() waits for the workers and was called on one of them; call shutdown()"
                runtime.worker(0).call { runtime.shutdown() }
                runtime.awaitTermination(Duration.ofSeconds(20)) shouldBe true
            }
        }

        driverTest("drain tells every connection, completes after the last onClosed, and leaves the workers running") {
            val open = ConcurrentHashMap.newKeySet<Connection>()
            val handler =
                object : ConnectionHandler {
                    override fun onOpen(connection: Connection) {
                        open += connection
                    }

                    override fun onReceive(
                        connection: Connection,
                        bytes: ByteView,
                    ) = bytes.size()

                    override fun onDrain(connection: Connection) {
                        connection.writeUtf8("bye")
                        connection.close()
                    }

                    override fun onClosed(
                        connection: Connection,
                        cause: Throwable?,
                    ) {
                        open -= connection
                    }
                }
            // Longer than the 1 s after which a peer that has not closed is reset: the clients read one after the other.
            val patient = Duration.ofSeconds(PATIENCE_SECONDS)
            val config =
                smallConfig()
                    .workersCount(2)
                    .lingerTimeout(patient)
                    .drainTimeout(patient)
                    .build()
            withServer(handler, config) { server ->
                val clients = List(50) { server.connect() }
                await { open.size == 50 }
                val openAtTheEnd = server.runtime.drain().thenApply { open.size }
                clients.forEach { client ->
                    client.receiveText(4) shouldBe "bye"
                    client.close()
                }
                openAtTheEnd.toCompletableFuture().get(20, TimeUnit.SECONDS) shouldBe 0
                repeat(2) { server.runtime.worker(it).call { "running" } shouldBe "running" }
            }
        }

        driverTest("a connection that does not end is reset after drainTimeout") {
            val stubborn = Recorder(onDrain = {})
            withServer(stubborn, smallConfig().drainTimeout(Duration.ofMillis(200)).build()) { server ->
                val client = server.connect()
                stubborn.connection()
                val began = System.nanoTime()
                server.runtime
                    .drain()
                    .toCompletableFuture()
                    .get(20, TimeUnit.SECONDS)
                val elapsed = Duration.ofNanos(System.nanoTime() - began)
                elapsed shouldBeGreaterThanOrEqualTo Duration.ofMillis(200)
                elapsed shouldBeLessThan Duration.ofSeconds(10)
                stubborn.closed().shouldBeInstanceOf<ConnectionLostException>().errno() shouldBe 0
                runCatching { client.getInputStream().read() }.isFailure shouldBe true
            }
        }

        driverTest("a shutdown under load loses no reply that was given") {
            repeat(5) { round ->
                val answered = ConcurrentHashMap<Int, AtomicLong>()
                val served = ConcurrentHashMap<Int, Connection>()
                val handler =
                    object : ConnectionHandler {
                        override fun onReceive(
                            connection: Connection,
                            bytes: ByteView,
                        ): Int {
                            val requests = bytes.size() / REQUEST_BYTES
                            repeat(requests) { connection.write(bytes, it * REQUEST_BYTES, REQUEST_BYTES) }
                            if (requests > 0) {
                                val port = (connection.remoteAddress() as InetSocketAddress).port
                                served[port] = connection
                                answered.computeIfAbsent(port) { AtomicLong() }.addAndGet(requests.toLong())
                            }
                            return requests * REQUEST_BYTES
                        }
                    }
                // Longer than the 1 s after which a peer that does not read is reset: here it reads when it gets a CPU. And
                // longer than the client waits, so that the server's side is still there to be looked at when it gives up.
                val patient = Duration.ofSeconds(2 * PATIENCE_SECONDS)
                val config =
                    smallConfig()
                        .workersCount(2)
                        .lingerTimeout(patient)
                        .drainTimeout(patient)
                        .build()
                withServer(handler, config) { server ->
                    val received = ConcurrentHashMap<Int, Long>()
                    val unheard = ConcurrentLinkedQueue<String>()
                    val clients = List(20) { server.connect() }
                    val readers =
                        clients.map { client ->
                            val port = client.localPort
                            thread {
                                runCatching { received[port] = client.countReplies() }.onFailure { failure ->
                                    unheard += "$failure: ${bothSides(port, served[port])}"
                                    client.close()
                                }
                            }
                        }
                    val writers = clients.map { client -> thread { client.sendRequests() } }
                    await { answered.size == 20 && answered.values.all { it.get() > 100 } }
                    server.runtime.shutdown()
                    (readers + writers).forEach { it.join() }
                    withClue("round $round, unheard: $unheard") {
                        received.toSortedMap() shouldBe answered.mapValues { it.value.get() }.toSortedMap()
                    }
                }
            }
        }

        driverTest("closing while connections come, talk and go ends in time") {
            val echo = ConnectionHandler { connection, bytes -> bytes.size().also { connection.write(bytes) } }
            repeat(10) {
                leavesNothingBehind {
                    val config = smallConfig().workersCount(2).drainTimeout(Duration.ofMillis(100)).build()
                    val runtime = UringRuntime.start(config)
                    val address = runtime.listen("127.0.0.1:0") { echo }.localAddress() as InetSocketAddress
                    val clients =
                        List(4) {
                            thread {
                                runCatching {
                                    while (true) {
                                        Socket(address.address, address.port).use { client ->
                                            client.soTimeout = 5_000
                                            client.send("hello")
                                            client.receiveText(5)
                                        }
                                    }
                                }
                            }
                        }
                    await { runtime.snapshots().sumOf { it.connectionsClosed() } > 100 }
                    runtime.closeInTime()
                    clients.forEach { it.join() }
                }
            }
        }

        driverTest("a worker that is stopped by itself closes its connections and tells their handlers") {
            val recorder = Recorder()
            leavesNothingBehind {
                val runtime = UringRuntime.start(smallConfig().build())
                val listener = runtime.listen("127.0.0.1:0") { recorder }
                Socket("127.0.0.1", listener.port()).use { client ->
                    recorder.connection()
                    runtime.worker(0).stop()
                    val cause = recorder.closed().shouldBeInstanceOf<ConnectionLostException>()
                    cause.message shouldBe "worker 0 has ended"
                    runCatching { client.getInputStream().read() }.isFailure shouldBe true
                }
                listener.closed().toCompletableFuture().get(20, TimeUnit.SECONDS)
                runtime.closeInTime()
            }
        }

        driverTest("counters add up to what happened") {
            val echo = ConnectionHandler { connection, bytes -> bytes.size().also { connection.write(bytes) } }
            withServer(echo) { server ->
                repeat(3) {
                    server.connect().use { client ->
                        client.send("hello")
                        client.receiveText(5) shouldBe "hello"
                    }
                }
                await { server.worker.snapshot().connectionsClosed() == 3L }
                val snapshot = server.worker.call { server.worker.snapshot() }
                snapshot.connectionsAccepted() shouldBe 3
                snapshot.connectionsActive() shouldBe 0
                snapshot.bytesReceived() shouldBe 15
                snapshot.bytesSent() shouldBe 15
                snapshot.failures() shouldBe 0
                snapshot.staleCompletions() shouldBe 0
                snapshot.submittedPerEnter() shouldBeGreaterThan 0.0
                // The accept; the driver's own operations do not count.
                snapshot.operationsUnderWay() shouldBe 1
            }
        }
    })

private const val REQUEST_BYTES = 100

/** What the server and the kernel say of a connection from [port]: which of the two keeps the bytes. */
private fun bothSides(
    port: Int,
    served: Connection?,
): String {
    val server =
        runCatching {
            served?.call {
                "$this, sent=${sentBytesTotal()}, unsent=${unsentBytes()}, received=${receivedBytesTotal()}"
            }
        }
    val hex = ":%04X ".format(port)
    val kernel =
        listOf("/proc/self/net/tcp", "/proc/self/net/tcp6").flatMap { table ->
            runCatching { Files.readAllLines(Path.of(table)).filter { hex in it } }.getOrDefault(emptyList())
        }
    return "$server, ${kernel.joinToString { it.trim() }}"
}

/** Sends requests until the server ends the connection. */
private fun Socket.sendRequests() {
    val request = ByteArray(REQUEST_BYTES) { it.toByte() }
    runCatching { while (!isInputShutdown) getOutputStream().write(request) }
}

/** Reads replies to the end; fails on anything that is not the end of a whole reply. */
private fun Socket.countReplies(): Long {
    var replies = 0L
    while (true) {
        val reply = getInputStream().readNBytes(REQUEST_BYTES)
        if (reply.isEmpty()) break
        check(reply.size == REQUEST_BYTES) { "reply cut after ${reply.size} bytes" }
        replies++
    }
    shutdownInput()
    close()
    return replies
}
