package dev.uring.worker

import com.sun.management.ThreadMXBean
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeLessThanOrEqualTo
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.shouldBe
import java.lang.management.ManagementFactory
import java.util.concurrent.TimeUnit
import kotlin.random.Random

private const val TICK = TimerWheel.TICK_NANOS
private const val START = 1_000_003L

class TimerWheelTest :
    FunSpec({
        test("a timer fires at its deadline, rounded up to a tick, and once") {
            val wheel = Wheel()
            val timer = wheel.arm(3 * TICK - 5)
            timer.isArmed shouldBe true
            wheel.expireAt(3 * TICK - 1).shouldBeEmpty()
            wheel.expireAt(3 * TICK) shouldBe listOf(timer)
            timer.isArmed shouldBe false
            wheel.expireAt(9 * TICK).shouldBeEmpty()
            wheel.armedCount() shouldBe 0
            wheel.firedCount() shouldBe 1
        }

        test("no delay, however small or negative, fires before the next tick") {
            for (delay in listOf(0L, 1L, -1L, Long.MIN_VALUE)) {
                val wheel = Wheel()
                wheel.expireAt(10 * TICK + 7)
                val timer = wheel.arm(delay)
                wheel.expireAt(10 * TICK + 8).shouldBeEmpty()
                wheel.expireAt(11 * TICK) shouldBe listOf(timer)
            }
        }

        test("a disarmed timer does not fire and may be armed again") {
            val wheel = Wheel()
            val timer = wheel.arm(2 * TICK)
            wheel.disarm(timer) shouldBe true
            wheel.disarm(timer) shouldBe false
            wheel.expireAt(5 * TICK).shouldBeEmpty()
            wheel.arm(timer, TICK)
            wheel.expireAt(6 * TICK) shouldBe listOf(timer)
        }

        test("arming again moves the deadline, both ways") {
            val wheel = Wheel()
            val timer = wheel.arm(300 * TICK)
            wheel.arm(timer, 2 * TICK)
            wheel.armedCount() shouldBe 1
            wheel.expireAt(2 * TICK) shouldBe listOf(timer)
            wheel.arm(timer, 2 * TICK)
            wheel.arm(timer, 70_000 * TICK)
            wheel.expireAt(70_001 * TICK).shouldBeEmpty()
            wheel.expireAt(70_002 * TICK) shouldBe listOf(timer)
        }

        test("a timer that arms itself while it fires waits for the next expiry") {
            val wheel = Wheel()
            val timer = wheel.newTimer { wheel.arm(it, 0) }
            wheel.arm(timer, 0)
            for (tick in 1L..5) wheel.expireAt(tick * TICK) shouldBe listOf(timer)
        }

        test("a timer may disarm another that is due in the same tick, whichever comes first") {
            val wheel = Wheel()
            val timers = ArrayList<RecordedTimer>()
            repeat(4) { timers += wheel.newTimer { self -> timers.forEach { if (it !== self) wheel.disarm(it) } } }
            timers.forEach { wheel.arm(it, TICK) }
            wheel.expireAt(TICK).size shouldBe 1
            wheel.armedCount() shouldBe 0
            wheel.expireAt(9 * TICK).shouldBeEmpty()
        }

        test("a timer may move another that is due in the same tick") {
            val wheel = Wheel()
            val timers = ArrayList<RecordedTimer>()
            repeat(3) {
                timers +=
                    wheel.newTimer { self ->
                        timers.forEach { if (it !== self && it.isArmed) wheel.arm(it, 100 * TICK) }
                    }
            }
            timers.forEach { wheel.arm(it, TICK) }
            wheel.expireAt(TICK).size shouldBe 1
            wheel.expireAt(99 * TICK).shouldBeEmpty()
            wheel.expireAt(101 * TICK).size shouldBe 1
        }

        test("timers of one tick fire in the order of their arming, from however far away each was armed") {
            for (distance in listOf(1L, 200L, 256L, 300L, 65_536L, 70_000L, 1L shl 30)) {
                val wheel = Wheel()
                val due = distance * TICK
                val timers = ArrayList<RecordedTimer>()
                for (part in 0..9) {
                    wheel.expireAt(due / 10 * part)
                    repeat(3) { timers += wheel.arm(due - wheel.now) }
                }
                wheel.arm(timers[4], due - wheel.now)
                wheel.expireAt(due - 1).shouldBeEmpty()
                wheel.expireAt(due) shouldBe timers.filterIndexed { i, _ -> i != 4 } + timers[4]
            }
        }

        test("a million armed timers take no memory but their own, and that is 40 bytes each") {
            val wheel = Wheel()
            val random = Random(1)
            wheel.arm(wheel.newTimer(), 1)
            val timers = arrayOfNulls<BareTimer>(1_000_000)
            val made = allocatedBytes { for (i in timers.indices) timers[i] = BareTimer() }
            val delays = LongArray(timers.size) { random.nextLong(1, 1L shl 45) }
            val armed = allocatedBytes { for (i in timers.indices) wheel.arm(timers[i]!!, delays[i]) }
            wheel.armedCount() shouldBe 1_000_001
            made / timers.size shouldBeLessThanOrEqualTo 48
            // The levels' slots, made when a level is first used.
            armed shouldBeLessThanOrEqualTo 64L * 1024
            val disarmed = allocatedBytes { for (timer in timers) wheel.disarm(timer!!) }
            disarmed shouldBeLessThanOrEqualTo 1024
            wheel.armedCount() shouldBe 1
        }

        test("what a timer throws is reported and the others fire") {
            val wheel = Wheel()
            val timers = List(3) { wheel.newTimer { error("timer") } }
            timers.forEach { wheel.arm(it, TICK) }
            wheel.expireAt(TICK).size shouldBe 3
            wheel.failures.map { it.message } shouldBe listOf("timer", "timer", "timer")
        }

        test("a sleeper that obeys wakes at most once for each level and never late") {
            for (delay in listOf(
                1L,
                TICK,
                255 * TICK,
                256 * TICK,
                257 * TICK,
                65_536 * TICK,
                123_456_789 * TICK + 99,
            )) {
                val wheel = Wheel()
                wheel.expireAt(77 * TICK + 3)
                val timer = wheel.arm(delay)
                var wakes = 0
                while (timer.isArmed) {
                    wheel.expireAt(wheel.now + wheel.nanosToNext())
                    wakes++
                }
                wakes shouldBeLessThanOrEqualTo 6
                (wheel.now - 77 * TICK - 3 - delay) shouldBeInRange 0..TICK
            }
        }

        test("without a timer there is nothing to wait for") {
            Wheel().nanosToNext() shouldBe TimerWheel.NO_DEADLINE
        }

        test("a deadline beyond the clock's end sleeps and does not spin") {
            for (delay in listOf(
                Long.MAX_VALUE,
                Long.MAX_VALUE - START,
                Long.MAX_VALUE - TICK,
                TimeUnit.DAYS.toNanos(106_000),
            )) {
                val wheel = Wheel()
                wheel.expireAt(5 * TICK)
                val timer = wheel.arm(delay)
                wheel.nanosToNext() shouldBeGreaterThan TimeUnit.DAYS.toNanos(365)
                wheel.expireAt(TimeUnit.DAYS.toNanos(365)).shouldBeEmpty()
                wheel.nanosToNext() shouldBeGreaterThan 0
                wheel.disarm(timer) shouldBe true
            }
        }

        test("an hour without a look at the wheel fires everything that was due in it") {
            val wheel = Wheel()
            val timers = List(1000) { wheel.arm(it * TimeUnit.SECONDS.toNanos(7)) }
            val hour = TimeUnit.HOURS.toNanos(1)
            wheel.expireAt(hour).toSet() shouldBe
                timers.filterIndexed { i, _ -> i * TimeUnit.SECONDS.toNanos(7) <= hour }.toSet()
        }
    })

