package samples.dsl

import dev.uring.dsl.Connection
import dev.uring.dsl.UringScope
import dev.uring.dsl.readLine
import dev.uring.dsl.receive
import dev.uring.dsl.uring
import dev.uring.sim.Faults
import dev.uring.sim.SimulationResult
import dev.uring.sim.simulated
import kotlin.time.Duration.Companion.milliseconds

/** Greets by name. Right on every machine that its author has tried it on: there, one line is one arrival. */
suspend fun greetArrivals(conn: Connection) {
    var name = ""
    while (true) {
        val received =
            conn.receive { bytes ->
                name = bytes.toUtf8().trim()
                bytes.size()
            }
        if (received == Connection.END_OF_INPUT) return
        conn.send("hello, $name\n")
    }
}

/** Greets by name, by lines. */
suspend fun greetLines(conn: Connection) {
    while (true) conn.send("hello, ${conn.readLine() ?: return}\n")
}

/** A client that wants to be greeted by a server that runs [greet], under [weather] and on a host of its own. */
fun greetings(
    seed: Long,
    weather: Faults.() -> Unit,
    greet: suspend (Connection) -> Unit,
): SimulationResult =
    simulated(seed) {
        link(latency = 5.milliseconds)
        faults(weather)
        val server = host("server")
        val client = host("client")
        var serving: UringScope? = null
        launch("server") {
            uring(server.config) {
                serving = this
                tcp("0.0.0.0:7000") { conn -> greet(conn) }
            }
        }
        val answers = mutableListOf<String?>()
        launch("client") {
            uring(client.config) {
                connect("${server.address}:7000") { conn ->
                    for (name in listOf("Ada", "Grace", "Edsger")) {
                        conn.send("$name\n")
                        answers += conn.readLine()
                    }
                }
            }
        }
        runUntil("three greetings are there") { answers.size == 3 }
        check(answers == listOf("hello, Ada", "hello, Grace", "hello, Edsger")) { "greeted as $answers" }
        serving?.shutdown()
    }
