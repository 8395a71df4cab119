package dev.uring.worker

import dev.uring.UringRuntime
import dev.uring.testing.await
import dev.uring.testing.awaitDone
import dev.uring.testing.call
import dev.uring.testing.closeInTime
import dev.uring.testing.driverTest
import dev.uring.testing.leavesNothingBehind
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.comparables.shouldBeLessThanOrEqualTo
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

private val PERIOD = Duration.ofMillis(5)
private const val ROUNDS_MAX = 40

class PeriodicTimerKernelTest :
    FunSpec({
        driverTest("a periodic timer keeps to the moments that were fixed at its start, without drift, never early") {
            withWorker { worker ->
                val calls = ConcurrentLinkedQueue<Long>()
                val done = CountDownLatch(40)
                var beforeStart = 0L
                var afterStart = 0L
                val timer =
                    worker.call {
                        beforeStart = System.nanoTime()
                        val started =
                            worker.every(PERIOD) {
                                calls += System.nanoTime()
                                done.countDown()
                            }
                        afterStart = System.nanoTime()
                        started
                    }
                done.awaitDone("calls of a periodic timer")
                val missed =
                    worker.call {
                        timer.cancel()
                        timer.missedCount()
                    }
                val period = PERIOD.toNanos()
                calls.forEachIndexed { index, at -> at - beforeStart shouldBeGreaterThanOrEqualTo (index + 1) * period }
                // Every moment that passed was either called or missed: a drift would lose some without a word.
                calls.size + missed shouldBeGreaterThanOrEqualTo (calls.last() - afterStart) / period
            }
        }

        driverTest("moments that pass while the worker is busy are left out and counted") {
            withWorker { worker ->
                val calls = AtomicInteger()
                val timer = worker.call { worker.every(PERIOD) { calls.incrementAndGet() } }
                val callsWhileBusy =
                    worker.call {
                        val before = calls.get()
                        val began = System.nanoTime()
                        while (System.nanoTime() - began < 10 * PERIOD.toNanos()) Thread.onSpinWait()
                        calls.get() - before
                    }
                callsWhileBusy shouldBe 0
                val before = worker.call { timer.missedCount() }
                await { worker.call { timer.missedCount() } > before || before >= 8 }
                worker.call { timer.missedCount() } shouldBeGreaterThanOrEqualTo 8
                worker.call { timer.cancel() }
            }
        }

        driverTest("an action that cancels its timer is not called again, one that throws is") {
            withWorker { worker ->
                val cancelling = AtomicInteger()
                val throwing = CountDownLatch(3)
                worker.call {
                    lateinit var timer: PeriodicTimer
                    timer =
                        worker.every(PERIOD) {
                            cancelling.incrementAndGet()
                            timer.cancel()
                        }
                    worker.every(PERIOD) {
                        throwing.countDown()
                        error("periodic")
                    }
                }
                throwing.awaitDone("calls of a periodic timer that throws")
                cancelling.get() shouldBe 1
                worker.snapshot().failures() shouldBeGreaterThanOrEqualTo 2
                worker.snapshot().timersArmed() shouldBeLessThanOrEqualTo 1
            }
        }

        driverTest("a period below a millisecond is refused, and another thread too") {
            withWorker { worker ->
                val refused =
                    worker.call {
                        shouldThrow<IllegalArgumentException> { worker.every(Duration.ofNanos(999_999)) { } }
                    }
                refused.message shouldBe "period=PT0.000999999S must be at least PT0.001S: the wheel's ticks are " +
                    "a quarter of it; use addTick for every turn"
                shouldThrow<IllegalStateException> { worker.every(PERIOD) { } }
            }
        }

        driverTest(
            "a tick is called in every turn until it is removed, also by itself, and what it throws is counted",
        ) {
            withWorker { worker ->
                val ticks = AtomicInteger()
                val once = AtomicInteger()
                val tick = Runnable { ticks.incrementAndGet() }
                val turns =
                    worker.call {
                        lateinit var removing: Runnable
                        removing =
                            Runnable {
                                once.incrementAndGet()
                                worker.removeTick(removing)
                                error("tick")
                            }
                        worker.addTick(removing)
                        worker.addTick(tick)
                        worker.snapshot().turns()
                    }
                repeat(50) { worker.call { } }
                worker.call {
                    // The present turn's tick is still to come, that of the adding turn has been.
                    ticks.get() shouldBe worker.snapshot().turns() - turns
                    worker.removeTick(tick) shouldBe true
                    worker.removeTick(tick) shouldBe false
                }
                val last = ticks.get()
                repeat(5) { worker.call { } }
                ticks.get() shouldBe last
                once.get() shouldBe 1
                worker.snapshot().failures() shouldBe 1
            }
        }

        driverTest("on an idle worker half of the timers at least are less than a millisecond late") {
            withWorker { worker ->
                // In rounds, of which one has to do: what other processes do to this machine is not the wheel's doing.
                val best =
                    generateSequence { lateness(worker, timers = 11) }
                        .take(ROUNDS_MAX)
                        .map { it.sorted()[it.size / 2] }
                        .firstOrNull { it <= TimeUnit.MILLISECONDS.toNanos(1) }
                (best != null) shouldBe true
            }
        }
    })

/** How late each of some timers fires that are armed one after the other, with nothing else to do. */
private fun lateness(
    worker: Worker,
    timers: Int,
): List<Long> =
    List(timers) { index ->
        val fired = CountDownLatch(1)
        var late = 0L
        worker.call {
            val delay = TimeUnit.MICROSECONDS.toNanos(1_500 + 130L * index)
            val due = System.nanoTime() + delay
            worker.arm(
                timer {
                    late = System.nanoTime() - due
                    fired.countDown()
                },
                delay,
            )
        }
        fired.awaitDone("timer")
        check(late >= 0) { "fired ${-late} ns early" }
        late
    }

private fun withWorker(block: (Worker) -> Unit) =
    leavesNothingBehind {
        val runtime = UringRuntime.start(config().build())
        try {
            block(runtime.worker(0))
        } finally {
            runtime.closeInTime()
        }
    }
