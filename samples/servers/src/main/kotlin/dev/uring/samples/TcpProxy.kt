package dev.uring.samples

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.bytes.ByteView
import dev.uring.net.Connection
import dev.uring.net.ConnectionHandler
import dev.uring.net.Relay
import java.time.Duration

/** Joins every connection with a new one to another server, `TcpProxy 127.0.0.1:7000 127.0.0.1:6379`, without copying. */
fun main(args: Array<String>) {
    val runtime = UringRuntime.start(RuntimeConfig.builder().shutdownOnSignal(true).build())
    val client = ProxiedClient(runtime, upstream = args.getOrElse(1) { "127.0.0.1:6379" })
    val listener = runtime.listen(args.firstOrNull() ?: "127.0.0.1:7000") { client }
    println("listening on port ${listener.port()}")
}

/** A client: connected on, from its own worker, and then the relay's. */
private class ProxiedClient(
    private val runtime: UringRuntime,
    private val upstream: String,
) : Relayed() {
    override fun onOpen(connection: Connection) {
        // What it sends already waits until there is somewhere to send it.
        connection.pauseReceive()
        runtime
            .connect(connection.worker(), upstream, CONNECT_TIMEOUT) { Relayed() }
            .result()
            .whenComplete { server, failure ->
                if (failure == null) {
                    Relay.start(connection, server) { relay, why ->
                        println(
                            "${relay.bytesFromFirst()} bytes there, ${relay.bytesFromSecond()} back, ${why ?: "ok"}",
                        )
                    }
                } else {
                    System.err.println(failure.message)
                    connection.abort()
                }
            }
    }

    private companion object {
        val CONNECT_TIMEOUT: Duration = Duration.ofSeconds(5)
    }
}

/** The handler of a connection whose bytes somebody else takes; it may go on for `drainTimeout` when the proxy ends. */
private open class Relayed : ConnectionHandler {
    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int = 0

    override fun onDrain(connection: Connection) = Unit
}
