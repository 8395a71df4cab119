package dev.uring.momento.server

import dev.uring.dsl.Server
import dev.uring.dsl.UringScope
import dev.uring.momento.clientTls
import dev.uring.momento.codec.ControlCode
import dev.uring.momento.codec.Feed
import dev.uring.momento.codec.StatusCode
import dev.uring.momento.codec.authenticate
import dev.uring.momento.codec.control
import dev.uring.momento.codec.delete
import dev.uring.momento.codec.frame
import dev.uring.momento.codec.get
import dev.uring.momento.codec.hex
import dev.uring.momento.codec.set
import dev.uring.momento.codec.toHex
import dev.uring.momento.eventually
import dev.uring.momento.needsKernel
import dev.uring.momento.serverTls
import dev.uring.momento.testCredentials
import dev.uring.momento.withUring
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import java.net.InetAddress
import java.net.Socket
import java.security.KeyStore
import java.util.concurrent.CopyOnWriteArrayList
import javax.net.ssl.SSLContext
import javax.net.ssl.TrustManagerFactory

/** The local server, driven by bytes over plain and TLS sockets of the JDK. */
class MomentoServerKernelTest :
    FunSpec({
        needsKernel()

        test("commands and replies are the known vectors, byte for byte, over TLS") {
            served(tls = true) { server ->
                tlsSocket(server.port).use { socket ->
                    socket.put(hex("0b 10 01 18 00 52 05 0a 03 0a 01 74"))
                    socket.take(7).toHex() shouldBe "06080110005200"
                    socket.put(
                        hex("1f 10 04 18 00 52 19 1a 17 0a 05 6361636865 12 03 6b6579 1a 05 76616c7565 20 e0d403"),
                    )
                    socket.take(7).toHex() shouldBe "06080410006200"
                    socket.put(get(2, "cache", "key"))
                    socket.take(14).toHex() shouldBe "0d08021000" + "5a070a0576616c7565"
                    socket.put(get(3, "cache", "none"))
                    socket.take(7).toHex() shouldBe "06080310005a00"
                    socket.put(delete(5, "cache", "key"))
                    socket.take(7).toHex() shouldBe "06080510006a00"
                }
            }
        }

        test("an error is the known vector") {
            served({ before { fail(StatusCode.NOT_FOUND, "not found") } }) { server ->
                socket(server).use { socket ->
                    socket.put(authenticate(1, "t"))
                    socket.take(7)
                    socket.put(get(6, "c", "k"))
                    socket.take(20).toHex() shouldBe "13080610004a0d080512096e6f7420666f756e64"
                }
            }
        }

        test("who does not authenticate is told so, and the connection ends in order") {
            served({ authenticate { it == "good" } }) { server ->
                for (first in listOf(get(1, "c", "k"), authenticate(1, "bad"))) {
                    socket(server).use { socket ->
                        socket.put(first)
                        Feed.WHOLE
                            .replies(socket.getInputStream().readAllBytes())
                            .messages
                            .single() shouldContain
                            "#1 NORMAL ERROR UNAUTHENTICATED"
                    }
                }
            }
        }

        test("a slow command does not hold up the next, and a cancelled one is not answered") {
            val gate = CompletableDeferred<Unit>()
            served({ before { if (key.size == 1) gate.await() } }) { server ->
                socket(server).use { socket ->
                    socket.put(authenticate(1, "t") + get(2, "c", "x") + get(3, "c", "y") + get(4, "c", "quick"))
                    socket.take(14).toHex() shouldBe "06080110005200" + "06080410005a00"
                    socket.put(control(2, ControlCode.CANCEL) + get(5, "c", "quick"))
                    socket.take(7).toHex() shouldBe "06080510005a00"
                    gate.complete(Unit)
                    socket.take(7).toHex() shouldBe "06080310005a00"
                    socket.shutdownOutput()
                    socket.getInputStream().readAllBytes().size shouldBe 0
                }
            }
        }

        test("no more calls run at a time than callsMax, and those behind are answered in the end") {
            var here = 0
            var most = 0
            val gate = CompletableDeferred<Unit>()
            served({
                before {
                    most = maxOf(most, ++here)
                    gate.await()
                    here--
                }
            }, callsMax = 3) { server ->
                socket(server).use { socket ->
                    socket.put((2L..11L).map { get(it, "c", "k") }.fold(authenticate(1, "t"), ByteArray::plus))
                    socket.take(7)
                    eventually({ "here=$here" }) { here == 3 }
                    gate.complete(Unit)
                    socket.take(70)
                    most shouldBe 3
                }
            }
        }

        test("a client that does not read is not read from") {
            var asked = 0
            served({
                get {
                    asked++
                    ByteArray(256 shl 10)
                }
            }) { server ->
                socket(server).use { socket ->
                    socket.put(authenticate(1, "t"))
                    socket.take(7)
                    val batch = (2L..401L).map { get(it, "c", "k") }.reduce(ByteArray::plus)
                    socket.put(batch)
                    val all = 400 * (256L shl 10)
                    var taken = 0L
                    val first = socket.getInputStream().read()
                    check(first >= 0)
                    // 100 MB of replies cannot lie between the two: sockets hold a few, the queue its high-water mark.
                    check(asked < 400) { "asked=$asked of 400 though nothing was read" }
                    val buffer = ByteArray(1 shl 20)
                    while (taken < all) taken += socket.getInputStream().read(buffer).also { check(it > 0) { "ended" } }
                    eventually({ "asked=$asked" }) { asked == 400 }
                }
            }
        }

        test("bytes that are no message end the connection; a handler that fails is answered INTERNAL alone") {
            val failures = CopyOnWriteArrayList<String>()
            served({ before { if (key.size == 3) error("a bug") } }, failures = failures) { server ->
                socket(server).use { socket ->
                    socket.put(authenticate(1, "t") + frame(hex("07")))
                    socket.getInputStream().readAllBytes().toHex() shouldBe "06080110005200"
                }
                socket(server).use { socket ->
                    socket.put(authenticate(1, "t") + get(2, "c", "bad") + get(3, "c", "good"))
                    socket.shutdownOutput()
                    Feed.WHOLE.replies(socket.getInputStream().readAllBytes()).messages shouldContainExactly
                        listOf(
                            "#1 NORMAL AUTHENTICATE",
                            "#2 NORMAL ERROR INTERNAL <IllegalStateException>",
                            "#3 NORMAL GET null",
                        )
                }
                eventually({ "$failures" }) { failures.size == 2 }
                failures[0] shouldContain "momento: field number 0"
                failures[1] shouldContain "GET c/bad from"
            }
        }

        test("a store drops what is over when it is full, and refuses when nothing is") {
            var now = 0L
            val store = MomentoStore(2) { now }
            store.set("n", byteArrayOf(1), byteArrayOf(1), 10)
            store.set("n", byteArrayOf(2), byteArrayOf(2), 1000)
            shouldThrow<MomentoRefusal> { store.set("n", byteArrayOf(3), byteArrayOf(3), 10) }.status shouldBe
                StatusCode.RESOURCE_EXHAUSTED
            store.set("n", byteArrayOf(2), byteArrayOf(4), -1)
            now += 10_000_000
            store.set("n", byteArrayOf(3), byteArrayOf(3), 10)
            store.get("n", byteArrayOf(1)).shouldBeNull()
            store.get("n", byteArrayOf(2)) shouldBe byteArrayOf(4)
            store.get("m", byteArrayOf(2)).shouldBeNull()
            store.size shouldBe 2
            shouldThrow<MomentoRefusal> { store.set("n", byteArrayOf(3), byteArrayOf(3), 0) }.status shouldBe
                StatusCode.INVALID_ARGUMENT
        }
    })

