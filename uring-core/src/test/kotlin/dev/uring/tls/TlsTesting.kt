package dev.uring.tls

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.net.Connection
import dev.uring.net.ConnectionAcceptor
import dev.uring.net.ConnectionHandler
import dev.uring.net.Listener
import dev.uring.socket.SocketOptions
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.Signed
import dev.uring.testing.TestCertificates
import dev.uring.testing.await
import dev.uring.testing.closeInTime
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.smallConfig
import java.net.InetAddress
import java.net.Socket
import java.security.KeyStore
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import javax.net.ssl.KeyManagerFactory
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLServerSocket
import javax.net.ssl.SSLSocket
import javax.net.ssl.TrustManagerFactory
import kotlin.concurrent.thread

/** A runtime whose listeners and connections speak TLS, and what went wrong in their handshakes. */
internal class TlsWorld(
    config: RuntimeConfig,
) : AutoCloseable {
    val runtime: UringRuntime = UringRuntime.start(config)
    private val failures = LinkedBlockingQueue<TlsException>()

    fun serverOptions(vararg credentials: TlsCredentials): TlsServerOptions.Builder =
        TlsServerOptions
            .builder()
            .credentials(*credentials)
            // Conscrypt, which is on the class path here, has tests of its own.
            .provider(TlsProvider.JDK)
            // Some peers here never answer a farewell.
            .closeTimeout(Duration.ofMillis(200))
            .onHandshakeFailure { failures += it }

    fun listen(
        tls: TlsServerSource,
        acceptor: ConnectionAcceptor,
    ): Listener = runtime.listen("127.0.0.1:0", tls, acceptor)

    fun connect(
        port: Int,
        tls: TlsClientOptions,
        handler: ConnectionHandler,
        address: String = "127.0.0.1:$port",
    ): CompletableFuture<Connection> =
        runtime
            .connect(
                runtime.worker(0),
                address,
                Duration.ofSeconds(PATIENCE_SECONDS),
                SocketOptions.defaults(),
                tls,
            ) { handler }
            .result()
            .toCompletableFuture()

    fun handshakeFailure(): TlsException =
        failures.poll(PATIENCE_SECONDS, TimeUnit.SECONDS) ?: error("no handshake has failed")

    fun awaitNothingHeld() =
        await({ "still held: ${runtime.snapshots()}" }) {
            runtime.snapshots().all {
                it.connectionsActive() == 0 && it.receiveBuffersHeld() == 0 && it.blocksHeld() == 0
            }
        }

    override fun close() = runtime.closeInTime()
}

/** Runs [block], then sees to it that nothing is held and nothing left behind. */
internal fun <T> withTls(
    config: RuntimeConfig = smallConfig().build(),
    block: (TlsWorld) -> T,
): T =
    leavesNothingBehind {
        TlsWorld(config).use { world ->
            block(world).also { world.awaitNothingHeld() }
        }
    }

internal fun clientOptions(): TlsClientOptions.Builder =
    TlsClientOptions.builder().trust(TestCertificates.trust).provider(TlsProvider.JDK)

internal val echo = ConnectionHandler { connection, bytes -> bytes.size().also { connection.write(bytes) } }

/** A context of the JDK's for the other side: trusts the tests' authority, and has [own] to show. */
internal fun jdkContext(own: Signed? = null): SSLContext {
    val anchors = KeyStore.getInstance("PKCS12")
    anchors.load(null, null)
    anchors.setCertificateEntry("ca", PemFile.read(TestCertificates.authority).certificates().first())
    val trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
    trust.init(anchors)
    val keys =
        own?.let {
            val password = "test".toCharArray()
            val store = KeyStore.getInstance("PKCS12")
            store.load(null, null)
            val credentials = it.credentials
            store.setKeyEntry("own", credentials.key(), password, credentials.chain().toTypedArray())
            KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm()).apply { init(store, password) }
        }
    return SSLContext.getInstance("TLS").apply { init(keys?.keyManagers, trust.trustManagers, null) }
}

/** The JDK's blocking client, which shares no code with ours but the engine's. */
internal fun jdkClient(
    port: Int,
    protocol: String? = null,
    context: SSLContext = jdkContext(),
    raw: Socket? = null,
    configure: SSLSocket.() -> Unit = {},
): SSLSocket {
    val plain = raw ?: Socket(InetAddress.getByName("127.0.0.1"), port)
    plain.soTimeout = TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS).toInt()
    val socket = context.socketFactory.createSocket(plain, "localhost", port, true) as SSLSocket
    if (protocol != null) socket.enabledProtocols = arrayOf(protocol)
    socket.sslParameters = socket.sslParameters.apply { endpointIdentificationAlgorithm = "HTTPS" }
    socket.configure()
    return socket
}

/** The JDK's blocking server: serves one connection after the other with [serve]. */
internal class JdkServer(
    own: Signed = TestCertificates.ec,
    protocol: String? = null,
    configure: SSLServerSocket.() -> Unit = {},
    private val serve: (SSLSocket) -> Unit,
) : AutoCloseable {
    private val listener =
        jdkContext(own).serverSocketFactory.createServerSocket(
            0,
            50,
            InetAddress.getByName("127.0.0.1"),
        ) as SSLServerSocket
    val port: Int get() = listener.localPort

    init {
        if (protocol != null) listener.enabledProtocols = arrayOf(protocol)
        listener.configure()
        thread(isDaemon = true, name = "jdk-tls-server") {
            while (!listener.isClosed) {
                runCatching {
                    (listener.accept() as SSLSocket).use {
                        it.soTimeout = TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS).toInt()
                        serve(it)
                    }
                }
            }
        }
    }

    override fun close() = listener.close()
}

/** Everything that [connection]'s handler collects, as text. */
internal class Collector(
    private val onOpen: (Connection) -> Unit = {},
) : ConnectionHandler {
    private val bytes = java.io.ByteArrayOutputStream()
    val ended = CompletableFuture<Unit>()
    val closed = CompletableFuture<Throwable?>()

    override fun onOpen(connection: Connection) = onOpen.invoke(connection)

    override fun onReceive(
        connection: Connection,
        view: dev.uring.bytes.ByteView,
    ): Int {
        synchronized(bytes) { bytes.writeBytes(view.toByteArray()) }
        return view.size()
    }

    override fun onEnd(connection: Connection) {
        ended.complete(Unit)
        connection.close()
    }

    override fun onClosed(
        connection: Connection,
        cause: Throwable?,
    ) {
        closed.complete(cause)
    }

    fun received(): ByteArray = synchronized(bytes) { bytes.toByteArray() }

    fun awaitBytes(count: Int): ByteArray {
        await({ "received ${received().size} of $count bytes" }) { received().size >= count }
        return received()
    }

    fun awaitClosed(): Throwable? = closed.get(PATIENCE_SECONDS, TimeUnit.SECONDS)
}

internal fun <T> CompletableFuture<T>.inTime(): T =
    try {
        get(PATIENCE_SECONDS, TimeUnit.SECONDS)
    } catch (failure: java.util.concurrent.ExecutionException) {
        throw failure.cause ?: failure
    }
