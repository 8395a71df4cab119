package samples.ping

import dev.uring.client.LinkConfig
import dev.uring.dsl.uring
import dev.uring.ping.PingPool
import dev.uring.ping.pingClient
import dev.uring.ping.pingServer

/** Asks a server whether it is well. */
suspend fun once() =
    uring {
        pingClient("127.0.0.1:7007").use { it.ping() }
    }

/** Asks any of three servers. */
suspend fun anyOfThree() =
    uring {
        val servers = List(3) { LinkConfig("10.0.0.${it + 1}:7007") }
        PingPool(runtime, servers).use { pool -> println("server ${pool.ping()} is well") }
    }

/** Answers pings, until there is little memory left. */
suspend fun server() =
    uring {
        pingServer("127.0.0.1:7007") {
            if (Runtime.getRuntime().freeMemory() < 1 shl 20) "ERR out of memory" else null
        }
    }
