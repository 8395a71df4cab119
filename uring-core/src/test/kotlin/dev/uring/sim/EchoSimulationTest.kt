package dev.uring.sim

import dev.uring.UringRuntime
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import java.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

class EchoSimulationTest :
    FunSpec({
        test("what is sent over simulated hosts comes back, whole and in order") {
            simulated(seed = 1) { echo(bytes = 20_000) }
        }

        test("equal seeds give equal traces, others do not") {
            val first = simulated(seed = 7) { echo(bytes = 5_000, chance = 0.1) }
            val second = simulated(seed = 7) { echo(bytes = 5_000, chance = 0.1) }
            second.traceHash shouldBe first.traceHash
            second.steps shouldBe first.steps
            second.virtualTime shouldBe first.virtualTime
            simulated(seed = 8) { echo(bytes = 5_000, chance = 0.1) }.traceHash shouldNotBe first.traceHash
        }

        test("no harmless fault changes what a program sees") {
            for (seed in 1L..20L) simulated(seed) { echo(bytes = 3_000, chance = 0.2) }
        }

        test("messages take the time of their link: two of them to connect, two for an echo") {
            val result = simulated(seed = 3) { echo(bytes = 10, latency = 1.seconds) }
            result.virtualTime shouldBeGreaterThanOrEqualTo 4.seconds
        }

        test("nothing passes a partition until it is healed") {
            simulated(seed = 4) {
                val server = host("server")
                val client = host("client")
                server.start().listen("0.0.0.0:7000") { EchoHandler }
                val caller = EchoCaller(StreamPattern(seed), total = 100) { it }
                partition(server, client)
                val runtime = client.start()
                runtime.connect(runtime.worker(0), "${server.address}:7000", Duration.ofSeconds(60)) { caller }
                runFor(5.seconds)
                caller.received shouldBe 0
                heal(server, client)
                runUntil("the echo is back") { caller.isClosed }
                caller.isDone shouldBe true
            }
        }

        test("an address that nobody has, and a port where nobody listens, are refused as by a kernel") {
            simulated(seed = 5) {
                val client = host("client")
                val runtime = client.start()
                val reasons = mutableListOf<String>()
                for (address in listOf("10.9.9.9:1", "${client.address}:1")) {
                    runtime
                        .connect(runtime.worker(0), address, Duration.ofSeconds(5)) { EchoHandler }
                        .result()
                        .whenComplete { _, failure -> reasons += failure.message.orEmpty() }
                }
                runUntil("both have failed") { reasons.size == 2 }
                reasons.sorted().joinToString().let {
                    it shouldContain "EHOSTUNREACH"
                    it shouldContain "ECONNREFUSED"
                }
            }
        }

        test("Unix sockets connect workers of one host") {
            simulated(seed = 6) {
                val runtime = host("machine").start()
                runtime.listen("unix:@echo") { EchoHandler }
                val caller = EchoCaller(StreamPattern(seed), total = 9_000) { it }
                runtime.connect(runtime.worker(1), "unix:@echo", Duration.ofSeconds(5)) { caller }
                runUntil("the echo is back") { caller.isClosed }
                caller.isDone shouldBe true
            }
        }

        test("a runtime that is left running is found out") {
            val failure =
                shouldThrow<SimulationFailure> {
                    simulated(seed = 7) { UringRuntime.start(host("machine").config) }
                }
            failure.finding shouldContain "the end of every worker did not happen within 10m"
        }
    })

private fun Simulation.echo(
    bytes: Int,
    chance: Double = 0.0,
    latency: kotlin.time.Duration = 1.milliseconds,
) {
    link(latency)
    faults { harmless(chance) }
    val server = host("server")
    server.start().listen("0.0.0.0:7000") { EchoHandler }
    val runtime = host("client").start()
    val caller = EchoCaller(StreamPattern(seed), bytes.toLong()) { minOf(it, 700) }
    runtime.connect(runtime.worker(1), "${server.address}:7000", Duration.ofSeconds(30)) { caller }
    runUntil("the echo is back, and its end") { caller.isClosed }
    caller.failure shouldBe null
    caller.received shouldBe bytes.toLong()
}
