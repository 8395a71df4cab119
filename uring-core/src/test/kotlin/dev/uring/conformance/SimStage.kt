package dev.uring.conformance

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.sim.Simulation
import dev.uring.worker.Worker
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes

/** On two simulated hosts: waiting is letting the workers go on. */
internal class SimStage(
    private val simulation: Simulation,
    configure: RuntimeConfig.Builder.() -> Unit,
) : Stage {
    private val serverHost = simulation.host("server")
    private val clientHost = simulation.host("client")
    private val config: RuntimeConfig.Builder.() -> Unit = {
        workersCount(1)
        configure()
    }
    private val mailboxCapacity =
        serverHost.config
            .toBuilder()
            .apply(config)
            .build()
            .mailboxCapacity()
    override val server: UringRuntime = serverHost.start(config)
    override val client: UringRuntime = clientHost.start(config)
    override val serverAddress: String get() = serverHost.address
    override val clientAddress: String get() = clientHost.address

    // Asked now and then, on the thread of the test, and not by the simulation itself after each turn: a condition may ask
    // a worker, which takes turns.
    override fun await(
        what: String,
        condition: () -> Boolean,
    ) {
        val limit = simulation.now + PATIENCE
        while (!condition()) {
            if (simulation.now >= limit) {
                throw simulation.world.fail(
                    "$what is waited for in vain; server=${server.snapshots()}, client=${client.snapshots()}",
                )
            }
            simulation.runFor(LOOK)
        }
    }

    override fun <T> on(
        worker: Worker,
        body: () -> T,
    ): T {
        if (worker.isCurrent) return body()
        // Whoever sends to a full mailbox waits for its worker, which waits for this thread to let it go on.
        simulation.runUntil("room in the mailbox of $worker", PATIENCE) {
            worker.snapshot().mailboxDepth() < mailboxCapacity
        }
        var outcome: Result<T>? = null
        worker.execute { outcome = runCatching(body) }
        simulation.runUntil("a task of $worker", PATIENCE) { outcome != null }
        return checkNotNull(outcome).getOrThrow()
    }

    override fun serverMayFail() {
        serverHost.mayFail = true
    }

    override fun path(name: String): String = "/$name"

    private companion object {
        // Virtual: nobody waits for it.
        val PATIENCE = 10.minutes
        val LOOK = 1.milliseconds
    }
}

/**
 * The weather of a seed: none for one in [WEATHERS], worse and worse for the others. Connections stay whole in it, and
 * datagrams come once: what a scenario says of them is said of a network that does so.
 */
internal fun Simulation.weather() {
    val badness = seed.mod(WEATHERS)
    link(latency = LATENCY * badness)
    faults {
        harmless(badness * CHANCE)
        duplicates = 0.0
        // A few megabytes in windows of a few bytes would take minutes.
        windowBytes = WINDOW_BYTES_MIN..WINDOW_BYTES_MAX
        completionDelay = 1.microseconds..(1 + COMPLETION_MICROS * badness).microseconds
    }
}

/** How many seeds there are one after the other until each weather was met. */
internal const val WEATHERS = 6

private const val CHANCE = 0.06
private const val COMPLETION_MICROS = 40
private const val WINDOW_BYTES_MIN = 1_024
private const val WINDOW_BYTES_MAX = 32_768
private val LATENCY = 200.microseconds
