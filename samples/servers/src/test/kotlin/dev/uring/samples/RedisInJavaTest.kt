package dev.uring.samples

import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import java.io.File
import java.util.concurrent.TimeUnit

class RedisInJavaTest :
    FunSpec({
        defaultTestConfig = DefaultTestConfig(enabledOrReasonIf = { redisServer })

        test("sets, reads, counts and lists in a real server, and ends") {
            val folder = tempdir()
            val socket = File(folder, "redis.sock")
            val redis =
                ProcessBuilder(
                    "redis-server",
                    "--port",
                    "0",
                    "--unixsocket",
                    "$socket",
                    "--save",
                    "",
                    "--dir",
                    "$folder",
                ).redirectOutput(File(folder, "redis.log"))
                    .start()
            try {
                val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20)
                while (!socket.exists()) {
                    check(redis.isAlive && System.nanoTime() < deadline) { File(folder, "redis.log").readText() }
                    Thread.sleep(5)
                }
                listOf(1, 2).map { sample("unix:$socket") } shouldBe
                    List(2) { "hello, run number ${it + 1}\n[greeting, runs]" }
            } finally {
                redis.destroyForcibly().waitFor()
            }
        }
    })

private val redisServer: Enabled by lazy {
    val isThere = runCatching { ProcessBuilder("redis-server", "--version").start().waitFor() }.isSuccess
    check(isThere || System.getenv("CI") != "true") { "CI=true, but redis-server is not installed" }
    if (isThere) {
        Enabled.enabled
    } else {
        Enabled.disabled(
            "not installed: redis-server (Debian: apt-get install redis-server)",
        )
    }
}

private fun sample(url: String): String {
    val process =
        ProcessBuilder(
            File(System.getProperty("java.home"), "bin/java").path,
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            "dev.uring.samples.RedisInJava",
            url,
        ).redirectError(ProcessBuilder.Redirect.INHERIT).start()
    val printed = process.inputReader().readText().trim()
    check(process.waitFor(60, TimeUnit.SECONDS)) { "still running after 60 s" }
    return printed
}
