package dev.uring.samples

import dev.uring.dsl.Connection
import dev.uring.dsl.uring
import kotlinx.coroutines.CoroutineScope
import java.net.InetSocketAddress

/**
 * One service on several addresses: IPv4, IPv6 and a Unix socket, whose clients it knows by their user id. The
 * arguments are the addresses.
 */
suspend fun main(args: Array<String>) =
    uring {
        val addresses =
            args.ifEmpty { arrayOf("tcp4://127.0.0.1:7000", "tcp6://[::1]:7000", "unix:/tmp/multi.sock?mode=600") }
        val servers = addresses.map { tcp(it, handler = greetAndEcho) }
        servers.forEach { println("listening on ${it.localAddress}") }
    }

private val greetAndEcho: suspend CoroutineScope.(Connection) -> Unit = { conn ->
    val peer =
        when (val address = conn.remoteAddress) {
            is InetSocketAddress -> address.address.hostAddress
            else -> "user ${conn.peerCredentials?.uid()}"
        }
    conn.write("hello $peer\n")
    conn.forEachView { conn.write(it) }
}
