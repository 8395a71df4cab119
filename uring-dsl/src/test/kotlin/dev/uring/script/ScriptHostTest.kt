package dev.uring.script

import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.io.ByteArrayOutputStream
import java.io.PrintStream
import java.nio.file.Path
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.writeBytes
import kotlin.io.path.writeText

class ScriptHostTest :
    FunSpec({
        val scripts = tempdir().toPath()
        val caches = tempdir().toPath()

        fun script(
            name: String,
            text: String,
        ): Path = scripts.resolve("$name.uring.kts").also { it.writeText(text) }

        class HostUnderTest(
            cacheName: String,
            environment: Map<String, String> = emptyMap(),
        ) {
            val cache: Path = caches.resolve(cacheName)
            private val told = ByteArrayOutputStream()
            var compilationsCount = 0
            private val here = ScriptHost(cache, messages = PrintStream(told, true))
            private val host =
                ScriptHost(cache, environment::get, PrintStream(told, true)) { file ->
                    compilationsCount++
                    here.compile(file)
                }

            fun run(
                file: Path,
                vararg args: String,
            ): Int = host.run(file, args.toList())

            fun messages(): String = told.toString().trimEnd()
        }

        test("a script is compiled once, and again when its text has changed") {
            val host = HostUnderTest("once")
            val file = script("once", "System.setProperty(args[0], \"first\")\n")

            host.run(file, "once.1") shouldBe 0
            host.run(file, "once.2") shouldBe 0
            host.compilationsCount shouldBe 1
            System.getProperty("once.2") shouldBe "first"

            file.writeText("System.setProperty(args[0], \"second\")\n")
            host.run(file, "once.3") shouldBe 0
            host.compilationsCount shouldBe 2
            System.getProperty("once.3") shouldBe "second"
        }

        test("a compiled script that was cut short is compiled again") {
            val host = HostUnderTest("cut")
            val file = script("cut", "System.setProperty(\"cut\", args[0])\n")
            host.run(file, "before")
            host.cache
                .listDirectoryEntries()
                .single()
                .writeBytes(ByteArray(7))

            host.run(file, "after") shouldBe 0

            host.compilationsCount shouldBe 2
            System.getProperty("cut") shouldBe "after"
        }

        test("a script has the DSL, its arguments, its environment and the default imports") {
            val host = HostUnderTest("scope", mapOf("GREETING" to "hello"))
            val file =
                script(
                    "scope",
                    """
                    launch {
                        delay(1.milliseconds)
                        System.setProperty("scope", env("GREETING") + args + option("--port", "1") + flag("--x") + runtime.workersCount())
                    }
                    """.trimIndent(),
                )

            host.run(file, "--port", "7000", "--x", "@file", "--") shouldBe 0

            System.getProperty("scope") shouldStartWith "hello[--port, 7000, --x, @file, --]7000true"
        }

        test("a compile error shows file, line, column, reason and the line itself") {
            val host = HostUnderTest("error")
            val file = script("error", "val port = 1\nlaunch { tpc(port) }\n")

            host.run(file) shouldBe 1

            host.messages() shouldBe "$file:2:10: error: Unresolved reference 'tpc'.\nlaunch { tpc(port) }\n         ^"
        }

        test("an exception shows the script's line first, and the stack as far as the script goes") {
            val host = HostUnderTest("throws")
            val file =
                script("throws", "fun positive(x: Int) {\n    check(x > 0) { \"x is \$x\" }\n}\n\npositive(-1)\n")

            host.run(file) shouldBe 1

            host.messages() shouldBe
                """
                $file:2: error: java.lang.IllegalStateException: x is -1
                    check(x > 0) { "x is ${'$'}x" }
                java.lang.IllegalStateException: x is -1
                ${'\t'}at Throws_uring.positive(throws.uring.kts:2)
                ${'\t'}at Throws_uring.<init>(throws.uring.kts:5)
                """.trimIndent()
        }

        test("an exception in a coroutine of the script shows its line too") {
            val host = HostUnderTest("later")
            val file = script("later", "launch {\n    delay(1.milliseconds)\n    error(\"too late\")\n}\n")

            host.run(file) shouldBe 1

            host.messages() shouldStartWith
                "$file:3: error: java.lang.IllegalStateException: too late\n    error(\"too late\")\n"
        }

        test("a wrong option is one line for the script's user") {
            val host = HostUnderTest("usage")
            val file = script("usage", "val port = option(\"--port\", default = \"1\")\n")

            host.run(file, "--port") shouldBe 2

            host.messages() shouldBe "usage.uring.kts: option --port needs a value"
        }

        test("a file that is missing, a folder or something else is refused with its name") {
            val host = HostUnderTest("refused")
            val other = scripts.resolve("main.kts").also { it.writeText("println()") }

            host.run(scripts.resolve("missing.uring.kts")) shouldBe 2
            host.run(scripts) shouldBe 2
            host.run(other) shouldBe 2

            host.messages() shouldContain "uring: no such script: $scripts/missing.uring.kts (looked in "
            host.messages() shouldContain "uring: $scripts is a folder, not a script"
            host.messages() shouldContain "uring: $other is not a script: its name must end in .uring.kts"
            host.compilationsCount shouldBe 0
        }
    })
