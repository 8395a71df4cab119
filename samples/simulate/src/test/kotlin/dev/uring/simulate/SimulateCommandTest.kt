package dev.uring.simulate

import com.github.ajalt.clikt.testing.test
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.ByteArrayOutputStream
import java.io.PrintStream

class SimulateCommandTest :
    FunSpec({
        test("seeds of a scenario are run, and their speed is said") {
            val (status, out) = run("--scenario", "mail", "--seeds", "3", "--first-seed", "8")
            status shouldBe 0
            out shouldContain "mail       3 seeds, "
            out shouldContain " steps/s, "
            out shouldContain " virtual s per real s"
        }

        test("the scenarios are listed") {
            val (status, out) = run("--list")
            status shouldBe 0
            out shouldContain "echo         streams come back whole"
        }

        test("an unknown scenario is refused") {
            val result = SimulateCommand().test("--scenario ecco")
            result.statusCode shouldBe 1
            result.stderr shouldContain "invalid choice: ecco"
        }
    })

private fun run(vararg arguments: String): Pair<Int, String> {
    val before = System.out
    val bytes = ByteArrayOutputStream()
    System.setOut(PrintStream(bytes, true))
    try {
        val status = SimulateCommand().test(arguments.toList()).statusCode
        return status to bytes.toString()
    } finally {
        System.setOut(before)
    }
}