private fun served(
    declare: MomentoServerCommands.() -> Unit = {},
    tls: Boolean = false,
    callsMax: Int = 4096,
    failures: MutableList<String> = CopyOnWriteArrayList(),
    block: suspend UringScope.(Server) -> Unit,
) = withUring {
    val server =
        momentoServer(
            "127.0.0.1:0",
            tls = if (tls) serverTls else null,
            callsMax = callsMax,
            onError = { _, cause -> failures += cause.toString() },
            declare = declare,
        )
    withContext(Dispatchers.IO) { block(server) }
    shutdown()
}

private fun socket(server: Server) =
    Socket(InetAddress.getLoopbackAddress(), server.port).apply {
        soTimeout = 20_000
        tcpNoDelay = true
    }

private fun tlsSocket(port: Int): Socket {
    checkNotNull(clientTls)
    val store = KeyStore.getInstance(KeyStore.getDefaultType()).apply { load(null) }
    store.setCertificateEntry("server", testCredentials.certificate())
    val trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm()).apply { init(store) }
    val context = SSLContext.getInstance("TLS").apply { init(null, trust.trustManagers, null) }
    return context.socketFactory.createSocket(InetAddress.getLoopbackAddress(), port).apply { soTimeout = 20_000 }
}

private fun Socket.put(bytes: ByteArray) = getOutputStream().run { write(bytes).also { flush() } }

private fun Socket.take(count: Int): ByteArray =
    getInputStream().readNBytes(count).also { check(it.size == count) { "ended after ${it.size} of $count bytes" } }
