package dev.uring.samples

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.io.File
import java.util.concurrent.TimeUnit

class MemcacheInJavaTest :
    FunSpec({
        test("sets, reads and counts in the sample server, and ends") {
            ServerProcess("dev.uring.samples.MemcachedKt").use { server ->
                List(2) { sample("127.0.0.1:${server.port}") } shouldBe List(2) { "hello, run number ${it + 1}" }
                server.terminate()
            }
        }
    })

private fun sample(address: String): String {
    val process =
        ProcessBuilder(
            File(System.getProperty("java.home"), "bin/java").path,
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            "dev.uring.samples.MemcacheInJava",
            address,
        ).redirectError(ProcessBuilder.Redirect.INHERIT).start()
    val printed = process.inputReader().readText().trim()
    check(process.waitFor(60, TimeUnit.SECONDS)) { "still running after 60 s" }
    return printed
}
