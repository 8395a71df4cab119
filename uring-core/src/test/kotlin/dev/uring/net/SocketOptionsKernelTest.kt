package dev.uring.net

import dev.uring.UringRuntime
import dev.uring.abi.Socket.IPPROTO_IPV6
import dev.uring.abi.Socket.IPPROTO_TCP
import dev.uring.abi.Socket.IPV6_V6ONLY
import dev.uring.abi.Socket.SOL_SOCKET
import dev.uring.abi.Socket.SO_KEEPALIVE
import dev.uring.abi.Socket.SO_RCVBUF
import dev.uring.abi.Socket.SO_SNDBUF
import dev.uring.abi.Socket.TCP_KEEPCNT
import dev.uring.abi.Socket.TCP_KEEPIDLE
import dev.uring.abi.Socket.TCP_KEEPINTVL
import dev.uring.abi.Socket.TCP_NODELAY
import dev.uring.abi.Socket.TCP_QUICKACK
import dev.uring.abi.Socket.TCP_USER_TIMEOUT
import dev.uring.base.ConnectFailedException
import dev.uring.base.ConnectionLostException
import dev.uring.ffi.Libc
import dev.uring.socket.KeepAlive
import dev.uring.socket.SocketOptions
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.Recorder
import dev.uring.testing.RingOnly
import dev.uring.testing.call
import dev.uring.testing.closeInTime
import dev.uring.testing.driverTest
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.receive
import dev.uring.testing.receiveText
import dev.uring.testing.ringTest
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeBetween
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.net.Socket
import java.time.Duration
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit

private fun <T> withRuntime(
    noDelay: Boolean = true,
    linger: Duration = Duration.ofSeconds(1),
    block: (UringRuntime) -> T,
): T =
    leavesNothingBehind {
        val runtime = UringRuntime.start(smallConfig().tcpNoDelay(noDelay).lingerTimeout(linger).build())
        try {
            block(runtime)
        } finally {
            // Also after a failure: a worker that is left would be one for each test behind.
            runtime.closeInTime()
        }
    }

private fun Connection.option(
    level: Int,
    name: Int,
): Int = call { Libc.getsockoptInt(socket(), level, name) }

/** Both ends of a connection over a listener with [options], connected with the same. */
private fun UringRuntime.bothEnds(options: SocketOptions): List<Connection> {
    val accepted = Recorder()
    val listener = listen("127.0.0.1:0", options) { accepted }
    val connected = Recorder()
    connect(worker(0), "127.0.0.1:${listener.port()}", Duration.ofSeconds(PATIENCE_SECONDS), options) { connected }
    return listOf(accepted.connection(), connected.connection())
}

private fun Socket.within() = apply { soTimeout = TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS).toInt() }

