package dev.uring.net

import dev.uring.UringRuntime
import dev.uring.base.ConfigException
import dev.uring.base.UringException
import dev.uring.ring.withDescriptorLimit
import dev.uring.testing.Recorder
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.closeInTime
import dev.uring.testing.driverTest
import dev.uring.testing.kernelObjects
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.receiveText
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import dev.uring.testing.withServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.ConnectException
import java.net.InetSocketAddress
import java.net.Socket
import java.nio.ByteBuffer
import java.nio.channels.SocketChannel
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

private val echo = ConnectionHandler { connection, bytes -> bytes.size().also { connection.write(bytes) } }

class ListenerKernelTest :
    FunSpec({
        driverTest("listens on IPv4, IPv6, localhost and every address, and names the port the system chose") {
            leavesNothingBehind {
                val runtime = UringRuntime.start(smallConfig().build())
                for ((address, host) in listOf(
                    "127.0.0.1:0" to "127.0.0.1",
                    "tcp://localhost:0" to "127.0.0.1",
                    "[::1]:0" to "::1",
                    ":0" to "127.0.0.1",
                )) {
                    val listener = runtime.listen(address) { echo }
                    Socket(host, listener.port()).use { it.echoes("hello") }
                }
                runtime.closeInTime()
            }
        }

        driverTest("an address that cannot be had is refused with the reason, and costs no descriptor") {
            withServer(echo) { server ->
                val before = kernelObjects()
                val taken = "127.0.0.1:${server.address.port}"
                shouldThrow<UringException> { server.runtime.listen(taken) { echo } }.message!! shouldStartWith
                    "cannot listen on $taken: EADDRINUSE (address already in use).\n  Likely cause: another process"
                shouldThrow<UringException> {
                    server.runtime.listen(
                        "203.0.113.7:0",
                    ) { echo }
                }.message!! shouldStartWith
                    "cannot listen on 203.0.113.7:0: EADDRNOTAVAIL"
                shouldThrow<ConfigException> { server.runtime.listen("nowhere") { echo } }
                (kernelObjects() - before.keys) shouldBe emptyMap()
            }
        }

        driverTest("a closed listener refuses newcomers, keeps its connections and frees its port") {
            leavesNothingBehind {
                val runtime = UringRuntime.start(smallConfig().workersCount(2).build())
                val listener = runtime.listen("127.0.0.1:0") { echo }
                val address = listener.localAddress() as InetSocketAddress
                Socket(address.address, address.port).use { client ->
                    client.echoes("before")
                    listener.close()
                    listener.close()
                    listener.closed().toCompletableFuture().get(20, TimeUnit.SECONDS)
                    shouldThrow<ConnectException> { Socket(address.address, address.port) }
                    client.echoes("after")
                    val again = runtime.listen("127.0.0.1:${address.port}") { echo }
                    Socket(address.address, address.port).use { it.echoes("again") }
                    again.close()
                }
                runtime.closeInTime()
            }
        }

        driverTest("a listener that closes under a storm of connections leaves no socket") {
            leavesNothingBehind {
                val runtime = UringRuntime.start(smallConfig().workersCount(2).build())
                repeat(30) {
                    val listener = runtime.listen("127.0.0.1:0") { echo }
                    val clients = List(50) { SocketChannel.open().apply { configureBlocking(false) } }
                    clients.forEach { it.connect(listener.localAddress()) }
                    listener.close()
                    listener.closed().toCompletableFuture().get(20, TimeUnit.SECONDS)
                    clients.forEach { it.close() }
                }
                await({ "${runtime.snapshots()}" }) { runtime.snapshots().all { it.connectionsActive() == 0 } }
                runtime.closeInTime()
            }
        }

        driverTest("every worker of a listener gets connections") {
            val config = smallConfig().workersCount(3).build()
            withServer(config, { echo }) { server ->
                repeat(200) { server.connect().echoes("x") }
                server.runtime.snapshots().forEach { it.connectionsAccepted() shouldBeGreaterThan 0L }
                server.runtime.snapshots().sumOf { it.connectionsAccepted() } shouldBe 200L
            }
        }

        driverTest("a full worker serves no more than connectionsPerWorkerMax, and the others in their turn") {
            val most = AtomicInteger()
            val now = AtomicInteger()
            val recorder =
                object : ConnectionHandler by echo {
                    override fun onOpen(connection: Connection) {
                        most.accumulateAndGet(now.incrementAndGet(), ::maxOf)
                    }

                    override fun onClosed(
                        connection: Connection,
                        cause: Throwable?,
                    ) {
                        now.decrementAndGet()
                    }
                }
            withServer(recorder, smallConfig().connectionsPerWorkerMax(3).build()) { server ->
                // All at once, so that one batch of the kernel's holds more than there is room for.
                val clients = server.worker.call { List(40) { SocketChannel.open(server.address) } }
                clients.forEach { it.write(ByteBuffer.wrap("hello".toByteArray())) }
                clients.forEach { client ->
                    client.socket().receiveText(5) shouldBe "hello"
                    client.close()
                }
                most.get() shouldBe 3
                server.worker.snapshot().connectionLimitPauses() shouldBeGreaterThan 0L
                await { server.worker.snapshot().connectionsClosed() == 40L }
            }
        }

        driverTest("connections that wait for room are closed with the listener") {
            leavesNothingBehind {
                val runtime = UringRuntime.start(smallConfig().connectionsPerWorkerMax(1).build())
                val listener = runtime.listen("127.0.0.1:0") { echo }
                val clients = runtime.worker(0).call { List(5) { SocketChannel.open(listener.localAddress()) } }
                clients[0].socket().echoes("served")
                listener.close()
                for (client in clients.drop(1)) runCatching { client.socket().getInputStream().read() }
                clients[0].socket().echoes("still served")
                clients.forEach { it.close() }
                runtime.closeInTime()
            }
        }

        driverTest("without a descriptor accepting pauses, and goes on when there is one") {
            withServer(echo, smallConfig().connectionsPerWorkerMax(5).build()) { server ->
                // First with room for all, so that no class has to be loaded when nothing can be opened.
                for ((descriptorsMax, failures) in listOf(10_000 to 0, 3 to 1)) {
                    // The kernel notes the limit when it is asked to accept, so the asking must fall under it: a full
                    // worker does not accept, and asks again when the connections that fill it have gone.
                    val filling = List(5) { server.connect().apply { echoes("x") } }
                    val waiting = List(5) { SocketChannel.open() }
                    withDescriptorLimit(descriptorsMax) {
                        waiting.forEach { it.connect(server.address) }
                        filling.forEach { it.close() }
                        await { server.worker.snapshot().acceptFailures() >= failures }
                    }
                    waiting.forEach { it.socket().echoes("at last") }
                    waiting.forEach { it.close() }
                    await { server.worker.snapshot().connectionsActive() == 0 }
                }
            }
        }

        driverTest("an acceptor that fails costs its connection and no other") {
            val next = AtomicInteger()
            val acceptor =
                ConnectionAcceptor {
                    when (next.getAndIncrement()) {
                        0 -> error("acceptor")
                        1 -> null
                        else -> echo
                    }
                }
            withServer(smallConfig().build(), acceptor) { server ->
                repeat(2) { runCatching { server.connect().getInputStream().read() }.isFailure shouldBe true }
                server.connect().echoes("third")
                server.worker.snapshot().failures() shouldBe 2
            }
        }

        driverTest("a connection that its acceptor writes to and closes says so and is gone") {
            val handler = Recorder()
            val acceptor =
                ConnectionAcceptor {
                    it.writeUtf8("full, sorry")
                    it.close()
                    handler
                }
            withServer(smallConfig().build(), acceptor) { server ->
                val client = server.connect()
                String(client.getInputStream().readAllBytes()) shouldBe "full, sorry"
                client.close()
                handler.closed() shouldBe null
            }
        }

        driverTest("a runtime that has shut down refuses to listen and keeps no descriptor") {
            leavesNothingBehind {
                val runtime = UringRuntime.start(smallConfig().workersCount(2).build())
                runtime.closeInTime()
                val refused = runCatching { runtime.listen("127.0.0.1:0") { echo } }.exceptionOrNull()
                refused.shouldBeInstanceOf<UringException>().message shouldBe
                    "cannot listen on 127.0.0.1:0: the runtime is shutting down"
            }
        }

        driverTest("listening while the runtime shuts down either works until the end or is refused") {
            leavesNothingBehind {
                repeat(50) {
                    val runtime = UringRuntime.start(smallConfig().workersCount(2).build())
                    val refused = ConcurrentLinkedQueue<Throwable>()
                    val listening =
                        Thread.ofPlatform().start {
                            runCatching { while (true) runtime.listen("127.0.0.1:0") { echo } }.onFailure {
                                refused +=
                                    it
                            }
                        }
                    runtime.closeInTime()
                    listening.join()
                    refused.single().shouldBeInstanceOf<UringException>()
                }
            }
        }
    })

private fun Socket.echoes(text: String) {
    soTimeout = 20_000
    send(text)
    receiveText(text.length) shouldBe text
}
