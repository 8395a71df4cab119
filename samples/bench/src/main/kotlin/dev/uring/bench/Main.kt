@file:JvmName("Main")

package dev.uring.bench

import com.github.ajalt.clikt.core.CliktCommand
import com.github.ajalt.clikt.core.CliktError
import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.ProgramResult
import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.core.parse
import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.arguments.optional
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.options.split
import com.github.ajalt.clikt.parameters.types.double
import com.github.ajalt.clikt.parameters.types.int
import com.github.ajalt.clikt.parameters.types.path
import com.github.ajalt.clikt.parameters.types.restrictTo
import dev.uring.bench.process.ChildFailure
import dev.uring.bench.report.JsonReport
import dev.uring.bench.report.TextReport
import java.nio.file.Files
import kotlin.system.exitProcess

/** Exit codes: 0 ran honestly, whatever the ratios; 2 bad usage or something missing; 3 the self-check failed. */
object ExitCode {
    const val OK = 0
    const val FAILED = 1
    const val USAGE = 2
    const val SELF_CHECK = 3
}

/** `bench NAME [--quick] [--json FILE] [--rounds N] [--seconds S] [--only subject,…] [--workload id,…] [--list]`. */
class BenchCommand(
    private val benches: List<Bench>,
    private val out: (String) -> Unit,
    private val progress: (String) -> Unit,
) : CliktCommand(name = "uring bench") {
    private val benchName by argument("NAME", help = "Which bench to run; --list names them").optional()
    private val quick by option("--quick", help = "Few workloads, few short rounds: under a minute").flag()
    private val json by option(
        "--json",
        metavar = "FILE",
        help = "Also write the report as JSON",
    ).path(canBeDir = false)
    private val rounds by option(
        "--rounds",
        help = "Rounds of each subject and workload",
    ).int().restrictTo(1..ROUNDS_MAX)
    private val seconds by option("--seconds", help = "Length of a round").double().restrictTo(SECONDS_MIN..SECONDS_MAX)
    private val only by option(
        "--only",
        metavar = "SUBJECT,…",
        help = "Measure these subjects",
    ).split(",").default(emptyList())
    private val workload by option(
        "--workload",
        metavar = "ID,…",
        help = "Measure these workloads",
    ).split(",").default(emptyList())
    private val list by option("--list", help = "List benches, subjects and workloads").flag()

    override fun help(context: Context): String =
        "Measures our servers beside their peers: CPU per operation, latency, allocation."

    override fun run() {
        if (list) return out(listing())
        val bench = benchNamed(benchName ?: throw UsageError("which bench? ${names()}"))
        val options =
            BenchOptions(
                quick = quick,
                rounds = rounds,
                seconds = seconds,
                only = known("--only", only, bench.subjects),
                workloads = known("--workload", workload, bench.workloads),
                progress = progress,
            )
        val report = bench.run(options)
        out(TextReport.render(report))
        json?.let { Files.writeString(it, JsonReport.render(report)) }
    }

    private fun benchNamed(name: String): Bench =
        benches.find { it.name == name } ?: throw UsageError("no bench is called \"$name\"; ${names()}")

    private fun names() = "there are: ${benches.joinToString { it.name }}"

    private fun known(
        option: String,
        values: List<String>,
        among: List<String>,
    ): Set<String> {
        val unknown = values - among.toSet()
        if (unknown.isNotEmpty()) {
            throw UsageError(
                "$option: unknown ${unknown.joinToString()}; known: ${among.joinToString()}",
            )
        }
        return values.toSet()
    }

    private fun listing(): String =
        benches.joinToString("\n") { bench ->
            """
            |${bench.name}: ${bench.summary}
            |  subjects:  ${bench.subjects.joinToString(",")}
            |  workloads: ${bench.workloads.joinToString(",")}
            |
            """.trimMargin()
        }

    private companion object {
        const val ROUNDS_MAX = 1000
        const val SECONDS_MIN = 0.05
        const val SECONDS_MAX = 60.0
    }
}

/** Runs the command line [arguments]; returns the exit code. */
fun bench(
    arguments: List<String>,
    out: (String) -> Unit = ::print,
    err: (String) -> Unit = System.err::println,
    benches: List<Bench> = Bench.ALL,
): Int {
    val command = BenchCommand(benches, out, err)
    try {
        command.parse(arguments)
        return ExitCode.OK
    } catch (e: ProgramResult) {
        return e.statusCode
    } catch (e: CliktError) {
        command.getFormattedHelp(e)?.let(if (e.printError) err else out)
        return if (e.statusCode == 0) ExitCode.OK else ExitCode.USAGE
    } catch (e: BenchUnusable) {
        err("bench: ${e.message}")
        return ExitCode.USAGE
    } catch (e: SelfCheckFailure) {
        err("bench: the self-check failed, so there is no report. ${e.message}")
        return ExitCode.SELF_CHECK
    } catch (e: ChildFailure) {
        err("bench: ${e.message}")
        return ExitCode.FAILED
    }
}

fun main(arguments: Array<String>) {
    exitProcess(bench(arguments.toList()))
}
