package dev.uring.dsl

import dev.uring.base.ConfigException
import dev.uring.base.ConnectFailedException
import dev.uring.base.ConnectionLostException
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import java.net.InetAddress
import java.net.ServerSocket
import java.net.SocketException
import java.nio.channels.SocketChannel
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime

/** Opening connections from coroutines: where they live, who ends them, and that nothing is left of those given up. */
class ConnectKernelTest :
    FunSpec({
        driverTest("a connection that was opened is of the same kind as one that was accepted") {
            testUring {
                val server = tcp("127.0.0.1:0") { conn -> conn.forEachView { conn.write(it) } }
                val conn = connect(server.text)
                conn.remoteAddress shouldBe server.localAddress
                conn.send("hello")
                conn.readText(5) shouldBe "hello"
                conn.close()
                shutdown()
            }
        }

        driverTest("the form with a block returns its result when all it wrote is sent and the socket is closed") {
            val received = CompletableDeferred<Int>()
            testUring {
                val server =
                    tcp("127.0.0.1:0") { conn ->
                        var total = 0
                        conn.forEachView { total += it.size() }
                        received.complete(total)
                    }
                connect(server.text) { conn ->
                    launch { conn.write(ByteArray(1 shl 20)) }
                    "result"
                } shouldBe "result"
                received.await() shouldBe (1 shl 20)
                opened() shouldBe 1
                shutdown()
            }
        }

        driverTest("a block that fails resets its connection, and the failure is thrown") {
            val seen = CompletableDeferred<Throwable>()
            testUring {
                val server =
                    tcp("127.0.0.1:0", onError = { _, cause -> seen.complete(cause) }) { conn ->
                        conn.write("x")
                        conn.forEachView { }
                    }
                shouldThrow<IllegalStateException> {
                    connect(server.text) { conn ->
                        conn.readText(1)
                        error("half way")
                    }
                }.message shouldBe "half way"
                (seen.await() is ConnectionLostException) shouldBe true
                shutdown()
            }
        }

        driverTest("a connection lives on the worker that opens it") {
            testUring {
                val server = tcp("127.0.0.1:0") { conn -> conn.forEachView { conn.write(it) } }
                for (index in 0 until runtime.workersCount()) {
                    onWorker(index) {
                        connect(server.text) { conn ->
                            conn.worker shouldBe runtime.worker(index)
                            conn.worker.isCurrent shouldBe true
                        }
                    }
                }
                shutdown()
            }
        }

        driverTest("opened from outside the workers, connections go to the workers by turns and blocks run there") {
            testUring {
                val server = tcp("127.0.0.1:0") { conn -> conn.forEachView { conn.write(it) } }
                val workers = mutableListOf<Int>()
                withContext(Dispatchers.IO) {
                    repeat(4) {
                        connect(server.text) { conn ->
                            workers += conn.worker.index()
                            conn.send("hi")
                            conn.readText(2) shouldBe "hi"
                        }
                    }
                    val conn = connect(server.text)
                    onWorker(conn.worker.index()) { conn.close() }
                }
                workers shouldBe listOf(0, 1, 0, 1)
                shutdown()
            }
        }

        driverTest("a handler opens a connection of its own and passes bytes on") {
            testUring {
                val upstream = tcp("127.0.0.1:0") { conn -> conn.forEachView { conn.write(it) } }
                val proxy =
                    tcp("127.0.0.1:0") { conn ->
                        connect(upstream.text) { up ->
                            up.worker shouldBe conn.worker
                            launch { up.forEachView { conn.write(it) } }
                            conn.forEachView { up.write(it) }
                            up.shutdownOutput()
                        }
                    }
                withContext(Dispatchers.IO) {
                    proxy.connect().use {
                        it.send("through two servers")
                        it.finishSending()
                        it.receiveTextToEnd() shouldBe "through two servers"
                    }
                }
                shutdown()
            }
        }

        driverTest("a port where nobody listens is refused with the errno and the likely cause") {
            val port = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
            testUring {
                val refusal = shouldThrow<ConnectFailedException> { connect("127.0.0.1:$port") }
                refusal.errno() shouldBe ECONNREFUSED
                refusal.message!! shouldStartWith "cannot connect to 127.0.0.1:$port: ECONNREFUSED"
                shouldThrow<ConfigException> { connect("nowhere") }.message!! shouldContain "'nowhere'"
                shouldThrow<IllegalArgumentException> { connect("127.0.0.1:$port", Duration.ZERO) }
            }
        }

        driverTest("a peer that does not answer costs the timeout, and a cancelled caller waits for nothing") {
            withSilentPort { port ->
                testUring {
                    shouldThrow<ConnectFailedException> { connect("127.0.0.1:$port", 50.milliseconds) }.message shouldBe
                        "cannot connect to 127.0.0.1:$port: no answer within 50 ms"
                    measureTime {
                        withTimeoutOrNull(20.milliseconds) { connect("127.0.0.1:$port", Duration.INFINITE) } shouldBe
                            null
                        val waiting = launch(start = CoroutineStart.UNDISPATCHED) { connect("127.0.0.1:$port") { } }
                        waiting.cancelAndJoin()
                    } shouldBeLessThan 5.seconds
                }
            }
        }

        driverTest("shutdown ends a connect that waits") {
            withSilentPort { port ->
                testUring {
                    launch { connect("127.0.0.1:$port", Duration.INFINITE) }
                    launch { shutdown() }
                    awaitCancellation()
                }
            }
        }

        driverTest("connects cancelled at random moments leave no socket and no coroutine") {
            val seed = newSeed()
            val served = AtomicInteger()
            val connected = AtomicInteger()
            testUring {
                val server =
                    tcp("127.0.0.1:0", onError = { _, _ -> }) { conn ->
                        served.incrementAndGet()
                        conn.forEachView { }
                    }
                val random = Random(seed)
                repeat(CANCELLATIONS) { round ->
                    val spins = random.nextInt(SPINS_MAX)
                    coroutineScope {
                        val attempt =
                            launch(start = CoroutineStart.UNDISPATCHED) {
                                if (round % 2 == 0) {
                                    connect(server.text) { awaitCancellation() }
                                } else {
                                    val conn = connect(server.text)
                                    connected.incrementAndGet()
                                    conn.abort()
                                }
                            }
                        withContext(Dispatchers.Default) {
                            repeat(spins) { Thread.onSpinWait() }
                            attempt.cancel()
                        }
                    }
                }
                eventually(20.seconds) {
                    runtime.snapshots().sumOf { it.connectionsActive() } shouldBe 0
                    server.handlersActive shouldBe 0
                }
                println("of $CANCELLATIONS: ${opened()} opened, ${connected.get()} delivered, ${served.get()} served")
                shutdown()
            }
        }

        driverTest("a connection that is left open is closed in order when the block has ended") {
            ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { listener ->
                testUring { connect("127.0.0.1:${listener.localPort}").write("last words") }
                listener.accept().use { String(it.getInputStream().readAllBytes()) shouldBe "last words" }
            }
        }

        driverTest("a connection that is left open by a block that fails is reset") {
            ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { listener ->
                shouldThrow<IllegalStateException> {
                    testUring {
                        connect("127.0.0.1:${listener.localPort}")
                        error("the block fails")
                    }
                }
                listener.accept().use { shouldThrow<SocketException> { it.getInputStream().read() } }
            }
        }

        driverTest("a cancelled block's connection is reset, and the caller goes on when it is closed") {
            val order = ConcurrentLinkedQueue<String>()
            testUring {
                val server =
                    tcp("127.0.0.1:0", onError = {
                        _,
                        cause,
                        ->
                        order += "server: ${cause::class.simpleName}"
                    }) { conn ->
                        conn.forEachView { }
                    }
                val job =
                    launch(start = CoroutineStart.UNDISPATCHED) {
                        try {
                            connect(server.text) { awaitCancellation() }
                        } catch (cancellation: CancellationException) {
                            order += "client: opened connections=${opened()}"
                            throw cancellation
                        }
                    }
                eventually(20.seconds) { server.handlersActive shouldBe 1 }
                job.cancelAndJoin()
                // A server that closes before it hears of the reset tells its handler of an end instead.
                eventually(20.seconds) { order.size shouldBe 2 }
                server.close()
                server.join()
                order.toList().sorted() shouldBe
                    listOf("client: opened connections=1", "server: ConnectionLostException")
                runtime.snapshots().sumOf { it.connectionsActive() } shouldBe 0
                shutdown()
            }
        }
    })

private const val ECONNREFUSED = 111
private const val CANCELLATIONS = 2_000
private const val SPINS_MAX = 20_000

private val Server.text: String get() = "127.0.0.1:$port"

private fun UringScope.opened(): Long = runtime.snapshots().sumOf { it.connectionsConnected() }

private suspend fun Connection.readText(count: Int): String {
    var text = ""
    parse { view ->
        if (view.size() < count) return@parse 0
        text = view.toUtf8(0, count)
        count
    }
    return text
}

/** A listening socket whose backlog is full: the kernel drops further requests, so connecting takes for ever. */
private suspend fun withSilentPort(block: suspend (Int) -> Unit) =
    ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { server ->
        val fillers = List(8) { SocketChannel.open().apply { configureBlocking(false) } }
        try {
            fillers.forEach { it.connect(server.localSocketAddress) }
            block(server.localPort)
        } finally {
            fillers.forEach { it.close() }
        }
    }
