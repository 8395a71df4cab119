package dev.uring.samples

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeLessThanOrEqualTo
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldMatch
import java.io.File
import java.net.Socket
import java.util.concurrent.TimeUnit
import kotlin.io.path.Path
import kotlin.io.path.readText

/** The program in the README is the source file that this module compiles, and does what the README says. */
class ReadmeProgramTest :
    FunSpec({
        val root = Path(System.getProperty("uring.root"))

        test("the README shows the program as it is compiled, in fifteen lines at most") {
            val source = root.resolve("samples/servers/src/main/kotlin/dev/uring/samples/ReadmeProgram.kt").readText()
            val shown =
                Regex(
                    "```kotlin\n(.*?)```",
                    RegexOption.DOT_MATCHES_ALL,
                ).find(root.resolve("README.md").readText())

            shown?.groupValues?.get(1) shouldBe source.substringAfter("\n\n")
            source.substringAfter("\n\n").lines().size shouldBeLessThanOrEqualTo 16 // an empty one after the last
        }

        test("the program greets, echoes and ends on SIGTERM").config(timeout = kotlin.time.Duration.parse("60s")) {
            val command =
                listOf(
                    File(System.getProperty("java.home"), "bin/java").path,
                    "--enable-native-access=ALL-UNNAMED",
                    "-cp",
                    System.getProperty("java.class.path"),
                    "dev.uring.samples.ReadmeProgramKt",
                    "127.0.0.1:0",
                )
            val process = ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start()
            try {
                val port =
                    process
                        .inputReader()
                        .readLine()
                        .substringAfter("listening on port ")
                        .toInt()
                Socket("127.0.0.1", port).use { socket ->
                    val reader = socket.getInputStream().bufferedReader()
                    reader.readLine() shouldMatch "hello from worker \\d+"
                    socket.getOutputStream().write("echo\n".toByteArray())
                    reader.readLine() shouldBe "echo"
                }
                process.toHandle().destroy()
                process.waitFor(30, TimeUnit.SECONDS) shouldBe true
                process.exitValue() shouldBe 143
            } finally {
                process.destroyForcibly()
            }
        }
    })
