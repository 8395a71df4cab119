package dev.uring.conformance

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.net.Connection
import dev.uring.net.ConnectionHandler
import dev.uring.net.Listener
import dev.uring.socket.SocketOptions
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.closeInTime
import dev.uring.worker.Worker
import java.time.Duration
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage

/**
 * What a scenario plays on: a server's runtime and a client's, both on the driver under test, and how to wait on it.
 *
 * Both sides are this library, and a scenario waits by [await] and [on] only: on a real kernel they block the test's thread,
 * on a simulated one they take the next steps of the simulation.
 */
internal interface Stage {
    val server: UringRuntime
    val client: UringRuntime

    /** Where each of the two is, without a port. */
    val serverAddress: String
    val clientAddress: String

    /** Goes on until [condition] holds. */
    fun await(
        what: String,
        condition: () -> Boolean,
    )

    /** Runs [body] on [worker] and returns what it returns. */
    fun <T> on(
        worker: Worker,
        body: () -> T,
    ): T

    /** What runs on the server's workers is going to throw. */
    fun serverMayFail()

    /** A path for a file of this scenario's own. */
    fun path(name: String): String
}

internal fun <T> Stage.on(
    connection: Connection,
    body: Connection.() -> T,
): T = on(connection.worker()) { connection.body() }

/** The result of [stage]; what it failed with is thrown. */
internal fun <T> Stage.result(
    what: String,
    stage: CompletionStage<T>,
): T {
    val future = stage.toCompletableFuture()
    await(what) { future.isDone }
    return try {
        future.join()
    } catch (failed: CompletionException) {
        throw failed.cause ?: failed
    }
}

internal fun Stage.failure(
    what: String,
    stage: CompletionStage<*>,
): Throwable = checkNotNull(runCatching { result(what, stage) }.exceptionOrNull()) { "$what did not fail" }

/** A listener of the server's, each of whose connections gets what [handler] makes. */
internal fun Stage.listen(
    options: SocketOptions = SocketOptions.defaults(),
    handler: () -> ConnectionHandler,
): Listener = server.listen("$serverAddress:0", options) { handler() }

/** Asks for a connection of the client's first worker to [listener]. */
internal fun Stage.connecting(
    listener: Listener,
    handler: ConnectionHandler,
    options: SocketOptions = SocketOptions.defaults(),
) = client.connect(client.worker(0), "$serverAddress:${listener.port()}", Duration.ZERO, options) { handler }

/** Connects [end] to [listener]; it is open then. */
internal fun Stage.connect(
    listener: Listener,
    end: End,
) {
    result("connection", connecting(listener, end).result())
    await("the client's end open") { end.isOpened }
}

/** A connection from the client to a new listener, with an [End] on each side. */
internal fun Stage.pair(
    serverEnd: End = End(),
    clientEnd: End = End(),
): Pair<End, End> {
    val listener = listen { serverEnd }
    connect(listener, clientEnd)
    await("both ends open") { serverEnd.isOpened && clientEnd.isOpened }
    return serverEnd to clientEnd
}

/** Fails unless both runtimes hold nothing any more: connections, buffers, blocks, operations of files. */
internal fun Stage.awaitNothingHeld() =
    await("nothing held any more") {
        (server.snapshots() + client.snapshots()).all {
            it.connectionsActive() == 0 && it.receiveBuffersHeld() == 0 && it.blocksHeld() == 0
        }
    }

/** On a kernel: the test's thread waits for the workers'. */
internal class KernelStage(
    config: RuntimeConfig,
    private val folder: java.nio.file.Path,
) : Stage,
    AutoCloseable {
    override val server: UringRuntime = UringRuntime.start(config)
    override val client: UringRuntime = UringRuntime.start(config)
    override val serverAddress = LOOPBACK
    override val clientAddress = LOOPBACK

    override fun await(
        what: String,
        condition: () -> Boolean,
    ) = await({ "$what; server=${server.snapshots()}, client=${client.snapshots()}" }, condition)

    override fun <T> on(
        worker: Worker,
        body: () -> T,
    ): T = if (worker.isCurrent) body() else worker.call(body)

    override fun serverMayFail() = Unit

    override fun path(name: String): String = folder.resolve(name).toString()

    override fun close() {
        client.closeInTime()
        server.closeInTime()
    }

    private companion object {
        const val LOOPBACK = "127.0.0.1"
    }
}
