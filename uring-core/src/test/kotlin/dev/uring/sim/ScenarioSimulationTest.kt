package dev.uring.sim

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain

/** More of them, as many as there is time for: `./uring simulate`. */
private const val SEEDS = 60L

class ScenarioSimulationTest :
    FunSpec({
        for (scenario in Scenario.all) {
            test("${scenario.name}: ${scenario.about}") {
                for (seed in 1..SEEDS) scenario.run(seed)
            }

            test("${scenario.name}: the same seed shows the same again") {
                val first = scenario.run(SEEDS + 1)
                val second = scenario.run(SEEDS + 1)
                second.traceHash shouldBe first.traceHash
                second.steps shouldBe first.steps
            }
        }

        test("an unknown name is refused with those that there are") {
            shouldThrow<IllegalArgumentException> { Scenario.named("ecco") }.message shouldContain
                "there are echo, churn,"
        }

        test("a failure says seed, step, what and the command that shows it again") {
            val failure =
                shouldThrow<SimulationFailure> {
                    Scenario(
                        "never",
                        "waits in vain",
                    ) { runUntil("rain") { false } }.run(3)
                }
            failure.seed shouldBe 3
            failure.message shouldContain "simulation failed: seed=3, step="
            failure.message shouldContain "rain did not happen within 10m"
            failure.message shouldContain "Replay: ./uring simulate --scenario never --first-seed 3 --seeds 1"
        }
    })
