package dev.uring.testing

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.net.Connection
import dev.uring.net.ConnectionAcceptor
import dev.uring.net.ConnectionHandler
import dev.uring.worker.Worker
import java.net.InetSocketAddress
import java.net.Socket
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit

/** A runtime of one worker with small buffers, which makes the boundaries of buffers common. */
internal fun smallConfig(): RuntimeConfig.Builder =
    RuntimeConfig
        .builder()
        .workersCount(1)
        .pinWorkers(false)
        .recvBuffersCount(64)

/** A runtime with one listener on loopback, and the clients that were connected to it. */
internal class TestServer(
    config: RuntimeConfig,
    acceptor: ConnectionAcceptor,
) : AutoCloseable {
    val runtime: UringRuntime = UringRuntime.start(config)
    val address: InetSocketAddress = runtime.listen("127.0.0.1:0", acceptor).localAddress() as InetSocketAddress
    private val clients = ConcurrentLinkedQueue<Socket>()

    val worker: Worker get() = runtime.worker(0)

    fun connect(receiveBufferBytes: Int = 0): Socket {
        val client = Socket()
        clients += client
        // Before connecting, or the window is negotiated without it.
        if (receiveBufferBytes > 0) client.receiveBufferSize = receiveBufferBytes
        client.soTimeout = TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS).toInt()
        client.tcpNoDelay = true
        client.connect(address)
        return client
    }

    /** Waits until no connection is left and nothing of the workers' memory is held. */
    fun awaitNothingHeld() {
        await({ "still held: ${runtime.snapshots()}" }) {
            runtime.snapshots().all {
                it.connectionsActive() == 0 && it.receiveBuffersHeld() == 0 && it.blocksHeld() == 0
            }
        }
    }

    fun closeClients() = clients.forEach { it.close() }

    override fun close() {
        closeClients()
        runtime.closeInTime()
    }
}

/** Closes the runtime; one that does not end fails the test instead of hanging the build. */
internal fun UringRuntime.closeInTime() {
    shutdown()
    check(awaitTermination(Duration.ofSeconds(PATIENCE_SECONDS))) { "does not terminate: ${snapshots()}" }
}

/** Runs [block] against a server, then sees to it that the server holds nothing and leaves nothing behind. */
internal fun <T> withServer(
    config: RuntimeConfig,
    acceptor: ConnectionAcceptor,
    block: (TestServer) -> T,
): T =
    leavesNothingBehind {
        TestServer(config, acceptor).use { server ->
            val result = block(server)
            server.closeClients()
            server.awaitNothingHeld()
            result
        }
    }

/** As above with one handler for every connection. */
internal fun <T> withServer(
    handler: ConnectionHandler,
    config: RuntimeConfig = smallConfig().build(),
    block: (TestServer) -> T,
): T = withServer(config, { handler }, block)

/** Runs [body] on the worker and waits for what it returns. */
internal fun <T> Worker.call(body: () -> T): T {
    val result = CompletableFuture<T>()
    execute { runCatching(body).fold(result::complete, result::completeExceptionally) }
    return result.get(PATIENCE_SECONDS, TimeUnit.SECONDS)
}

/** Keeps the worker busy, and its mailbox unread, until the latch is counted down. */
internal fun Worker.block(): CountDownLatch {
    val entered = CountDownLatch(1)
    val gate = CountDownLatch(1)
    execute {
        entered.countDown()
        gate.awaitDone("gate of a blocked worker")
    }
    entered.awaitDone("worker to block")
    return gate
}

/** Runs [body] on the connection's worker and waits for what it returns. */
internal fun <T> Connection.call(body: Connection.() -> T): T = worker().call { body() }

/** Sends a RST instead of a FIN. */
internal fun Socket.reset() {
    setSoLinger(true, 0)
    close()
}

internal fun Socket.send(text: String) {
    getOutputStream().write(text.toByteArray())
}

internal fun Socket.receive(count: Int): ByteArray = getInputStream().readNBytes(count)

internal fun Socket.receiveText(count: Int): String = String(receive(count), Charsets.ISO_8859_1)
