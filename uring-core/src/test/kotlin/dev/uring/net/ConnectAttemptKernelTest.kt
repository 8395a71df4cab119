package dev.uring.net

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.base.ConnectFailedException
import dev.uring.bytes.ByteView
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.leavesNothingBehind
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit

private val patience = Duration.ofSeconds(PATIENCE_SECONDS)
private val none = ConnectionHandler { _, bytes -> bytes.size() }

private fun <T> withRuntime(block: (UringRuntime) -> T): T =
    leavesNothingBehind {
        UringRuntime.start(RuntimeConfig.builder().workersCount(1).build()).use(block)
    }

private fun UringRuntime.connectTo(
    port: Int,
    timeout: Duration = patience,
    acceptor: ConnectionAcceptor = ConnectionAcceptor { none },
): ConnectAttempt = connect(worker(0), "127.0.0.1:$port", timeout, acceptor)

private fun ConnectAttempt.await(): Connection = result().toCompletableFuture().get(20, TimeUnit.SECONDS)

private fun ConnectAttempt.failure(): ConnectFailedException =
    shouldThrow<ExecutionException> { await() }.cause as ConnectFailedException

/** A listening socket whose backlog is full: the kernel drops further connection requests, so connecting takes for ever. */
private fun <T> withSilentPort(block: (Int) -> T): T =
    ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { server ->
        val fillers =
            List(8) {
                java.nio.channels.SocketChannel
                    .open()
                    .apply { configureBlocking(false) }
            }
        try {
            fillers.forEach { it.connect(server.localSocketAddress) }
            block(server.localPort)
        } finally {
            fillers.forEach { it.close() }
        }
    }

class ConnectAttemptKernelTest :
    FunSpec({
        driverTest("a connection to our own listener carries bytes both ways") {
            withRuntime { runtime ->
                val listener =
                    runtime.listen("127.0.0.1:0") {
                        ConnectionHandler {
                            c,
                            bytes,
                            ->
                            c.write(bytes).let { bytes.size() }
                        }
                    }
                val echoed = CompletableFuture<String>()
                val peerPort = CompletableFuture<Int>()
                runtime
                    .connectTo(listener.port()) {
                        object : ConnectionHandler {
                            override fun onOpen(connection: Connection) {
                                peerPort.complete((connection.remoteAddress() as InetSocketAddress).port)
                                connection.writeUtf8("hello")
                            }

                            override fun onReceive(
                                connection: Connection,
                                bytes: ByteView,
                            ): Int {
                                if (bytes.size() < 5) return 0
                                echoed.complete(bytes.toUtf8())
                                connection.close()
                                return bytes.size()
                            }
                        }
                    }.await()
                peerPort.get(20, TimeUnit.SECONDS) shouldBe listener.port()
                echoed.get(20, TimeUnit.SECONDS) shouldBe "hello"
            }
        }

        driverTest("a refused connection says where, why and what to do") {
            val port = ServerSocket(0).use { it.localPort }
            withRuntime { runtime ->
                val failure = runtime.connectTo(port).failure()
                failure.errno() shouldBe 111
                failure.message!! shouldStartWith "cannot connect to 127.0.0.1:$port: ECONNREFUSED"
            }
        }

        driverTest("a peer that does not answer costs the timeout and no descriptor") {
            withSilentPort { port ->
                withRuntime { runtime ->
                    runtime.connectTo(port, Duration.ofMillis(50)).failure().message shouldBe
                        "cannot connect to 127.0.0.1:$port: no answer within 50 ms"
                }
            }
        }

        driverTest("a cancelled attempt ends at once and leaves no descriptor") {
            withSilentPort { port ->
                withRuntime { runtime ->
                    val attempt = runtime.connectTo(port, Duration.ZERO)
                    attempt.cancel()
                    attempt.failure().message shouldBe "cannot connect to 127.0.0.1:$port: it was cancelled"
                }
            }
        }

        driverTest("an attempt that is given up when the kernel has connected it already brings no connection") {
            withRuntime { runtime ->
                val listener = runtime.listen("127.0.0.1:0") { none }
                val worker = runtime.worker(0)
                val attempt =
                    worker.call {
                        val attempt = runtime.connectTo(listener.port())
                        // It is begun by a task behind this one, so that what follows it is begun behind it.
                        worker.execute {
                            // On loopback the answer is there when the call returns; it is delivered in the next turn.
                            worker.driver().enter(0)
                            attempt.giveUp("it came too late")
                        }
                        attempt
                    }
                attempt.failure().message shouldBe
                    "cannot connect to 127.0.0.1:${listener.port()}: it came too late"
                worker.call { worker.snapshot().connectionsConnected() } shouldBe 0L
            }
        }

        driverTest("shutdown ends an attempt that waits") {
            withSilentPort { port ->
                val attempt = withRuntime { runtime -> runtime.connectTo(port, Duration.ZERO) }
                attempt.failure().message shouldBe "cannot connect to 127.0.0.1:$port: the runtime is shutting down"
            }
        }

        driverTest("an attempt cancelled at a random moment either connects or leaves nothing") {
            withRuntime { runtime ->
                val listener = runtime.listen("127.0.0.1:0") { none }
                repeat(500) {
                    val attempt = runtime.connectTo(listener.port())
                    if (it % 2 == 0) attempt.cancel()
                    runCatching { attempt.await() }.onSuccess { connection ->
                        connection.worker().execute(connection::close)
                    }
                }
            }
        }
    })
