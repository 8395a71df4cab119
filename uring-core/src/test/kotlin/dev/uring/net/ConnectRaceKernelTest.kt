package dev.uring.net

import dev.uring.UringRuntime
import dev.uring.base.ConnectFailedException
import dev.uring.socket.SocketOptions
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.Recorder
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.closeInTime
import dev.uring.testing.driverTest
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.smallConfig
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.nio.channels.SocketChannel
import java.time.Duration
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import kotlin.random.Random

private val long = Duration.ofSeconds(PATIENCE_SECONDS)

private fun <T> withRuntime(block: (UringRuntime) -> T): T =
    leavesNothingBehind {
        val runtime = UringRuntime.start(smallConfig().build())
        try {
            block(runtime)
        } finally {
            runtime.closeInTime()
        }
    }

private fun UringRuntime.race(
    ports: List<Int>,
    attemptDelay: Duration = long,
    timeout: Duration = long,
    acceptor: ConnectionAcceptor = ConnectionAcceptor { Recorder() },
): ConnectRace =
    connect(
        worker(0),
        ports.map { "127.0.0.1:$it" },
        attemptDelay,
        timeout,
        SocketOptions.defaults(),
        acceptor,
    )

private fun ConnectRace.await(): Connection = result().toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS)

private fun ConnectRace.failure(): ConnectFailedException =
    shouldThrow<ExecutionException> { await() }.cause as ConnectFailedException

private fun UringRuntime.operationsUnderWay(): Int = worker(0).call { worker(0).snapshot().operationsUnderWay() }

private fun Connection.port(): Int = (remoteAddress() as InetSocketAddress).port

private fun freePort(): Int = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }

/** A listening socket whose backlog is full: the kernel drops further requests, so connecting takes for ever. */
private fun <T> withSilentPort(block: (Int) -> T): T =
    ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { server ->
        val fillers = List(8) { SocketChannel.open().apply { configureBlocking(false) } }
        try {
            fillers.forEach { it.connect(server.localSocketAddress) }
            block(server.localPort)
        } finally {
            fillers.forEach { it.close() }
        }
    }

class ConnectRaceKernelTest :
    FunSpec({
        driverTest("an address that refuses costs no delay, the next one is tried at once") {
            withRuntime { runtime ->
                val port = runtime.listen("127.0.0.1:0") { Recorder() }.port()
                val began = System.nanoTime()
                runtime.race(listOf(freePort(), freePort(), port)).await().port() shouldBe port
                Duration.ofNanos(System.nanoTime() - began) shouldBeLessThan Duration.ofSeconds(10)
            }
        }

        driverTest("an address that is silent costs the delay, and its socket is closed when another answers") {
            withSilentPort { silent ->
                withRuntime { runtime ->
                    val port = runtime.listen("127.0.0.1:0") { Recorder() }.port()
                    val began = System.nanoTime()
                    val delay = Duration.ofMillis(100)
                    val idle = runtime.operationsUnderWay()
                    val connection = runtime.race(listOf(silent, port), delay).await()
                    connection.port() shouldBe port
                    delay shouldBeLessThan Duration.ofNanos(System.nanoTime() - began)
                    runtime.snapshots()[0].connectionsConnected() shouldBe 1L
                    connection.worker().execute(connection::abort)
                    // The attempt that is still without an answer is ended too, and long before the runtime.
                    await { runtime.operationsUnderWay() == idle }
                }
            }
        }

        driverTest("when nobody answers every reason is named, with the errno of the last") {
            val (first, second) = List(2) { freePort() }
            withRuntime { runtime ->
                val failure = runtime.race(listOf(first, second)).failure()
                failure.errno() shouldBe 111
                val refused =
                    "ECONNREFUSED (connection refused)\n  Likely cause: nothing listens there. " +
                        "Start the server, or check the port."
                failure.message shouldBe
                    "cannot connect to any of 2 addresses\n" +
                    "  cannot connect to 127.0.0.1:$first: $refused\n" +
                    "  cannot connect to 127.0.0.1:$second: $refused"
            }
        }

        driverTest("the timeout is for all addresses together") {
            withSilentPort { silent ->
                withRuntime { runtime ->
                    val why = "no answer within 50 ms"
                    runtime
                        .race(
                            listOf(silent, silent),
                            Duration.ofMillis(10),
                            Duration.ofMillis(50),
                        ).failure()
                        .message shouldBe
                        "cannot connect to any of 2 addresses: $why\n" +
                        List(2) { "  cannot connect to 127.0.0.1:$silent: $why" }.joinToString("\n")
                }
            }
        }

        driverTest("a race that is cancelled, or shut down, leaves nothing") {
            withSilentPort { silent ->
                withRuntime { runtime ->
                    val race = runtime.race(listOf(silent, silent), Duration.ofMillis(1))
                    race.cancel()
                    race.failure().errno() shouldBe 0
                    runtime.race(listOf(silent, silent), Duration.ofMillis(1), Duration.ZERO)
                }
            }
        }

        driverTest("of many addresses that answer together exactly one is opened, whatever the moment") {
            val seed = System.nanoTime()
            println("seed=$seed")
            val random = Random(seed)
            withRuntime { runtime ->
                val ports = List(4) { runtime.listen("127.0.0.1:0") { Recorder() }.port() }
                val opened = ConcurrentLinkedQueue<Recorder>()
                repeat(300) { round ->
                    val race =
                        runtime.race(ports.shuffled(random), Duration.ofNanos(random.nextLong(1, 300_000))) {
                            Recorder().also { opened += it }
                        }
                    if (round % 3 == 0) race.cancel()
                    val connection = runCatching { race.await() }.getOrNull()
                    if (connection != null) connection.worker().execute(connection::abort)
                    // One handler for each race that was won, none for those that were not.
                    opened.size shouldBe (if (connection == null) 0 else 1)
                    opened.clear()
                }
                await { runtime.snapshots()[0].connectionsActive() == 0 }
            }
        }
    })
