package dev.uring.sim

import kotlin.coroutines.Continuation
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.startCoroutine
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.nanoseconds

/**
 * Runs a program on simulated hosts, in virtual time: the same program in the same order for the same [seed].
 *
 * ```
 * simulated(seed = 42) {
 *     link(latency = 5.milliseconds, loss = 0.01)
 *     faults { harmless(0.05) }
 *     val server = host("server").start()
 *     server.listen("0.0.0.0:7000") { EchoHandler() }
 *     …
 *     runUntil("the echo is back") { received == sent }
 * }
 * ```
 *
 * ### Shapes and units
 * The property `uring.sim.seed` takes the place of [seed]: it is how a report says to see a failure again. [replay] is
 * the command that the report names.
 * ### Ownership
 * At the end runtimes that [SimHost.start] made are shut down, what was launched is waited for, and everything is
 * accounted for: sockets, files, buffers, blocks, timers, operations.
 * ### Threading and cancellation
 * [block] runs on the calling thread, and has it to itself: workers go on only in [Simulation.runFor],
 * [Simulation.runUntil] and at the end. It must not block in other ways, for nobody else would go on.
 * ### Errors
 * [SimulationFailure] a law was broken, or what was waited for did not come. What [block] throws is thrown, with the seed.
 *
 * @return what happened: equal for equal seeds
 */
public fun simulated(
    seed: Long,
    replay: (Long) -> String = replayOfCaller(),
    block: Simulation.() -> Unit,
): SimulationResult {
    val world = World(System.getProperty(SEED_PROPERTY)?.toLong() ?: seed, replay)
    val beganNanos = System.nanoTime()
    val simulation = Simulation(world)
    try {
        simulation.block()
        simulation.end()
    } catch (failure: Throwable) {
        throw world.failedBy(failure)
    } finally {
        world.awaitThreads()
    }
    return SimulationResult(
        world.seed,
        world.trace.hash,
        world.step,
        world.nowNanos.nanoseconds,
        (System.nanoTime() - beganNanos).nanoseconds,
    )
}

/** What a simulation that found nothing has done. */
public class SimulationResult internal constructor(
    public val seed: Long,
    /** A hash of everything that happened, in its order. */
    public val traceHash: Long,
    /** Turns of workers. */
    public val steps: Long,
    public val virtualTime: Duration,
    public val realTime: Duration,
) {
    override fun toString(): String =
        "seed=$seed, steps=$steps, virtual time=$virtualTime, real time=$realTime, trace=${traceHash.toULong().toString(
            16,
        )}"
}

