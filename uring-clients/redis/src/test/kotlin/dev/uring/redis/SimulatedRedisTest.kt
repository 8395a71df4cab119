package dev.uring.redis

import dev.uring.dsl.UringScope
import dev.uring.dsl.uring
import dev.uring.redis.server.keyspaceCommands
import dev.uring.redis.server.respServer
import dev.uring.redis.store.Keyspace
import dev.uring.sim.Simulation
import dev.uring.sim.simulated
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.launch
import kotlin.time.Duration.Companion.milliseconds

private const val SEEDS = 15L
private const val CALLERS = 5
private const val CALLS = 12

class SimulatedRedisTest :
    FunSpec({
        test("client and server keep replies and requests together on simulated hosts, in any weather") {
            for (seed in 1..SEEDS) simulated(seed) { setsAndGets(chance = if (seed % 3 == 0L) 0.3 else 0.05) }
        }
    })

private fun Simulation.setsAndGets(chance: Double) {
    link(latency = 1.milliseconds)
    faults { harmless(chance) }
    val server = host("server")
    val client = host("client")
    var serving: UringScope? = null
    launch("server") {
        uring(server.config) {
            serving = this
            respServer("0.0.0.0:6379", { Keyspace() }, declare = ::keyspaceCommands)
        }
    }
    val wrong = mutableListOf<String>()
    var done = 0
    launch("client") {
        uring(client.config) {
            redis("redis://${server.address}:6379").use { redis ->
                List(CALLERS) { caller ->
                    launch {
                        repeat(CALLS) { call ->
                            val value = "$caller:$call:" + "x".repeat(call * call * 20)
                            redis.cmd("SET", "key:$caller", value)
                            val read = redis.cmd("GET", "key:$caller")
                            if (read != value) wrong += "$value was read as $read"
                            done++
                        }
                    }
                }.forEach { it.join() }
            }
        }
    }
    runUntil("every call is answered") { done == CALLERS * CALLS }
    wrong shouldBe emptyList()
    serving?.shutdown()
}
