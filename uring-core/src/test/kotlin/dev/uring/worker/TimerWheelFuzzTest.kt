package dev.uring.worker

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.util.TreeMap
import kotlin.random.Random

private const val TICK = TimerWheel.TICK_NANOS

class TimerWheelFuzzTest :
    FunSpec({
        test("the wheel fires what a sorted map of deadlines fires") {
            val seed = System.nanoTime()
            repeat(40) { round ->
                withClue("replay with seed=${seed + round}") { compareWithModel(Random(seed + round)) }
            }
        }

        test("a million timers are armed, half of them disarmed, and the rest fire in order") {
            val seed = System.nanoTime()
            withClue("seed=$seed") {
                val random = Random(seed)
                val began = System.nanoTime()
                val wheel = Wheel()
                val timers = List(1_000_000) { wheel.arm(random.nextLong(1, 1L shl random.nextInt(18, 45))) }
                timers.forEachIndexed { i, timer -> if (i % 2 == 0) wheel.disarm(timer) }
                var fired = 0
                while (wheel.armedCount() > 0) fired += wheel.expireAt(wheel.now + wheel.nanosToNext()).size
                fired shouldBe 500_000
                (System.nanoTime() - began) shouldBeLessThan 9_000_000_000
            }
        }
    })

private fun compareWithModel(random: Random) {
    val wheel = Wheel()
    val model = Model()
    val timers = ArrayList<RecordedTimer>()
    repeat(3_000) {
        when (random.nextInt(10)) {
            in 0..4 -> {
                val timer = timers.pickOrNew(random, wheel, model)
                val delay = random.nextDelay()
                wheel.arm(timer, delay)
                model.arm(timer, wheel.now, delay)
            }

            5, 6 -> {
                val timer = timers.pickOrNew(random, wheel, model)
                wheel.disarm(timer) shouldBe model.disarm(timer)
            }

            else -> {
                val toNext = wheel.nanosToNext()
                if (!model.isEmpty()) {
                    check(toNext <= model.nanosToNext(wheel.now)) { "would sleep beyond the next deadline" }
                }
                val step = if (random.nextBoolean() && !model.isEmpty()) toNext else random.nextDelay()
                val time = wheel.now + minOf(step, 1L shl 50)
                model.beforeExpiry(time)
                wheel.expireAt(time)
                model.afterExpiry()
            }
        }
        wheel.armedCount() shouldBe model.size()
    }
}

private fun ArrayList<RecordedTimer>.pickOrNew(
    random: Random,
    wheel: Wheel,
    model: Model,
): RecordedTimer {
    if (size < 200) {
        // Every third timer arms itself again when it fires, so that arming happens inside an expiry too.
        val again = if (size % 3 == 0) random.nextDelay() else -1
        val timer =
            wheel.newTimer { self ->
                model.fired(self)
                if (again >= 0) {
                    wheel.arm(self, again)
                    model.arm(self, wheel.now, again)
                }
            }
        add(timer)
        return timer
    }
    return this[random.nextInt(size)]
}

private fun Random.nextDelay(): Long =
    when (nextInt(4)) {
        0 -> nextLong(0, 3 * TICK)
        1 -> nextLong(0, 300) * TICK
        2 -> nextLong(1L shl nextInt(10, 50))
        else -> TICK * (1L shl nextInt(0, 26)) + nextLong(-2, 3)
    }

/** Deadlines in ticks, sorted, and within a tick in the order of arming: what the wheel promises. */
private class Model {
    private val byTick = TreeMap<Long, LinkedHashSet<RecordedTimer>>()
    private val tickOf = HashMap<RecordedTimer, Long>()
    private var currentTick = 0L
    private var expiringTick = 0L

    fun isEmpty() = tickOf.isEmpty()

    fun size() = tickOf.size

    fun arm(
        timer: RecordedTimer,
        now: Long,
        delay: Long,
    ) {
        disarm(timer)
        val tick = maxOf(Math.ceilDiv(now + maxOf(delay, 0), TICK), currentTick + 1)
        tickOf[timer] = tick
        byTick.getOrPut(tick) { LinkedHashSet() } += timer
    }

    fun disarm(timer: RecordedTimer): Boolean {
        val tick = tickOf.remove(timer) ?: return false
        val due = byTick.getValue(tick)
        due -= timer
        if (due.isEmpty()) byTick -= tick
        return true
    }

    fun nanosToNext(now: Long): Long = maxOf(0, byTick.firstKey() * TICK - now)

    fun beforeExpiry(time: Long) {
        expiringTick = time / TICK
    }

    fun fired(timer: RecordedTimer) {
        val tick = checkNotNull(tickOf[timer]) { "fired without being armed" }
        check(tick == byTick.firstKey()) { "fired for tick $tick before tick ${byTick.firstKey()}" }
        check(timer === byTick.getValue(tick).first()) { "fired before one that was armed earlier for tick $tick" }
        check(tick <= expiringTick) { "fired early: tick $tick at $expiringTick" }
        currentTick = tick
        disarm(timer)
    }

    fun afterExpiry() {
        check(isEmpty() || byTick.firstKey() > expiringTick) { "tick ${byTick.firstKey()} was due at $expiringTick" }
        currentTick = maxOf(currentTick, expiringTick)
    }
}