/** A wheel with a clock of its own that records what fires. */
internal class Wheel {
    val failures = ArrayList<Throwable>()
    private val wheel = TimerWheel(START) { failures += it }
    private val fired = ArrayList<RecordedTimer>()

    /** Nanoseconds since the wheel began. */
    var now = 0L
        private set

    fun newTimer(onFire: (RecordedTimer) -> Unit = {}) =
        RecordedTimer {
            fired += it
            onFire(it)
        }

    fun arm(delayNanos: Long): RecordedTimer = newTimer().also { arm(it, delayNanos) }

    fun arm(
        timer: Timer,
        delayNanos: Long,
    ) = wheel.arm(timer, START + now, delayNanos)

    fun disarm(timer: Timer): Boolean = wheel.disarm(timer)

    fun expireAt(time: Long): List<RecordedTimer> {
        check(time >= now) { "time runs backwards: $time < $now" }
        now = time
        fired.clear()
        wheel.expire(START + now)
        return fired.toList()
    }

    fun nanosToNext(): Long = wheel.nanosToNext(START + now)

    fun armedCount(): Int = wheel.armedCount()

    fun firedCount(): Long = wheel.firedCount()
}

internal class RecordedTimer(
    private val onFire: (RecordedTimer) -> Unit,
) : Timer() {
    override fun fire() = onFire(this)
}

private class BareTimer : Timer() {
    override fun fire() = Unit
}

private val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean

private inline fun allocatedBytes(block: () -> Unit): Long {
    val before = threads.currentThreadAllocatedBytes
    block()
    return threads.currentThreadAllocatedBytes - before
}
