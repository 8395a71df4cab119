package dev.uring.samples

import dev.uring.dsl.relay
import dev.uring.dsl.uring
import java.time.Duration

/**
 * Joins every connection with a new one to another server, without copying. Arguments: the address, the other server's,
 * and how many seconds a shutdown may take, as in `TcpProxy 127.0.0.1:7000 127.0.0.1:6379 5`.
 *
 * On SIGTERM it takes no more connections, and those that it has may go on for that time. What has not finished then is
 * reset on both sides: a proxy of bytes cannot tell an idle connection from one in the middle of a message, and an
 * orderly end would make half of a message look like the whole.
 */
suspend fun main(args: Array<String>) =
    uring(configure = { drainTimeout(Duration.ofSeconds(args.getOrElse(2) { "5" }.toLong())) }) {
        val upstream = args.getOrElse(1) { "127.0.0.1:6379" }
        val proxy =
            tcp(args.firstOrNull() ?: "127.0.0.1:7000") { client ->
                // What the client sends already waits until there is somewhere to send it.
                connect(upstream) { server ->
                    val bytes = relay(client, server)
                    println("${bytes.fromFirst} bytes there, ${bytes.fromSecond} back")
                }
            }
        println("listening on port ${proxy.port}")
    }
