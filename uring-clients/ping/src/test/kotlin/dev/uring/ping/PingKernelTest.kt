package dev.uring.ping

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.client.LinkConfig
import dev.uring.dsl.UringScope
import dev.uring.dsl.uring
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.future.await
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield
import java.net.ServerSocket
import java.net.Socket
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

class PingKernelTest :
    FunSpec({
        defaultTestConfig = DefaultTestConfig(enabledOrReasonIf = { kernel }, timeout = 60.seconds)

        // A tutorial: a server and a client of it in one program.
        test("a server answers a client, as often as it is asked") {
            withUring {
                val server = pingServer("127.0.0.1:0")
                pingClient("127.0.0.1:${server.port}").use { client ->
                    client.ping()
                    repeat(1000) { client.ping() }
                    client.counters().sumOf { it.commandsSent } shouldBe 1002
                }
                server.close()
            }
        }

        test("pings of many coroutines, on workers, elsewhere and from Java, share one connection for each worker") {
            withUring(workers = 2) {
                val server = pingServer("127.0.0.1:0")
                pingClient("127.0.0.1:${server.port}").use { client ->
                    List(64) { n ->
                        launch(if (n % 2 == 0) Dispatchers.Default else coroutineContext) {
                            repeat(100) { client.ping() }
                        }
                    }.joinAll()
                    client.pingAsync().await()
                    client.counters().sumOf { it.commandsSent } shouldBe 6402
                    client.counters().all { it.connects <= 1 } shouldBe true
                }
                server.close()
            }
        }

        test("a server that is not well says why, and the next answer is its own") {
            withUring {
                var fault: String? = null
                val server = pingServer("127.0.0.1:0") { fault }
                pingClient("127.0.0.1:${server.port}").use { client ->
                    fault = "ERR disk full"
                    shouldThrow<PingRefusedException> { client.ping() }.message shouldBe
                        "PING: the server answers: ERR disk full"
                    fault = null
                    client.ping()
                }
                server.close()
            }
        }

        test("what is no ping is answered by an error, and the next line counts") {
            withUring {
                val server = pingServer("127.0.0.1:0")
                withContext(Dispatchers.IO) {
                    Socket("127.0.0.1", server.port).use { socket ->
                        socket.getOutputStream().write("HELLO\r\nPING\n".toByteArray())
                        val lines = socket.getInputStream().bufferedReader()
                        lines.readLine() shouldBe "-ERR unknown command"
                        lines.readLine() shouldBe "PONG"
                    }
                }
                server.close()
            }
        }

        test("a ping that is cancelled keeps its place, so its answer goes to nobody else") {
            SilentServer().use { silent ->
                withUring {
                    PingClient(runtime, LinkConfig(silent.address)).use { client ->
                        val cancelled = launch { client.ping() }
                        silent.awaitBytes(6)
                        cancelled.cancelAndJoin()
                        val refused =
                            launch {
                                shouldThrow<PingRefusedException> { client.ping() }.serverText shouldBe
                                    "mine"
                            }
                        silent.awaitBytes(12)
                        silent.answer("PONG\r\n-mine\r\n")
                        refused.join()
                    }
                }
            }
        }

        test("a server that is silent is waited for no longer than was said") {
            SilentServer().use { silent ->
                withUring {
                    PingClient(runtime, LinkConfig(silent.address, commandTimeout = 100.milliseconds)).use { client ->
                        val late = shouldThrow<PingTimeoutException> { client.ping() }
                        late.message shouldContain "PING: no answer within 100ms"
                    }
                }
            }
        }

        test("a pool asks the next server when one fails, and fails when all do") {
            withUring {
                val servers = List(2) { pingServer("127.0.0.1:0") }
                val configs = servers.map { LinkConfig("127.0.0.1:${it.port}") } + LinkConfig("127.0.0.1:1")
                PingPool(runtime, configs).use { pool ->
                    // The third server is not there: the first one answers in its place.
                    List(6) { pool.ping() } shouldBe listOf(0, 1, 0, 0, 1, 0)
                }
                PingPool(runtime, listOf(LinkConfig("127.0.0.1:1"))).use { pool ->
                    shouldThrow<PingConnectionException> { pool.ping() }.message shouldContain "127.0.0.1:1"
                }
                servers.forEach { it.close() }
            }
        }

        test("a client finds its server again after it was gone") {
            withUring {
                var server = pingServer("127.0.0.1:0")
                val port = server.port
                pingClient("127.0.0.1:$port").use { client ->
                    server.close()
                    server.join()
                    val asking = launch { client.ping() }
                    yield()
                    server = pingServer("127.0.0.1:$port")
                    asking.join()
                    client.counters().sumOf { it.connects } shouldBe 2
                }
                server.close()
            }
        }
    })

private val kernel: Enabled by lazy {
    try {
        UringRuntime
            .start(
                RuntimeConfig
                    .builder()
                    .workersCount(1)
                    .pinWorkers(false)
                    .build(),
            ).close()
        Enabled.enabled
    } catch (refusal: Exception) {
        if (System.getenv("CI") == "true") throw refusal
        Enabled.disabled("no io_uring: ${refusal.message}")
    }
}

/** Takes one connection, and answers only what a test tells it to. */
private class SilentServer : AutoCloseable {
    private val listener = ServerSocket(0)
    val address = "127.0.0.1:${listener.localPort}"
    private val accepted = lazy { listener.accept() }
    private var bytes = 0

    suspend fun awaitBytes(count: Int) =
        withContext(Dispatchers.IO) {
            while (bytes < count) {
                check(accepted.value.getInputStream().read() >= 0) { "the client has gone after $bytes bytes" }
                bytes++
            }
        }

    suspend fun answer(text: String) =
        withContext(Dispatchers.IO) {
            accepted.value.getOutputStream().write(text.toByteArray())
        }

    override fun close() {
        if (accepted.isInitialized()) accepted.value.close()
        listener.close()
    }
}

/** Runs [block] on worker 0. What is left of a test, which may hold sockets of its own, shows when all have ended. */
private fun withUring(
    workers: Int = 1,
    block: suspend UringScope.() -> Unit,
) = runBlocking { uring({ workersCount(workers).pinWorkers(false) }, block = block) }
