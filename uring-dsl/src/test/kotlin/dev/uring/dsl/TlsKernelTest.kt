package dev.uring.dsl

import dev.uring.bytes.ByteView
import dev.uring.tls.TlsClientOptions
import dev.uring.tls.TlsCredentials
import dev.uring.tls.TlsException
import dev.uring.tls.TlsHandshakeException
import dev.uring.tls.TlsServerOptions
import dev.uring.tls.TlsTruncatedException
import dev.uring.tls.TlsTrust
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import java.net.InetAddress
import java.net.ServerSocket
import java.nio.file.Files
import java.security.KeyStore
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLSocket
import javax.net.ssl.TrustManagerFactory
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

// Made once: it takes about a second.
private val credentials by lazy { TlsCredentials.selfSigned("localhost", "127.0.0.1") }
private val serverTls by lazy { TlsServerOptions.of(credentials) }
private val clientTls by lazy {
    TlsClientOptions.builder().trust(TlsTrust.certificates(credentials.certificate())).build()
}

private val echo: suspend (Connection) -> Unit = { connection -> connection.forEachView { connection.write(it) } }

class TlsKernelTest :
    FunSpec({
        // Not in a test, which is on a worker by then.
        beforeSpec { check(serverTls.credentials().first() === clientTls.let { credentials }) }

        driverTest("lines go both ways over TLS, and both sides see what was agreed on") {
            testUring {
                val seen = CompletableDeferred<String>()
                val server =
                    tcp("127.0.0.1:0", tls = serverTls) { connection ->
                        seen.complete(connection.tlsInfo!!.protocol)
                        while (true) {
                            val line = connection.readLine() ?: break
                            connection.send("you said $line\n")
                        }
                    }
                connect("127.0.0.1:${server.port}", tls = clientTls) { connection ->
                    connection.send("hello\n")
                    connection.readLine() shouldBe "you said hello"
                    connection.tlsInfo!!.cipherSuite shouldContain "TLS_AES"
                    connection.shutdownOutput()
                    connection.readLine().shouldBeNull()
                }
                seen.await() shouldBe "TLSv1.3"
                shutdown()
            }
        }

        driverTest("a connection in the clear has no tlsInfo") {
            withServer({ it.tlsInfo.shouldBeNull() }) { server -> server.connect().use { it.receiveTextToEnd() } }
        }

        driverTest("frames of random sizes are echoed whole by many coroutines") {
            val seed = newSeed()
            testUring {
                val server = tcp("127.0.0.1:0", tls = serverTls) { echo(it) }
                val port = server.port
                (1..4)
                    .map { number ->
                        async {
                            connect("127.0.0.1:$port", tls = clientTls) { connection ->
                                val random = Random(seed + number)
                                repeat(15) {
                                    val sent = random.nextBytes(1 + random.nextInt(60_000))
                                    launch { connection.send(sent) }
                                    connection.readExactly(sent.size) {
                                        it.toByteArray().contentEquals(sent) shouldBe
                                            true
                                    }
                                }
                            }
                        }
                    }.awaitAll()
                shutdown()
            }
        }

        driverTest("a peer that does not read suspends the sender, and flush waits for the kernel") {
            testUring {
                val sent = CompletableDeferred<Long>()
                val total = 3L shl 20
                val server =
                    tcp("127.0.0.1:0", tls = serverTls) { connection ->
                        val piece = ByteArray(64 shl 10)
                        var written = 0L
                        while (written < total) {
                            connection.send(piece)
                            written += piece.size
                            check(connection.unsentBytes <= connection.sendHighWaterBytes + piece.size)
                        }
                        connection.flush()
                        connection.unsentBytes shouldBe 0
                        sent.complete(written)
                    }
                connect("127.0.0.1:${server.port}", tls = clientTls) { connection ->
                    var received = 0L
                    connection.forEachView { received += it.size() }
                    received shouldBe total
                }
                sent.await() shouldBe total
                shutdown()
            }
        }

        driverTest("a time limit for receiving and a cancellation work as in the clear") {
            testUring {
                val server = tcp("127.0.0.1:0", tls = serverTls) { echo(it) }
                connect("127.0.0.1:${server.port}", tls = clientTls) { connection ->
                    shouldThrow<ReceiveTimeoutException> { connection.receive(20.milliseconds) { it.size() } }
                    val reader = launch { connection.receive { it.size() } }
                    reader.cancelAndJoin()
                    connection.send("still usable")
                    connection.readExactly(12) { it.toUtf8() shouldBe "still usable" }
                }
                shutdown()
            }
        }

        driverTest("a tls address needs no options where the system trusts the server, and says so where it does not") {
            testUring {
                val server = tcp("tls://127.0.0.1:0", tls = serverTls) { echo(it) }
                val failure = shouldThrow<TlsHandshakeException> { connect("tls://127.0.0.1:${server.port}") }
                failure.message!! shouldContain "signed by nobody this side trusts"
                connect("tls://localhost:${server.port}", tls = clientTls) { connection ->
                    connection.send("by name")
                    connection.readExactly(7) { it.toUtf8() shouldBe "by name" }
                }
                shutdown()
            }
        }

        driverTest("the first of several addresses whose handshake is through gets the connection") {
            testUring {
                val server = tcp("127.0.0.1:0", tls = serverTls) { echo(it) }
                // Accepts, and never answers the hello.
                ServerSocket(0, 5, InetAddress.getByName("127.0.0.1")).use { silent ->
                    connect(
                        listOf("127.0.0.1:${silent.localPort}", "127.0.0.1:${server.port}"),
                        attemptDelay = 20.milliseconds,
                        tls = clientTls,
                    ) { connection ->
                        connection.send("second")
                        connection.readExactly(6) { it.toUtf8() shouldBe "second" }
                    }
                }
                shutdown()
            }
        }

        driverTest("connect gives up when the time is over or the caller is cancelled, with no connection left") {
            testUring {
                ServerSocket(0, 5, InetAddress.getByName("127.0.0.1")).use { silent ->
                    shouldThrow<dev.uring.base.ConnectFailedException> {
                        connect("127.0.0.1:${silent.localPort}", timeout = 50.milliseconds, tls = clientTls)
                    }.message!! shouldContain "no answer within 50 ms"
                }
                // Another one: how far the first attempt got in its time is not known.
                ServerSocket(0, 5, InetAddress.getByName("127.0.0.1")).use { silent ->
                    val trying = launch { connect("127.0.0.1:${silent.localPort}", tls = clientTls) }
                    val accepted =
                        withContext(Dispatchers.IO) { silent.accept().apply { getInputStream().readNBytes(5) } }
                    trying.cancelAndJoin()
                    accepted.close()
                }
                withTimeout(20.seconds) {
                    while (runtime.snapshots().any { it.connectionsActive() > 0 }) kotlinx.coroutines.delay(1)
                }
                shutdown()
            }
        }

        driverTest("a stream that is cut off is an exception for its reader, not an end") {
            val thrown = CompletableDeferred<Throwable>()
            testUring {
                val server =
                    tcp("127.0.0.1:0", onError = {
                        _,
                        cause,
                        ->
                        thrown.complete(cause)
                    }, tls = serverTls) { connection ->
                        connection.send("ready")
                        connection.readExactly(100) { error("not there") }
                    }
                withContext(Dispatchers.IO) {
                    java.net.Socket("127.0.0.1", server.port).use { raw ->
                        val socket =
                            jdkContext().socketFactory.createSocket(
                                raw,
                                "localhost",
                                server.port,
                                true,
                            ) as SSLSocket
                        socket.inputStream.readNBytes(5)
                        socket.outputStream.write(ByteArray(10))
                        raw.shutdownOutput()
                        runCatching { raw.getInputStream().readAllBytes() }
                    }
                }
                thrown.await().shouldBeInstanceOf<TlsTruncatedException>().receivedBytes() shouldBe 10
                shutdown()
            }
        }

        driverTest("a handler in the clear goes over to TLS when its client asks, and the client with it") {
            testUring {
                val server =
                    tcp("127.0.0.1:0") { connection ->
                        connection.readLine() shouldBe "STARTTLS"
                        connection.send("go\n")
                        connection.startTls(serverTls).protocol shouldBe "TLSv1.3"
                        connection.readLine() shouldBe "secret"
                        connection.send("kept\n")
                    }
                connect("127.0.0.1:${server.port}") { connection ->
                    connection.send("STARTTLS\n")
                    connection.readLine() shouldBe "go"
                    val info = connection.startTls(clientTls)
                    info shouldBe connection.tlsInfo
                    connection.send("secret\n")
                    connection.readLine() shouldBe "kept"
                    connection.readLine().shouldBeNull()
                }
                shutdown()
            }
        }

        driverTest("startTls throws when the peer speaks no TLS") {
            val thrown = CompletableDeferred<Throwable>()
            testUring {
                val server =
                    tcp("127.0.0.1:0", onError = { _, cause -> thrown.complete(cause) }) { connection ->
                        connection.readLine()
                        connection.startTls(serverTls)
                    }
                connect("127.0.0.1:${server.port}") { connection ->
                    connection.send("STARTTLS\nDELETE everything\n")
                    runCatching { connection.receive { view: ByteView -> view.size() } }
                }
                thrown.await().shouldBeInstanceOf<TlsException>().message!! shouldContain "no TLS record"
                shutdown()
            }
        }

        driverTest("TLS runs over a Unix socket") {
            val folder = Files.createTempDirectory("uring-dsl-tls")
            testUring {
                val address = "unix:$folder/socket"
                tcp(address, tls = serverTls) { echo(it) }
                val tls = clientTls.toBuilder().serverName("localhost").build()
                connect(address, tls = tls) { connection ->
                    connection.send("through a file")
                    connection.readExactly(14) { it.toUtf8() shouldBe "through a file" }
                }
                shutdown()
            }
            Files.delete(folder)
        }

        driverTest("a proxy relays what comes over TLS to a server in the clear") {
            testUring {
                val backend = tcp("127.0.0.1:0") { echo(it) }
                val front =
                    tcp("127.0.0.1:0", tls = serverTls) { client ->
                        connect("127.0.0.1:${backend.port}") { relay(client, it) }
                    }
                connect("127.0.0.1:${front.port}", tls = clientTls) { connection ->
                    val sent = bytesOf(7, 500_000)
                    launch {
                        connection.send(sent)
                        connection.shutdownOutput()
                    }
                    connection.readExactly(sent.size) { it.toByteArray().contentEquals(sent) shouldBe true }
                    connection.receive { it.size() } shouldBe Connection.END_OF_INPUT
                }
                shutdown()
            }
        }

        driverTest("a shutdown lets a handler answer what it has begun") {
            testUring {
                val begun = CompletableDeferred<Unit>()
                val server =
                    tcp("127.0.0.1:0", tls = serverTls) { connection ->
                        while (true) {
                            val line = connection.readLine() ?: break
                            begun.complete(Unit)
                            connection.send("$line\n")
                        }
                    }
                connect("127.0.0.1:${server.port}", tls = clientTls) { connection ->
                    connection.send("last\n")
                    begun.await()
                    server.close()
                    connection.readLine() shouldBe "last"
                    connection.readLine().shouldBeNull()
                }
                shutdown()
            }
        }
    })

private fun jdkContext(): SSLContext {
    val anchors = KeyStore.getInstance("PKCS12")
    anchors.load(null, null)
    anchors.setCertificateEntry("server", credentials.certificate())
    val trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
    trust.init(anchors)
    return SSLContext.getInstance("TLS").apply { init(null, trust.trustManagers, null) }
}
