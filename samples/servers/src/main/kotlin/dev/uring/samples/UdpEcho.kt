package dev.uring.samples

import dev.uring.dsl.uring

/** Sends every datagram back to who sent it, with one socket per core; the kernel spreads peers over them. */
suspend fun main(args: Array<String>) =
    uring {
        val server =
            udp(args.firstOrNull() ?: "127.0.0.1:7000") { socket ->
                // Refused when the queue is full: of a flood some is lost, as on any network, and counted.
                socket.forEachDatagram { payload, peer -> socket.trySend(payload, peer) }
            }
        println("listening on port ${server.localAddress.port}")
    }
