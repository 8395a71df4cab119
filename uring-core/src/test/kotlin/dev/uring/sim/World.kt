package dev.uring.sim

import java.util.PriorityQueue
import java.util.SplittableRandom
import java.util.concurrent.locks.LockSupport
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock

/**
 * The clock, the order of things and the dice of one simulation.
 *
 * Time passes by itself a little with every turn of a worker, and jumps to the next event when nobody has anything to do.
 * Who of several that could go on goes on, and which of several events at one time is the first, is drawn from [random].
 *
 * Whoever gives up the turn decides who has it next, so a worker that is alone runs without a change of threads.
 *
 * *Thread:* the one that has the turn, except [fail], [arrived] and [left].
 */
internal class World(
    val seed: Long,
    val replay: (Long) -> String,
) {
    val random = SplittableRandom(seed)
    val faults = Faults()
    val network = Network(this)
    val trace = Trace()
    val outside = Outside(this)

    var nowNanos = 0L
        private set

    @Volatile
    var step = 0L
        private set

    @Volatile
    var failure: SimulationFailure? = null
        private set

    private var failedNanos = 0L

    /** Real time since the failure: the workers end by themselves, and some of it is limited by the clock. */
    val nanosSinceFailure: Long get() = if (hasFailed) System.nanoTime() - failedNanos else 0

    private val events = PriorityQueue<Event>()
    private var eventsCount = 0L
    private val drivers = mutableListOf<SimDriver>()
    private val runnable = mutableListOf<Actor>()
    private val arrivals = ReentrantLock()
    private val arrived = arrivals.newCondition()
    private var startingCount = 0

    private class Event(
        val atNanos: Long,
        private val order: Int,
        private val number: Long,
        val action: () -> Unit,
    ) : Comparable<Event> {
        override fun compareTo(other: Event): Int =
            compareValuesBy(this, other, Event::atNanos, Event::order, Event::number)
    }

    /** Does [action] at a time; of those at one time the dice say which is first. */
    fun at(
        atNanos: Long,
        action: () -> Unit,
    ) {
        events += Event(maxOf(atNanos, nowNanos), random.nextInt(), eventsCount++, action)
    }

    fun after(
        delayNanos: Long,
        action: () -> Unit,
    ) = at(nowNanos + delayNanos, action)

    fun note(line: String) = trace.note(nowNanos, line)

    fun chance(probability: Double): Boolean = probability > 0 && random.nextDouble() < probability

    /** A number of nanoseconds from a range of times. */
    fun draw(range: NanosRange): Long =
        if (range.first >= range.last) range.first else random.nextLong(range.first, range.last + 1)

    /** Whether the threads only run to their ends. */
    val hasFailed: Boolean get() = failure != null

    // The threads.

    /** A driver was made whose worker comes with its first turn. Any thread. */
    fun expect(driver: SimDriver) =
        arrivals.withLock {
            startingCount++
            drivers += driver
        }

    /** The worker of a driver is there and waits for its first turn; or will not come. Any thread. */
    fun arrived() =
        arrivals.withLock {
            startingCount--
            arrived.signalAll()
        }

    /** The thread of a worker has ended. */
    fun left(driver: SimDriver) {
        arrivals.withLock { drivers -= driver }
        if (!hasFailed) chooseNext().giveTurn()
    }

    /** Lets others go on; returns when it is [from]'s turn again. */
    fun passTurn(from: Actor) {
        checkFailure()
        step++
        nowNanos += random.nextLong(TURN_NANOS_MIN, TURN_NANOS_MAX)
        val next = chooseNext()
        if (next !== from) {
            next.giveTurn()
            awaitTurn(from)
        }
        checkFailure()
    }

    fun awaitTurn(actor: Actor) {
        var seen = step
        var seenNanos = System.nanoTime()
        actor.awaitTurn {
            checkFailure()
            if (step != seen) {
                seen = step
                seenNanos = System.nanoTime()
            } else if (actor === outside && System.nanoTime() - seenNanos > STUCK_NANOS) {
                throw fail("a turn does not end: ${stacks()}")
            }
        }
    }

    /** Ends the simulation: everybody hears of it who waits for the turn. */
    fun fail(
        finding: String,
        cause: Throwable? = null,
    ): SimulationFailure {
        arrivals.withLock {
            failure?.let { return it }
            val report =
                buildString {
                    append(
                        "simulation failed: seed=$seed, step=$step, virtual time=${nowNanos / NANOS_PER_MILLI} ms\n  ",
                    )
                    append(finding.replace("\n", "\n  "))
                    append("\n  Replay: ").append(replay(seed))
                    append("\n  Before it (ns, what):")
                    trace.tail(TAIL_LINES).forEach { append("\n    ").append(it) }
                }
            return SimulationFailure(seed, step, finding, report, cause).also { made ->
                failedNanos = System.nanoTime()
                failure = made
                (drivers.map { it.actor } + outside).forEach { LockSupport.unpark(it.thread) }
                arrived.signalAll()
            }
        }
    }

    /** What to throw for what the program threw. */
    fun failedBy(thrown: Throwable): Throwable =
        if (thrown is SimulationFailure) thrown else fail("the program failed: $thrown", thrown)

    /** Waits until the workers of a simulation that failed have let go of what they had. */
    fun awaitThreads() {
        for (driver in driversAlive()) driver.actor.thread?.join(java.time.Duration.ofSeconds(END_SECONDS))
    }

    fun driversAlive(): List<SimDriver> = arrivals.withLock { drivers.toList() }

    fun checkFailure() {
        failure?.let { throw if (Thread.currentThread() === outside.thread) it else SimulationEnded(it) }
    }

    // The dice and the network run on the thread that gives up the turn, mostly a worker's, which would end of it.
    private fun chooseNext(): Actor =
        try {
            choose()
        } catch (failure: RuntimeException) {
            throw fail("the simulation itself failed: $failure", failure)
        }

    private fun choose(): Actor {
        awaitArrivals()
        var waitedNanos = 0L
        while (true) {
            runDueEvents()
            collectRunnable()
            if (runnable.isNotEmpty()) {
                return runnable[random.nextInt(runnable.size)].also { note("turn ${it.name}") }
            }
            if (!jump()) {
                // Only a thread that is none of ours can change anything now.
                if (waitedNanos >= FOREIGN_NANOS) throw fail("nothing is left to happen, and ${outside.waitsFor}")
                LockSupport.parkNanos(FOREIGN_LOOK_NANOS)
                waitedNanos += FOREIGN_LOOK_NANOS
            }
        }
    }

    private fun awaitArrivals() =
        arrivals.withLock {
            while (startingCount > 0 && !hasFailed) arrived.await()
        }

    private fun runDueEvents() {
        while (true) {
            val event = events.peek() ?: return
            if (event.atNanos > nowNanos) return
            events.poll()
            event.action()
        }
    }

    private fun collectRunnable() {
        runnable.clear()
        for (driver in drivers) if (driver.actor.isRunnable(nowNanos)) runnable += driver.actor
        if (outside.isRunnable(nowNanos)) runnable += outside
    }

    private fun jump(): Boolean {
        var next = minOf(events.peek()?.atNanos ?: Actor.NEVER, outside.deadlineNanos)
        for (driver in drivers) next = minOf(next, driver.actor.deadlineNanos)
        if (next == Actor.NEVER) return false
        nowNanos = maxOf(nowNanos, next)
        return true
    }

    private fun stacks(): String =
        driversAlive().joinToString("") { driver ->
            val frames =
                driver.actor.thread
                    ?.stackTrace
                    .orEmpty()
            "\n${driver.actor.name}:" + frames.take(STACK_FRAMES).joinToString("") { "\n    at $it" }
        }

    private companion object {
        // What a turn of a worker takes: a system call and some callbacks.
        const val TURN_NANOS_MIN = 500L
        const val TURN_NANOS_MAX = 8_000L
        const val NANOS_PER_MILLI = 1_000_000L
        const val TAIL_LINES = 40
        const val STACK_FRAMES = 16

        // Real time: far beyond any turn of a test, on a machine that is busy with others.
        const val STUCK_NANOS = 30_000_000_000L

        const val END_SECONDS = 5L

        // Real time that a thread of the program's own has to come back with something.
        const val FOREIGN_NANOS = 1_000_000_000L
        const val FOREIGN_LOOK_NANOS = 200_000L
    }
}

/** Times in nanoseconds. */
internal typealias NanosRange = LongRange
