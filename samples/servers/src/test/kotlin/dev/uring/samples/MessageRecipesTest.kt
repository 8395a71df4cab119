package dev.uring.samples

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.io.File
import java.util.concurrent.TimeUnit

class MessageRecipesTest :
    FunSpec({
        test("the sample in Java asks the sample server, and both part in order") {
            ServerProcess("dev.uring.samples.MessageEchoKt").use { server ->
                run("dev.uring.samples.MessageInJava", "tcp|127.0.0.1|${server.port}") shouldBe "hello, world"
                server.terminate()
            }
        }

        test("every recipe prints what came of it") {
            run("dev.uring.samples.MessageRecipesKt").lines() shouldBe
                listOf(
                    "echo: hello",
                    "request-response: 100 answers, 4950 in all",
                    "multi-homed: 3 addresses, counted [1, 1, 1]",
                    "reconnect-by-hand: connected to a server that came late",
                    "reconnect-at-end: connected 3 times",
                    "reconnect-by-library: [lost, back], received: sent while the server was away",
                    "illegal-messages: INVALID_MESSAGE_MODE, INVALID_CHANNEL_NUMBER, WRONG_CONFIGURATION, INVALID_MESSAGE_ID",
                    "file: file has 1048576 bytes",
                    "chat: Ann: hello",
                    "event-bus: of news",
                    "farm: 30 tasks done",
                )
        }

        test("one recipe is run by its name") {
            run("dev.uring.samples.MessageRecipesKt", "farm") shouldBe "farm: 30 tasks done"
        }
    })

private fun run(
    mainClass: String,
    vararg arguments: String,
): String {
    val process =
        ProcessBuilder(
            File(System.getProperty("java.home"), "bin/java").path,
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            mainClass,
            *arguments,
        ).redirectError(ProcessBuilder.Redirect.INHERIT).start()
    val printed = process.inputReader().readText().trim()
    check(process.waitFor(60, TimeUnit.SECONDS)) { "still running after 60 s" }
    return printed
}
