package dev.uring.dsl

import dev.uring.base.ConnectFailedException
import dev.uring.base.ConnectionLostException
import dev.uring.socket.AcceptPlacement
import dev.uring.socket.KeepAlive
import dev.uring.socket.SocketOptions
import dev.uring.socket.TcpInfo
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.channels.Channel
import java.net.InetAddress
import java.net.ServerSocket
import java.net.UnixDomainSocketAddress
import java.time.Duration
import kotlin.io.path.exists
import kotlin.time.Duration.Companion.minutes

/** Addresses and options, as a program in Kotlin gives them. */
class SocketsKernelTest :
    FunSpec({
        val folder = tempdir().toPath()

        driverTest("several listeners, TCP and Unix, in one block, and a client that reaches each") {
            val path = folder.resolve("echo.sock")
            testUring {
                val addresses =
                    listOf("tcp4://127.0.0.1:0", "tcp6://[::1]:0", "unix:$path").map { text ->
                        val server = tcp(text) { conn -> conn.forEachView { conn.write(it) } }
                        if (text.startsWith("unix:")) text else text.replace(":0", ":${server.port}")
                    }
                for (address in addresses) {
                    connect(address) { conn ->
                        conn.send("hello")
                        conn.shutdownOutput()
                        var text = ""
                        conn.forEachView { text += it.toUtf8() }
                        text shouldBe "hello"
                    }
                }
                shutdown()
            }
            path.exists() shouldBe false
        }

        ringTest(
            RingOnly.KERNEL_FACTS,
            "a Unix peer is known by its process, and attached state stays with the connection",
        ) {
            val path = folder.resolve("peer.sock")
            testUring {
                val server =
                    tcp("unix:$path?mode=600") { conn ->
                        conn.attachment = conn.peerCredentials?.pid()
                        conn.send("you are ${conn.attachment}")
                    }
                server.localAddress shouldBe UnixDomainSocketAddress.of(path)
                shouldThrow<IllegalStateException> { server.port }.message shouldContain "$path"
                connect("unix:$path") { conn ->
                    var text = ""
                    conn.forEachView { text += it.toUtf8() }
                    text shouldBe "you are ${ProcessHandle.current().pid()}"
                }
                shutdown()
            }
        }

        ringTest(RingOnly.KERNEL_FACTS, "options are given to tcp and to connect, and TcpInfo is there on both sides") {
            val options =
                SocketOptions
                    .builder()
                    .keepAlive(KeepAlive.DEFAULT)
                    .quickAck(true)
                    .build()
            val served = CompletableDeferred<TcpInfo>()
            testUring {
                val server =
                    tcp("127.0.0.1:0", options = options) { conn ->
                        conn.parse { if (it.size() < 5) 0 else 5.also { _ -> conn.write(it) } }
                        served.complete(conn.tcpInfo!!)
                    }
                connect("127.0.0.1:${server.port}", options = options) { conn ->
                    conn.send("hello")
                    conn.parse { if (it.size() < 5) 0 else 5 }
                    conn.tcpInfo!!.rttMicros() shouldBeGreaterThan 0L
                }
                served.await().bytesReceived() shouldBe 5
                shutdown()
            }
        }

        driverTest("a silent connection ends with idleTimeout, and its handler hears why") {
            val heard = CompletableDeferred<Throwable>()
            val options = SocketOptions.builder().idleTimeout(Duration.ofMillis(100)).build()
            testUring {
                val server =
                    tcp("127.0.0.1:0", onError = { _, cause -> heard.complete(cause) }, options = options) { conn ->
                        conn.forEachView { }
                    }
                val conn = connect("127.0.0.1:${server.port}")
                (heard.await() as ConnectionLostException).message shouldContain "idleTimeout=PT0.1S"
                shouldThrow<ConnectionLostException> { conn.receive { it.size() } }
                shutdown()
            }
        }

        driverTest("of several addresses the first that answers gets the connection") {
            testUring {
                val server = tcp("127.0.0.1:0") { conn -> conn.send("here") }
                val nobody = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
                connect(listOf("127.0.0.1:$nobody", "127.0.0.1:${server.port}"), attemptDelay = 1.minutes) { conn ->
                    var text = ""
                    conn.forEachView { text += it.toUtf8() }
                    text shouldBe "here"
                }
                val failure = shouldThrow<ConnectFailedException> { connect(listOf("127.0.0.1:$nobody")) }
                failure.message shouldContain
                    "cannot connect to any of 1 addresses\n  cannot connect to 127.0.0.1:$nobody"
                failure.errno() shouldBe 111
                shouldThrow<IllegalArgumentException> { connect(emptyList()) }
                shutdown()
            }
        }

        driverTest("a stream that ends in the middle of a message is told apart from one that ends behind it") {
            val ends = Channel<Boolean>(2)
            testUring {
                val server =
                    tcp("127.0.0.1:0") { conn ->
                        while (conn.parse { if (it.size() < 3) 0 else 3 }) continue
                        ends.send(conn.endedMidMessage)
                    }
                for ((sent, isCut) in listOf("onetwo" to false, "onetw" to true, "" to false)) {
                    connect("127.0.0.1:${server.port}") { it.write(sent) }
                    ends.receive() shouldBe isCut
                }
                shutdown()
            }
        }

        driverTest("by turns, connections of one client reach every worker") {
            val options = SocketOptions.builder().acceptPlacement(AcceptPlacement.ROUND_ROBIN).build()
            testUring {
                val server =
                    tcp("127.0.0.1:0", options = options) { conn -> conn.send("${conn.worker.index()}") }
                val workers =
                    List(4) {
                        connect("127.0.0.1:${server.port}") { conn ->
                            var text = ""
                            conn.forEachView { text += it.toUtf8() }
                            text
                        }
                    }
                workers.groupingBy { it }.eachCount() shouldBe mapOf("0" to 2, "1" to 2)
                shutdown()
            }
        }
    })
