package dev.uring.launcher

import com.github.ajalt.clikt.core.CliktCommand
import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.ProgramResult
import com.github.ajalt.clikt.core.context
import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.arguments.help
import com.github.ajalt.clikt.parameters.arguments.multiple
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.choice
import com.github.ajalt.clikt.parameters.types.path
import dev.uring.script.ScriptHost
import kotlin.system.exitProcess

/** Runs one script: its status becomes that of the process. */
internal class RunCommand : CliktCommand(name = "run") {
    init {
        // Everything after the file belongs to the script, options included.
        context { allowInterspersedArgs = false }
    }

    private val cache by option("--cache", metavar = "FOLDER", hidden = true).path()
    private val driver by option("--driver")
        .choice("auto", "uring", "nio")
        .help("what the workers run on, unless the script demands one")
    private val file by argument("FILE").path().help("the script, a file named *.uring.kts")
    private val arguments by argument("ARGUMENT").multiple().help("what the script sees as args")

    override fun help(context: Context): String = "Compiles and runs a script."

    override fun run() {
        driver?.let { System.setProperty("uring.driver", it) }
        val folder = cache ?: ScriptHost.cacheFolder()
        val status = ScriptHost(folder, compiler = CompilerProcess(folder)).run(file, arguments)
        // Not a return from main: a thread that the script left behind must not keep the process.
        exitProcess(status)
    }
}

/** `compile FILE`: what [CompilerProcess] starts. */
internal class CompileCommand : CliktCommand(name = "compile") {
    private val cache by option("--cache", metavar = "FOLDER").path().help("where compiled scripts are kept")
    private val file by argument("FILE").path()

    override val hiddenFromHelp: Boolean = true

    override fun run(): Unit = throw ProgramResult(ScriptHost(cache ?: ScriptHost.cacheFolder()).compile(file))
}