class SocketOptionsKernelTest :
    FunSpec({
        ringTest(RingOnly.SOCKET_DETAIL, "every option reaches the sockets of both sides") {
            val options =
                SocketOptions
                    .builder()
                    .noDelay(false)
                    .keepAlive(KeepAlive(Duration.ofSeconds(11), Duration.ofSeconds(12), 5))
                    .userTimeout(Duration.ofSeconds(13))
                    .sendBufferBytes(50_000)
                    .receiveBufferBytes(60_000)
                    .quickAck(true)
                    .build()
            withRuntime { runtime ->
                for (connection in runtime.bothEnds(options)) {
                    connection.option(IPPROTO_TCP, TCP_NODELAY) shouldBe 0
                    connection.option(SOL_SOCKET, SO_KEEPALIVE) shouldBe 1
                    connection.option(IPPROTO_TCP, TCP_KEEPIDLE) shouldBe 11
                    connection.option(IPPROTO_TCP, TCP_KEEPINTVL) shouldBe 12
                    connection.option(IPPROTO_TCP, TCP_KEEPCNT) shouldBe 5
                    connection.option(IPPROTO_TCP, TCP_USER_TIMEOUT) shouldBe 13_000
                    connection.option(IPPROTO_TCP, TCP_QUICKACK) shouldBe 1
                    // The kernel keeps twice the number.
                    connection.option(SOL_SOCKET, SO_SNDBUF) shouldBe 100_000
                    connection.option(SOL_SOCKET, SO_RCVBUF) shouldBe 120_000
                }
            }
        }

        ringTest(
            RingOnly.SOCKET_DETAIL,
            "without options the configuration decides about small segments, on both sides",
        ) {
            for (noDelay in listOf(true, false)) {
                withRuntime(noDelay) { runtime ->
                    runtime.bothEnds(SocketOptions.defaults()).forEach {
                        it.option(IPPROTO_TCP, TCP_NODELAY) shouldBe (if (noDelay) 1 else 0)
                        it.option(SOL_SOCKET, SO_KEEPALIVE) shouldBe 0
                    }
                }
            }
        }

        ringTest(RingOnly.SOCKET_DETAIL, "with defer accept a silent client is not accepted, and one that speaks is") {
            withRuntime { runtime ->
                val options = SocketOptions.builder().deferAccept(Duration.ofSeconds(PATIENCE_SECONDS)).build()
                val listener =
                    runtime.listen("127.0.0.1:0", options) { c ->
                        ConnectionHandler {
                            _,
                            b,
                            ->
                            b.size().also { c.write(b) }
                        }
                    }
                Socket("127.0.0.1", listener.port()).use { silent ->
                    Socket("127.0.0.1", listener.port()).within().use {
                        it.send("x")
                        it.receive(1)
                    }
                    runtime.worker(0).snapshot().connectionsAccepted() shouldBe 1L
                    silent.isConnected shouldBe true
                }
            }
        }

        driverTest("with fast open the exchange is the same as without") {
            withRuntime { runtime ->
                val options = SocketOptions.builder().fastOpen(true).build()
                val served = Recorder(onReceive = { c, bytes -> bytes.size().also { c.write(bytes) } })
                val listener = runtime.listen("127.0.0.1:0", options) { served }
                val client =
                    Recorder(onOpen = { it.writeUtf8("fast") }, onReceive = { c, b ->
                        if (b.size() <
                            4
                        ) {
                            0
                        } else {
                            b.size().also { c.close() }
                        }
                    })
                runtime.connect(runtime.worker(0), "127.0.0.1:${listener.port()}", Duration.ZERO, options) { client }
                client.closed() shouldBe null
                client.events.contains("receive") shouldBe true
            }
        }

        driverTest("a connection is made from the local address that was asked for") {
            withRuntime { runtime ->
                val served = Recorder()
                val listener = runtime.listen("127.0.0.1:0") { served }
                val options = SocketOptions.builder().localAddress(InetSocketAddress("127.0.0.77", 0)).build()
                val client = Recorder()
                runtime.connect(runtime.worker(0), "127.0.0.1:${listener.port()}", Duration.ZERO, options) { client }
                val local = client.connection().call { localAddress() } as InetSocketAddress
                local.address.hostAddress shouldBe "127.0.0.77"
                served.connection().call { remoteAddress() } shouldBe local

                val foreign = SocketOptions.builder().localAddress(InetSocketAddress("203.0.113.7", 0)).build()
                val attempt =
                    runtime.connect(
                        runtime.worker(0),
                        "127.0.0.1:${listener.port()}",
                        Duration.ZERO,
                        foreign,
                    ) { client }
                shouldThrow<ExecutionException> { attempt.result().toCompletableFuture().get() }
                    .cause
                    .shouldBeInstanceOf<ConnectFailedException>()
                    .message shouldContain "this machine does not have localAddress=203.0.113.7:0"
            }
        }

        driverTest("a port that is shared on purpose has two listeners, and one that is not has one") {
            withRuntime { first ->
                val listener = first.listen("127.0.0.1:0?reuseport=true") { Recorder() }
                first.listen("tcp://127.0.0.1:${listener.port()}?reuseport=true") { Recorder() }.port() shouldBe
                    listener.port()
                runCatching { first.listen("127.0.0.1:${listener.port()}") { Recorder() } }.isFailure shouldBe true
            }
        }

        ringTest(RingOnly.IPV6_ONLY, "tcp6 takes no IPv4 client, and its port is free for one that does") {
            withRuntime { runtime ->
                val v6 = Recorder()
                val v4 = Recorder()
                // What is free in one family may be taken in the other: a socket of both gets a number that is free in both.
                val port = ServerSocket(0).use { it.localPort }
                runtime.listen("tcp6://:$port") { v6 }.port() shouldBe port
                runtime.listen("tcp4://:$port") { v4 }
                Socket("127.0.0.1", port).use { v4.connection() }
                Socket("::1", port).use { v6.connection().option(IPPROTO_IPV6, IPV6_V6ONLY) shouldBe 1 }
            }
        }

        ringTest(RingOnly.SOCKET_DETAIL, "TcpInfo counts what went through the connection") {
            withRuntime { runtime ->
                val served = Recorder(onReceive = { c, bytes -> bytes.size().also { c.write(bytes) } })
                val listener = runtime.listen("127.0.0.1:0") { served }
                Socket("127.0.0.1", listener.port()).within().use { client ->
                    client.send("x".repeat(1000))
                    client.receive(1000)
                    val info = served.connection().call { tcpInfo() }!!
                    info.state() shouldBe 1
                    info.bytesReceived() shouldBe 1000
                    info.retransmitsTotal() shouldBe 0
                    info.rttMicros().shouldBeBetween(1L, 10_000_000L)
                    info.rttMinMicros().shouldBeBetween(1L, 10_000_000L)
                    info.retransmitTimeoutMicros() shouldBeGreaterThan 0L
                    info.sendSegmentBytes() shouldBeGreaterThan 500
                    info.pathMtuBytes() shouldBeGreaterThan 500
                    info.congestionWindowSegments() shouldBeGreaterThan 0L
                    info.segmentsReceived() shouldBeGreaterThan 0L
                    info.segmentsSent() shouldBeGreaterThan 0L
                }
                served.closed() shouldBe null
            }
        }

        driverTest("a connection that is silent in both directions for idleTimeout is lost, and a busy one is not") {
            val limit = Duration.ofMillis(200)
            val options = SocketOptions.builder().idleTimeout(limit).build()
            withRuntime { runtime ->
                val silent = Recorder()
                val busy = Recorder(onReceive = { c, bytes -> bytes.size().also { c.write(bytes) } })
                val handlers = ArrayDeque(listOf(silent, busy))
                val listener = runtime.listen("127.0.0.1:0", options) { handlers.removeFirst() }
                Socket("127.0.0.1", listener.port()).use { _ ->
                    silent.connection()
                    var before = System.nanoTime()
                    var longestNanos = 0L
                    val exchanges =
                        Socket("127.0.0.1", listener.port()).within().use { client ->
                            // Exchanges that together take much longer than the limit.
                            runCatching {
                                while (!silent.isClosed) {
                                    val began = System.nanoTime()
                                    client.send("x")
                                    client.receiveText(1) shouldBe "x"
                                    longestNanos = maxOf(longestNanos, System.nanoTime() - before)
                                    before = began
                                }
                            }
                        }
                    val cause = busy.closed()
                    longestNanos = maxOf(longestNanos, System.nanoTime() - before)
                    // When the machine stood still for so long, the busy one was silent, too.
                    if (longestNanos < limit.toNanos()) {
                        exchanges.getOrThrow()
                        cause shouldBe null
                    }
                    silent.closed().shouldBeInstanceOf<ConnectionLostException>().message!! shouldContain
                        "no byte in either direction within idleTimeout=PT0.2S (connection 127.0.0.1:"
                }
            }
        }

        driverTest("a connection without bytes is not lost before idleTimeout, counted from its beginning") {
            withRuntime { runtime ->
                val began = System.nanoTime()
                val options = SocketOptions.builder().idleTimeout(Duration.ofMillis(100)).build()
                runtime.bothEnds(options).forEach { it.worker().isCurrent shouldBe false }
                val served = Recorder()
                val listener = runtime.listen("127.0.0.1:0", options) { served }
                Socket("127.0.0.1", listener.port()).use { served.closed() }
                (System.nanoTime() - began) shouldBeGreaterThan TimeUnit.MILLISECONDS.toNanos(100)
            }
        }

        driverTest("a linger of its own goes before that of the configuration") {
            withRuntime(linger = Duration.ofMinutes(1)) { runtime ->
                val served = Recorder(onOpen = { it.close() })
                val listener =
                    runtime.listen(
                        "127.0.0.1:0",
                        SocketOptions.builder().linger(Duration.ZERO).build(),
                    ) { served }
                // The client never closes: with the configured linger the descriptor would stay for a minute.
                Socket("127.0.0.1", listener.port()).use {
                    served.closed() shouldBe null
                }
            }
        }

        driverTest("what is attached to a connection stays with it") {
            withRuntime { runtime ->
                val served = Recorder(onOpen = { it.attach("state") })
                val listener = runtime.listen("127.0.0.1:0") { served }
                Socket("127.0.0.1", listener.port()).use {
                    served.connection().call { attachment() } shouldBe "state"
                    shouldThrow<IllegalStateException> { served.connection().attach("from elsewhere") }
                }
            }
        }
    })
