package dev.uring.samples

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.net.SocketException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.random.Random

class TcpProxyTest :
    FunSpec({
        test("both directions at once arrive byte-exact, ends are passed on, and SIGTERM ends the proxy") {
            // More than all queues and socket buffers on the way hold, so that each side has to wait for the other.
            val there = Random(20_261_121).nextBytes(24 * 1024 * 1024)
            val back = Random(20_261_122).nextBytes(32 * 1024 * 1024)
            withProxy { proxy, upstream ->
                proxy.connect().use { client ->
                    upstream.accept().use { server ->
                        val atServer = CompletableFuture<ByteArray>()
                        val threads =
                            listOf(
                                thread { client.sendAndFinish(there) },
                                thread { server.sendAndFinish(back) },
                                thread { atServer.complete(server.getInputStream().readAllBytes()) },
                            )
                        client.getInputStream().readAllBytes().contentEquals(back) shouldBe true
                        atServer.get(20, TimeUnit.SECONDS).contentEquals(there) shouldBe true
                        threads.forEach { it.join() }
                    }
                }
                proxy.terminate()
            }
        }

        test("a peer that has finished sending still gets its answer") {
            withProxy { proxy, upstream ->
                proxy.connect().use { client ->
                    client.getOutputStream().write("question".toByteArray())
                    client.shutdownOutput()
                    upstream.accept().use { server ->
                        server.getInputStream().readAllBytes().decodeToString() shouldBe "question"
                        server.getOutputStream().write("answer".toByteArray())
                    }
                    client.getInputStream().readAllBytes().decodeToString() shouldBe "answer"
                }
                proxy.terminate()
            }
        }

        test("a client of a server that is not there is reset, and the next one is served") {
            withProxy { proxy, upstream ->
                val port = upstream.localPort
                upstream.close()
                proxy.connect().use { client ->
                    shouldThrow<SocketException> { client.getInputStream().read() }
                }
                ServerSocket(port, 1, InetAddress.getLoopbackAddress()).use { again ->
                    proxy.connect().use { client ->
                        again.accept().use { it.getOutputStream().write("here\n".toByteArray()) }
                        client.getInputStream().readAllBytes().decodeToString() shouldBe "here\n"
                    }
                }
                proxy.terminate()
            }
        }

        test("told to end, the proxy takes nobody new and lets those that it has finish") {
            withProxy(drainSeconds = 60) { proxy, upstream ->
                proxy.connect().use { client ->
                    client.getOutputStream().write("begun".toByteArray())
                    upstream.accept().use { server ->
                        String(server.getInputStream().readNBytes(5)) shouldBe "begun"
                        proxy.signal()
                        proxy.awaitListenerClosed()
                        client.getOutputStream().write(" and finished".toByteArray())
                        client.shutdownOutput()
                        String(server.getInputStream().readAllBytes()) shouldBe " and finished"
                        server.getOutputStream().write("answer".toByteArray())
                    }
                    String(client.getInputStream().readAllBytes()) shouldBe "answer"
                }
                proxy.awaitExit()
            }
        }

        test(
            "connections that have not finished by then are reset on both sides, so that no half is taken for a whole",
        ) {
            withProxy(drainSeconds = 1) { proxy, upstream ->
                proxy.connect().use { client ->
                    client.getOutputStream().write("half".toByteArray())
                    upstream.accept().use { server ->
                        String(server.getInputStream().readNBytes(4)) shouldBe "half"
                        server.soTimeout = 30_000
                        proxy.signal()
                        shouldThrow<SocketException> { server.getInputStream().read() }.message shouldBe
                            "Connection reset"
                        shouldThrow<SocketException> { client.getInputStream().read() }.message shouldBe
                            "Connection reset"
                    }
                }
                proxy.awaitExit()
            }
        }
    })

private fun Socket.sendAndFinish(bytes: ByteArray) {
    getOutputStream().write(bytes)
    shutdownOutput()
}

private fun withProxy(
    drainSeconds: Int = 5,
    block: (proxy: ServerProcess, upstream: ServerSocket) -> Unit,
) {
    ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { upstream ->
        upstream.soTimeout = 20_000
        val arguments = arrayOf("127.0.0.1:${upstream.localPort}", "$drainSeconds")
        ServerProcess("dev.uring.samples.TcpProxyKt", *arguments).use { block(it, upstream) }
    }
}
