package dev.uring.bench.subject

import dev.uring.dsl.uring
import kotlinx.coroutines.runBlocking
import kotlin.concurrent.thread

/** Subject `uring-dsl` of the UDP bench: the echo that a Kotlin program writes on a suspending socket. */
object UringDslUdpEcho {
    /** Runs the server until the harness ends it. */
    @JvmStatic
    fun main(args: Array<String>) =
        runBlocking {
            uring({ workersCount(1) }) {
                val server =
                    udp("127.0.0.1:0") { socket ->
                        socket.forEachDatagram { payload, peer -> socket.trySend(payload, peer) }
                    }
                val control =
                    SubjectControl(server.localAddress.port, "suspending handler, one worker, defaults")
                        .counters { UringCounters.of(runtime) }
                thread(name = "control") { control.serve() }
            }
        }
}
