package dev.uring.dsl

import dev.uring.base.Deadline
import dev.uring.base.TimeSource
import dev.uring.sim.SimulationFailure
import dev.uring.sim.simulated
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import samples.dsl.greetArrivals
import samples.dsl.greetLines
import samples.dsl.greetings
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration

private const val SEEDS = 20L

class SimulatedDslTest :
    FunSpec({
        test("a server that takes an arrival for a line passes where nothing goes wrong") {
            greetings(seed = 42, weather = {}, greet = ::greetArrivals)
        }

        test("the weather finds it, within the seeds of the build, and says how to see it again") {
            val found =
                (1..SEEDS).firstNotNullOf { seed ->
                    runCatching { greetings(seed, { harmless(0.3) }, ::greetArrivals) }.exceptionOrNull()
                }
            (found is SimulationFailure) shouldBe true
            found.message shouldContain "Replay: mvn test -Dtest=SimulatedDslTest -During.sim.seed="
        }

        test("one that reads lines stands in any weather, and the same seed is the same day") {
            for (seed in 1..SEEDS) greetings(seed, { harmless(0.3) }, ::greetLines)
            val first = greetings(7, { harmless(0.3) }, ::greetLines)
            greetings(7, { harmless(0.3) }, ::greetLines).traceHash shouldBe first.traceHash
        }

        test("delays, periods and deadlines pass in virtual time") {
            var beats = 0
            var slept = Duration.ZERO
            var left = Duration.ZERO
            val result =
                simulated(seed = 5) {
                    val machine = host("machine")
                    launch("sleeper") {
                        uring(machine.config) {
                            val beating = launch { every(10.minutes) { beats++ } }
                            val clock = TimeSource.present()
                            val began = clock.nanoTime()
                            val deadline = Deadline.after(25.hours.toJavaDuration())
                            delay(24.hours)
                            slept = Duration.parse("${(clock.nanoTime() - began) / NANOS_PER_SECOND}s")
                            left = deadline.timeLeft
                            beating.cancel()
                        }
                    }
                    runUntil("a day has passed", limit = 48.hours) { slept > Duration.ZERO }
                }
            slept shouldBe 24.hours
            beats.toLong() shouldBeInRange 142L..144L
            left shouldBeGreaterThan 59.minutes
            result.realTime.inWholeMilliseconds shouldBeInRange 0L..20.seconds.inWholeMilliseconds
        }

        test("every keeps to its moments exactly, and leaves out the one that passes in its block") {
            val moments = mutableListOf<Long>()
            simulated(seed = 6) {
                val machine = host("machine")
                launch("ticker") {
                    uring(machine.config) {
                        val clock = TimeSource.present()
                        val began = clock.nanoTime()
                        val ticking =
                            launch {
                                every(10.seconds) {
                                    moments += (clock.nanoTime() - began) / (10 * NANOS_PER_SECOND)
                                    if (moments.size == 2) delay(15.seconds)
                                }
                            }
                        while (moments.size < 6) delay(1.seconds)
                        ticking.cancel()
                    }
                }
                runUntil("six moments have come", limit = 1.hours) { moments.size == 6 }
            }
            moments shouldBe listOf(1L, 2L, 4L, 5L, 6L, 7L)
        }

        test("an exception of a coroutine is the simulation's") {
            val failure =
                shouldThrow<SimulationFailure> {
                    simulated(seed = 1) {
                        val machine = host("machine")
                        launch("one") { uring(machine.config) { error("out of ideas") } }
                    }
                }
            failure.message shouldContain "the program failed: java.lang.IllegalStateException: out of ideas"
        }
    })

private const val NANOS_PER_SECOND = 1_000_000_000L
