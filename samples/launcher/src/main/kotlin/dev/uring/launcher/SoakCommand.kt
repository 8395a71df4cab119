package dev.uring.launcher

import com.github.ajalt.clikt.core.CliktCommand
import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.ProgramResult
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.choice
import com.github.ajalt.clikt.parameters.types.double
import com.github.ajalt.clikt.parameters.types.int
import com.github.ajalt.clikt.parameters.types.long
import com.github.ajalt.clikt.parameters.types.restrictTo
import kotlinx.coroutines.runBlocking
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes

/** Runs a server and its clients for a long time; the status is 1 when something is held at the end. */
internal class SoakCommand : CliktCommand(name = "soak") {
    private val minutes by option("--minutes")
        .double()
        .restrictTo(MINUTES_MIN..MINUTES_MAX)
        .default(MINUTES)
        .help("how long")
    private val clients by option("--clients")
        .int()
        .restrictTo(1..CLIENTS_MAX)
        .default(CLIENTS)
        .help("connections at the same time")
    private val pauseMillis by option("--pause-millis")
        .int()
        .restrictTo(0..PAUSE_MILLIS_MAX)
        .default(0)
        .help("how long each client rests after an exchange; without it they do all that the machine can")
    private val seed by option("--seed").long().help("of the sizes and contents of messages; new each time by default")
    private val driver by option("--driver")
        .choice("auto", "uring", "nio")
        .help("what the workers run on")
    private val json by option("--json").flag().help("one JSON object instead of a table")

    override fun help(context: Context): String =
        "Has clients exchange messages with a server for a long time, and reports how the process grows."

    override fun run() {
        driver?.let { System.setProperty("uring.driver", it) }
        val soakSeed = seed ?: System.nanoTime()
        System.err.println("uring: soaking for $minutes minutes; again with --seed $soakSeed")
        val report = runBlocking { Soak(minutes.minutes, clients, soakSeed, pauseMillis.milliseconds).run() }
        println(if (json) report.toJson() else report.toText())
        if (report.heldAtEnd > 0) throw ProgramResult(1)
    }

    private companion object {
        // As long as it takes a leak of a few bytes in each connection to rise above the noise.
        const val MINUTES = 30.0
        const val MINUTES_MIN = 0.001
        const val MINUTES_MAX = 60.0 * 24 * 7

        // Enough for every worker to have some of each kind under way, few enough for a laptop.
        const val CLIENTS = 64
        const val CLIENTS_MAX = 10_000
        const val PAUSE_MILLIS_MAX = 60_000
    }
}
