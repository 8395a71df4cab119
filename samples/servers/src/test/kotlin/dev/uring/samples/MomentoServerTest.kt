package dev.uring.samples

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.io.File
import java.util.concurrent.TimeUnit

class MomentoServerTest :
    FunSpec({
        test("the sample in Java stores and reads with the sample server, over TLS") {
            ServerProcess("dev.uring.samples.MomentoServerKt", "a-token").use { server ->
                momentoInJava("${server.port}", "a-token") shouldBe "hello, world"
                server.terminate()
            }
        }
    })

private fun momentoInJava(vararg arguments: String): String {
    val process =
        ProcessBuilder(
            File(System.getProperty("java.home"), "bin/java").path,
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            "dev.uring.samples.MomentoInJava",
            *arguments,
        ).redirectError(ProcessBuilder.Redirect.INHERIT).start()
    val printed = process.inputReader().readText().trim()
    check(process.waitFor(60, TimeUnit.SECONDS)) { "still running after 60 s" }
    return printed
}
