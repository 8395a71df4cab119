package dev.uring.dsl

import dev.uring.base.Deadline
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeGreaterThanOrEqual
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import java.time.Duration.ofMillis
import java.time.Duration.ofMinutes
import java.util.concurrent.TimeUnit
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.nanoseconds

class DeadlineKernelTest :
    FunSpec({
        driverTest("a deadline ends a block on the worker's wheel, never early, and leaves no timer behind") {
            testUring {
                val armedBefore = runtime.worker(0).snapshot().timersArmed()
                val firedBefore = runtime.worker(0).snapshot().timersFired()
                // Far enough that it has not passed before the block begins: then there would be no timer at all.
                val deadline = Deadline.after(ofMillis(500))
                shouldThrow<TimeoutCancellationException> { withDeadline(deadline) { awaitCancellation() } }
                deadline.isPast shouldBe true
                runtime.worker(0).snapshot().timersFired() shouldBe firedBefore + 1
                runtime.worker(0).snapshot().timersArmed() shouldBe armedBefore
            }
        }

        driverTest("steps that share a deadline share its time") {
            testUring {
                // Asked for first: what passes between the two belongs to the deadline's time.
                val began = System.nanoTime()
                val deadline = Deadline.after(ofMillis(60))
                var steps = 0
                shouldThrow<TimeoutCancellationException> {
                    while (true) {
                        withDeadline(deadline) { delay(25) }
                        steps++
                    }
                }
                // A timeout for each step would let them go on without end.
                steps shouldBeLessThan 3
                System.nanoTime() - began shouldBeGreaterThanOrEqual TimeUnit.MILLISECONDS.toNanos(60)
            }
        }

        driverTest("a deadline that has passed runs nothing, one that never comes runs the block without a timer") {
            testUring {
                var hasRun = false
                shouldThrow<TimeoutCancellationException> { withDeadline(Deadline.now()) { hasRun = true } }
                hasRun shouldBe false
                withDeadlineOrNull(Deadline.now()) { hasRun = true } shouldBe null
                hasRun shouldBe false
                val armed = runtime.worker(0).snapshot().timersArmed()
                withDeadline(Deadline.NEVER) { runtime.worker(0).snapshot().timersArmed() } shouldBe armed
                withDeadlineOrNull(Deadline.NEVER) { "done" } shouldBe "done"
            }
        }

        driverTest("a connection's receive takes what is left of a deadline") {
            Deadline.NEVER.timeLeft shouldBe Duration.INFINITE
            Deadline.now().timeLeft shouldBe Duration.ZERO
            Deadline.after(ofMinutes(1)).timeLeft shouldBeLessThan 1.minutes
            withServer({ conn ->
                val deadline = Deadline.after(ofMillis(30))
                shouldThrow<ReceiveTimeoutException> { conn.receive(deadline.timeLeft) { it.size() } }
                deadline.isPast shouldBe true
                conn.send("late")
            }) { server -> server.connect().use { it.receiveTextToEnd() shouldBe "late" } }
        }

        driverTest("every keeps to its moments, leaves out those that pass in its block, and ends with its coroutine") {
            testUring {
                val period = 10.milliseconds
                val came = mutableListOf<Duration>()
                val ticking =
                    launch {
                        val began = System.nanoTime()
                        every(period) {
                            came += (System.nanoTime() - began).nanoseconds
                            // Longer than a period: the next moment passes meanwhile.
                            if (came.size == 2) delay(15)
                        }
                    }
                while (came.size < 6) delay(1)
                ticking.cancel()
                ticking.join()
                // Late they may be, early never; on time they are in SimulatedDslTest.
                came.forEachIndexed { index, time ->
                    time shouldBeGreaterThanOrEqualTo period * (if (index < 2) index + 1 else index + 2)
                }
                val last = came.size
                delay(30)
                came.size shouldBe last
            }
        }

        driverTest("a period that is none is refused with its value") {
            shouldThrow<IllegalArgumentException> { every(Duration.ZERO) { } }.message shouldBe
                "period=0s must be positive and finite"
        }
    })
