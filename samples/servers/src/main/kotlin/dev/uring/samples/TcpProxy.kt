package dev.uring.samples

import dev.uring.dsl.relay
import dev.uring.dsl.uring

/** Joins every connection with a new one to another server, `TcpProxy 127.0.0.1:7000 127.0.0.1:6379`, without copying. */
suspend fun main(args: Array<String>) =
    uring {
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
