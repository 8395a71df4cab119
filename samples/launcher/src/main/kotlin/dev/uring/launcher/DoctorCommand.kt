package dev.uring.launcher

import com.github.ajalt.clikt.core.CliktCommand
import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.ProgramResult
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import dev.uring.Doctor

/** Shows what the machine offers; the status is 1 when io_uring cannot be used. */
internal class DoctorCommand : CliktCommand(name = "doctor") {
    private val json by option("--json").flag().help("one JSON object instead of a table")

    override fun help(context: Context): String =
        "Examines the machine: kernel, limits, the io_uring features that the kernel has, and what is in the way."

    override fun run() {
        val report = Doctor.examine()
        // Not echo(): it would wrap lines and interpret them as terminal markup, and the report is laid out already.
        println(if (json) report.toJson() else report.toText().trimEnd())
        if (!report.usable()) throw ProgramResult(1)
    }
}
