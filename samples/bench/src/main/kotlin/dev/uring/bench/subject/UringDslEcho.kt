package dev.uring.bench.subject

import dev.uring.dsl.uring
import kotlinx.coroutines.runBlocking
import kotlin.concurrent.thread

/** Subject `uring-dsl`: the echo that a Kotlin program writes on suspending connections. */
object UringDslEcho {
    /** Runs the server until the harness ends it. */
    @JvmStatic
    fun main(args: Array<String>) =
        runBlocking {
            uring({ workersCount(1) }) {
                val server = tcp("127.0.0.1:0") { connection -> connection.forEachView { connection.write(it) } }
                val control =
                    SubjectControl(server.port, "suspending handler, one worker, driver ${runtime.driverName()}")
                        .counters { UringCounters.of(runtime) }
                thread(name = "control") { control.serve() }
            }
        }
}
