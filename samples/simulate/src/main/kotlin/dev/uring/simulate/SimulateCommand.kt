package dev.uring.simulate

import com.github.ajalt.clikt.core.CliktCommand
import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.ProgramResult
import com.github.ajalt.clikt.core.main
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.multiple
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.choice
import com.github.ajalt.clikt.parameters.types.long
import com.github.ajalt.clikt.parameters.types.restrictTo
import dev.uring.sim.Scenario
import dev.uring.sim.SimulationFailure

/** Runs scenarios with one seed after the other; the status is 1 when one of them finds something. */
internal class SimulateCommand : CliktCommand(name = "uring simulate") {
    private val seeds by option("--seeds")
        .long()
        .restrictTo(min = 1)
        .default(SEEDS_DEFAULT)
        .help("how many seeds each scenario is run with (default $SEEDS_DEFAULT)")

    private val firstSeed by option("--first-seed")
        .long()
        .default(1)
        .help("the seed to begin with (default 1)")

    private val scenarios by option("--scenario")
        .choice(Scenario.all.associateBy { it.name })
        .multiple()
        .help("one to run, may be repeated (default: all)")

    private val list by option("--list").flag().help("names the scenarios and ends")

    override fun help(context: Context): String =
        "Runs the library on simulated hosts, in virtual time and in any weather. What is found is shown with its seed."

    override fun run() {
        if (list) {
            Scenario.all.forEach { println("${it.name.padEnd(NAME_WIDTH)} ${it.about}") }
            return
        }
        val found = scenarios.ifEmpty { Scenario.all }.count { !runSeeds(it) }
        if (found > 0) throw ProgramResult(1)
    }

    private fun runSeeds(scenario: Scenario): Boolean {
        val progress = Progress(scenario.name)
        for (seed in firstSeed until firstSeed + seeds) {
            try {
                progress.add(scenario.run(seed))
            } catch (failure: SimulationFailure) {
                println("${scenario.name}: ${failure.message}")
                return false
            }
        }
        println(progress)
        return true
    }

    private companion object {
        const val SEEDS_DEFAULT = 1_000L
        const val NAME_WIDTH = 12
    }
}

fun main(args: Array<String>): Unit = SimulateCommand().main(args)
