package samples.dsl

import dev.uring.base.Deadline
import dev.uring.dsl.Connection
import dev.uring.dsl.UringMetrics
import dev.uring.dsl.every
import dev.uring.dsl.uring
import dev.uring.dsl.withDeadline
import dev.uring.dsl.withSchedulingGroup
import dev.uring.worker.SchedulingGroup
import io.micrometer.core.instrument.MeterRegistry
import kotlinx.coroutines.launch
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration

private const val LINE_END = '\n'.code.toByte()

suspend fun metrics(registry: MeterRegistry) =
    uring {
        UringMetrics(runtime).bindTo(registry)
        tcp("127.0.0.1:7000") { conn -> conn.forEachView { conn.write(it) } }
    }

suspend fun withinDeadline(conn: Connection) {
    // Ten seconds for the whole exchange, however it is divided between the two messages.
    val deadline = Deadline.after(10.seconds.toJavaDuration())
    withDeadline(deadline) {
        conn.parse { view -> view.indexOf(LINE_END, 0) + 1 }
        conn.send("and?\n")
        conn.parse { view -> view.indexOf(LINE_END, 0) + 1 }
    }
}

suspend fun heartbeat() =
    uring {
        launch { every(1.seconds) { println("connections: ${runtime.snapshots().sumOf { it.connectionsActive() }}") } }
        tcp("127.0.0.1:7000") { conn -> conn.forEachView { conn.write(it) } }
    }

private val reports = SchedulingGroup("reports", 20)

suspend fun inBackground(conn: Connection) {
    // Against the hundred shares of everything else: a sixth of the worker while that has work, all of it otherwise.
    val report = withSchedulingGroup(reports) { (1..1_000_000).sumOf { it.toLong() } }
    conn.send("$report\n")
}