/** The hosts of a simulation, what lies between them, and what is to happen: the receiver of [simulated]. */
public class Simulation internal constructor(
    internal val world: World,
) {
    private val launched = mutableListOf<SimTask>()

    /** Decides what the simulation decides; a test that draws from it stays the same for the same seed. */
    public val seed: Long get() = world.seed

    internal val hosts: List<SimHost> get() = world.network.all.toList()

    /** Time since the beginning. */
    public val now: Duration get() = world.nowNanos.nanoseconds

    /** A new host with an address of its own. */
    public fun host(name: String): SimHost = SimHost(world, name, world.network.nextAddress()).also(world.network::add)

    /** What happens that seldom happens; see [Faults]. */
    public fun faults(change: Faults.() -> Unit): Unit = world.faults.change()

    /** How long messages take between any two hosts, and how many are lost: streams make up for it, datagrams do not. */
    public fun link(
        latency: Duration,
        jitter: Duration = latency / JITTER_PART,
        loss: Double = 0.0,
    ) {
        world.network.common.latency = latency..latency + jitter
        world.network.common.loss = loss
    }

    /** The same for messages from one host to another. */
    public fun link(
        from: SimHost,
        to: SimHost,
        latency: Duration,
        jitter: Duration = latency / JITTER_PART,
        loss: Double = 0.0,
    ) {
        val link = world.network.ownLink(from, to)
        link.latency = latency..latency + jitter
        link.loss = loss
    }

    /** Lets nothing through between two hosts until [heal]. */
    public fun partition(
        one: SimHost,
        other: SimHost,
    ): Unit = cut(one, other, isCut = true)

    /** Ends a [partition]. */
    public fun heal(
        one: SimHost,
        other: SimHost,
    ): Unit = cut(one, other, isCut = false)

    private fun cut(
        one: SimHost,
        other: SimHost,
        isCut: Boolean,
    ) {
        world.network.ownLink(one, other).isCut = isCut
        world.network.ownLink(other, one).isCut = isCut
        world.note("${if (isCut) "cut" else "healed"} ${one.name}-${other.name}")
    }

    /** Resets every connection of a host. */
    public fun resetConnections(host: SimHost): Unit = host.sockets.breakStreams()

    /** A number from 0 to [bound], exclusive, drawn with the seed. */
    public fun random(bound: Int): Int = world.random.nextInt(bound)

    /** Does [action] when [time] has passed since the beginning, on the thread of the test. */
    public fun at(
        time: Duration,
        action: () -> Unit,
    ): Unit = world.at(time.inWholeNanoseconds) { world.outside.execute(action) }

    /** Lets the workers go on for a time. */
    public fun runFor(time: Duration) {
        world.outside.waitUntil("the time", time.inWholeNanoseconds) { false }
    }

    /** Lets the workers go on until [condition] holds; it is asked after every turn, on any thread. */
    public fun runUntil(
        what: String,
        limit: Duration = LIMIT,
        condition: () -> Boolean,
    ) {
        if (!world.outside.waitUntil(what, limit.inWholeNanoseconds, condition)) {
            throw world.fail("$what did not happen within $limit")
        }
    }

    /**
     * Starts a coroutine, such as `uring(host.config) { … }`, and returns at once. Before the end of the simulation it is
     * waited for, and what it throws is thrown.
     */
    public fun launch(
        name: String,
        block: suspend () -> Unit,
    ): SimTask {
        val task = SimTask(name, OutsideInterceptor(world.outside))
        launched += task
        block.startCoroutine(task)
        return task
    }

    internal fun end() {
        for (task in launched) {
            runUntil("the end of '${task.name}'") { task.isDone }
            task.failure?.let { throw it }
        }
        for (host in world.network.all) {
            host.runtimes.forEach { it.shutdown() }
        }
        runUntil("the end of every worker") { world.driversAlive().isEmpty() }
        for (host in world.network.all) {
            if (host.sockets.count > 0) throw world.fail("sockets of $host are left open: ${host.sockets.describe()}")
        }
    }

    private companion object {
        const val JITTER_PART = 4
        val LIMIT = 10.minutes
    }
}

/** A coroutine of a simulation. */
public class SimTask internal constructor(
    public val name: String,
    override val context: CoroutineContext,
) : Continuation<Unit> {
    /** Whether it has ended, either way. */
    @Volatile
    public var isDone: Boolean = false
        private set

    /** What it threw. */
    public var failure: Throwable? = null
        private set

    override fun resumeWith(result: Result<Unit>) {
        failure = result.exceptionOrNull()
        isDone = true
    }
}

// Where a coroutine without a dispatcher goes on: never on a worker.
private class OutsideInterceptor(
    private val outside: Outside,
) : ContinuationInterceptor {
    override val key: CoroutineContext.Key<*> get() = ContinuationInterceptor

    override fun <T> interceptContinuation(continuation: Continuation<T>): Continuation<T> =
        object : Continuation<T> {
            override val context get() = continuation.context

            override fun resumeWith(result: Result<T>) = outside.execute { continuation.resumeWith(result) }
        }
}

private const val SEED_PROPERTY = "uring.sim.seed"

// Looked for at once: the failure may be on another thread. Helpers of a test may lie between.
private fun replayOfCaller(): (Long) -> String {
    val classes =
        StackWalker.getInstance().walk { frames -> frames.map { it.className.substringBefore('$') }.toList() }
    val caller = classes.find { it.endsWith("Test") || it.endsWith("Spec") } ?: classes.last()
    return { seed -> "mvn test -Dtest=${caller.substringAfterLast('.')} -D$SEED_PROPERTY=$seed" }
}
