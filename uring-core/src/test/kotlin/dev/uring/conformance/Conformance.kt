package dev.uring.conformance

import dev.uring.RuntimeConfig
import dev.uring.sim.simulated
import dev.uring.testing.driverTest
import dev.uring.testing.isDriverLeftOpen
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.smallConfig
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import java.nio.file.Files

/**
 * One scenario, on every driver and on simulated hosts: nothing is held when it has played, and nothing is left when its
 * runtimes have ended.
 */
internal fun FunSpec.conforms(
    name: String,
    configure: RuntimeConfig.Builder.() -> Unit = {},
    scenario: Stage.() -> Unit,
) {
    driverTest(name) { onKernel(configure, scenario) }
    // What the machine forbids means nothing there.
    if (isDriverLeftOpen) return
    val replayed = "mvn -pl uring-core test -Dtest=${this::class.simpleName}"
    test("$name, on sim") {
        for (seed in 1L..WEATHERS) {
            simulated(seed, { "$replayed -During.sim.seed=$it" }) {
                weather()
                val stage = SimStage(this, configure)
                stage.scenario()
                stage.awaitNothingHeld()
            }
        }
    }
}

private fun onKernel(
    configure: RuntimeConfig.Builder.() -> Unit,
    scenario: Stage.() -> Unit,
) {
    val folder = Files.createTempDirectory("uring-conformance")
    try {
        leavesNothingBehind {
            KernelStage(smallConfig().apply(configure).build(), folder).use { stage ->
                stage.scenario()
                stage.awaitNothingHeld()
            }
        }
    } finally {
        folder.toFile().deleteRecursively()
    }
}

/** As [conforms], played once for each way to cut a stream. */
internal fun FunSpec.conformsHoweverFed(
    name: String,
    configure: RuntimeConfig.Builder.() -> Unit = {},
    scenario: Stage.(Feeder) -> Unit,
) {
    val seed = System.getProperty("uring.test.seed")?.toLong() ?: System.nanoTime()
    println("seed=$seed; again with: mvn -pl uring-core test -Dtest=${this::class.simpleName} -During.test.seed=$seed")
    for (feeder in listOf(Feeder.Whole, Feeder.OneByteAtATime, Feeder.RandomSplits(seed))) {
        val how =
            when (feeder) {
                Feeder.Whole -> "whole"
                Feeder.OneByteAtATime -> "one byte at a time"
                is Feeder.RandomSplits -> "split at random"
            }
        conforms("$name, fed $how", configure) { withClue(feeder) { scenario(feeder) } }
    }
}
