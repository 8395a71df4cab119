package dev.uring.worker

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeLessThanOrEqualTo
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.shouldBe
import java.util.concurrent.TimeUnit

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
        timer: RecordedTimer,
        delayNanos: Long,
    ) = wheel.arm(timer, START + now, delayNanos)

    fun disarm(timer: RecordedTimer): Boolean = wheel.disarm(timer)

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
