package dev.uring.launcher

import com.github.ajalt.clikt.core.CliktCommand
import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.context
import com.github.ajalt.clikt.core.main
import com.github.ajalt.clikt.core.subcommands

/** The root of the command line; `./uring` builds and starts it. */
internal class UringCommand : CliktCommand(name = "uring") {
    init {
        // "@name" is an argument like any other, not a file of arguments.
        context { readArgumentFile = null }
    }

    override fun help(context: Context): String = "Runs Uring scripts and examines the machine they run on."

    override fun run(): Unit = Unit
}

internal fun uringCommand(): CliktCommand =
    UringCommand().subcommands(RunCommand(), DoctorCommand(), SoakCommand(), CompileCommand())

fun main(args: Array<String>): Unit = uringCommand().main(args)
