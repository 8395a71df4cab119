package dev.uring.samples

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import java.io.File
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit

class NvmeSmokeTest :
    FunSpec({
        // A real disk is for a human to try: opening it takes rights that a build should not have.
        test("without an NVMe device the smoke program says why it does nothing").config(enabled = !hasDevice()) {
            val process =
                ProcessBuilder(
                    File(System.getProperty("java.home"), "bin/java").path,
                    "--enable-native-access=ALL-UNNAMED",
                    "-cp",
                    System.getProperty("java.class.path"),
                    "dev.uring.samples.NvmeSmokeKt",
                ).redirectError(ProcessBuilder.Redirect.INHERIT).start()
            val said = process.inputReader().readText()
            process.waitFor(30, TimeUnit.SECONDS) shouldBe true
            said shouldStartWith "skipped: this machine has no NVMe device"
            process.exitValue() shouldBe 0
        }
    })

private fun hasDevice() = Files.list(Path.of("/dev")).use { it.anyMatch { entry -> "$entry".startsWith("/dev/ng") } }
