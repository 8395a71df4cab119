package dev.uring.dsl

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import java.io.File
import java.net.InetSocketAddress
import java.util.concurrent.TimeUnit
import kotlin.time.measureTime

/** What only a process of its own can show: how `uring` takes part in the end of the JVM. */
class SignalKernelTest :
    FunSpec({
        for (signal in listOf("TERM", "INT")) {
            driverTest(
                "SIG$signal lets handlers say goodbye, and the process ends with the signal's code",
            ) {
                withContext(Dispatchers.IO) {
                    val process = startChildProgram("serve")
                    try {
                        val output = process.inputReader()
                        val port = output.readLine().toInt()
                        Peer(InetSocketAddress("127.0.0.1", port)).use { peer ->
                            peer.send("hello")
                            peer.receiveText(5) shouldBe "hello"
                            kill(process, signal)
                            peer.receiveTextToEnd() shouldBe "goodbye"
                        }
                        process.waitFor(20, TimeUnit.SECONDS) shouldBe true
                        process.exitValue() shouldBe (if (signal == "TERM") 143 else 130)
                        output.readLine() shouldBe "block ended"
                    } finally {
                        process.destroyForcibly()
                    }
                }
            }
        }

        driverTest("exitProcess in the block, on a worker, is not held up by the drain it makes impossible") {
            withContext(Dispatchers.IO) {
                val process = startChildProgram("exit")
                try {
                    measureTime { process.waitFor(30, TimeUnit.SECONDS) shouldBe true }.inWholeSeconds shouldBeLessThan
                        25
                    process.exitValue() shouldBe 3
                } finally {
                    process.destroyForcibly()
                }
            }
        }
    })

internal fun startChildProgram(program: String): Process =
    ProcessBuilder(
        // A shell that runs this build in the background has SIGINT ignored, and nohup SIGHUP; children inherit that, and a
        // JVM respects it.
        "env",
        "--default-signal=INT,HUP",
        File(System.getProperty("java.home"), "bin/java").path,
        "-Xmx256m",
        "--enable-native-access=ALL-UNNAMED",
        "-D$DRIVER_PROPERTY=${System.getProperty(DRIVER_PROPERTY)}",
        "-cp",
        System.getProperty("java.class.path"),
        "dev.uring.dsl.ChildProgramsKt",
        program,
    ).redirectError(ProcessBuilder.Redirect.INHERIT).start()

internal fun kill(
    process: Process,
    signal: String,
) = ProcessBuilder("kill", "-$signal", process.pid().toString()).start().waitFor() shouldBe 0
