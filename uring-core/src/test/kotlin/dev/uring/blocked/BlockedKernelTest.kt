package dev.uring.blocked

import dev.uring.ring.Probe
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.RecordingLogs
import dev.uring.testing.RingOnly
import dev.uring.testing.ringTest
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import org.opentest4j.TestAbortedException
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.io.path.exists

/**
 * io_uring blocked for real, in processes of their own: a seccomp filter cannot be taken back.
 *
 * What a filter does not see is a single operation inside a ring; a kernel that lacks one is played by a filter that
 * looks at what is registered.
 */
class BlockedKernelTest :
    FunSpec({
        ringTest(
            RingOnly.BLOCKADE,
            "a filter that forbids the setup makes auto run on nio, with one warning that names it",
        ) {
            val lines = run(Blockade.SETUP_FORBIDDEN)
            lines shouldContain "driver=nio echoed=hello"
            lines.warnings() shouldHaveSize 1
            lines.warnings().single() shouldBe
                "WARN io_uring cannot be used, driver nio runs instead: a seccomp filter blocks io_uring.|" +
                "  Check: the container's seccomp profile must allow io_uring_setup, io_uring_enter and" +
                " io_uring_register. `uring doctor` tells more; URING_DRIVER=nio chooses this driver without a warning."
        }

        ringTest(RingOnly.BLOCKADE, "a filter that says there is no such call is told from an old kernel") {
            val lines = run(Blockade.SETUP_MISSING)
            lines shouldContain "driver=nio echoed=hello"
            lines.warnings().single() shouldContain "a seccomp filter blocks io_uring"
        }

        ringTest(RingOnly.BLOCKADE, "a setup that is refused for want of memory names the limit of locked memory") {
            val lines = run(Blockade.SETUP_OUT_OF_MEMORY)
            lines shouldContain "driver=nio echoed=hello"
            lines.warnings().single() shouldContain "ulimit -l (RLIMIT_MEMLOCK)"
        }

        ringTest(RingOnly.BLOCKADE, "a ring that can be set up and not entered is not used") {
            val lines = run(Blockade.ENTER_FORBIDDEN)
            lines shouldContain "driver=nio echoed=hello"
            lines.warnings().single() shouldContain "a seccomp filter blocks io_uring"
        }

        ringTest(RingOnly.BLOCKADE, "a kernel without buffer rings is not used, and the warning names them") {
            val lines = run(Blockade.BUFFER_RINGS_MISSING)
            lines shouldContain "driver=nio echoed=hello"
            lines.warnings().single() shouldContain "buffer ring"
        }

        ringTest(RingOnly.BLOCKADE, "a kernel that does not tell what it can do is not used, with the filter named") {
            val lines = run(Blockade.PROBE_FORBIDDEN)
            lines shouldContain "driver=nio echoed=hello"
            lines.warnings().single() shouldContain "a seccomp filter blocks io_uring"
        }

        for ((value, cause) in listOf(
            1 to "io_uring is reserved to privileged processes (kernel.io_uring_disabled=1)",
            2 to "io_uring is disabled (kernel.io_uring_disabled=2)",
        )) {
            ringTest(RingOnly.BLOCKADE, "a sysctl of $value is told from a filter, in one warning with the remedy") {
                needsSysctl()
                // The kernel's answer to it is EPERM as well; the switch itself is the machine's and stays.
                val lines = run(Blockade.SETUP_FORBIDDEN, within = sysctlOf(value))
                lines shouldContain "driver=nio echoed=hello"
                lines.warnings().single() shouldContain "$cause.|  Check: sysctl kernel.io_uring_disabled=0 allows it"
            }
        }

        ringTest(RingOnly.BLOCKADE, "no locked memory at all is enough: rings and buffers are accounted elsewhere") {
            val lines = run(Blockade.NO_LOCKED_MEMORY)
            lines shouldContain "driver=uring echoed=hello"
            lines.warnings().shouldBeEmpty()
        }

        ringTest(RingOnly.BLOCKADE, "under the profile for containers auto runs on io_uring without a word") {
            needsHeader()
            val lines = run(Blockade.CONTAINER)
            lines shouldContain "driver=uring echoed=hello"
            lines.warnings().shouldBeEmpty()
        }

        ringTest(RingOnly.BLOCKADE, "the profile's rule about io_uring is what makes the difference") {
            needsHeader()
            val lines = run(Blockade.CONTAINER_WITHOUT_IO_URING)
            lines shouldContain "driver=nio echoed=hello"
            lines.warnings().single() shouldContain "a seccomp filter blocks io_uring"
        }

        ringTest(RingOnly.BLOCKADE, "io_uring that is demanded and forbidden is an error that names the filter") {
            val lines = run(Blockade.SETUP_FORBIDDEN, "URING")
            lines.warnings().shouldBeEmpty()
            lines.single { it.startsWith("refused: ") }.let {
                it shouldStartWith "refused: io_uring_setup failed: errno=1 (EPERM), entries=1024"
                it shouldContain "|  Likely cause: a seccomp filter blocks io_uring. Check: "
            }
        }

        ringTest(
            RingOnly.BLOCKADE,
            "io_uring that is demanded and can be set up, but not entered, is an error at the start",
        ) {
            val lines = run(Blockade.ENTER_FORBIDDEN, "URING")
            lines.warnings().shouldBeEmpty()
            lines.single { it.startsWith("refused: ") } shouldStartWith
                "refused: io_uring_enter failed: errno=1 (EPERM)"
        }

        test("io_uring that is demanded where there is no Linux is an error") {
            run(Blockade.NONE, "URING", options = listOf("-Dos.name=Elsewhere")).single {
                it.startsWith("refused: ")
            } shouldStartWith
                "refused: driver=uring is demanded, and io_uring cannot be used: io_uring needs Linux"
        }

        ringTest(RingOnly.BLOCKADE, "where nothing is blocked auto runs on io_uring without a word") {
            val lines = run(Blockade.NONE)
            lines shouldContain "driver=uring echoed=hello"
            lines.warnings().shouldBeEmpty()
            Probe.run().available() shouldBe true
        }

        test("nio that is demanded runs without a word, whatever is blocked") {
            val lines = run(Blockade.NONE, "NIO")
            lines shouldContain "driver=nio echoed=hello"
            lines.warnings().shouldBeEmpty()
        }

        test("on a system that is not Linux auto runs on nio and touches nothing of Linux") {
            val lines = run(Blockade.NONE, options = listOf("-Dos.name=Elsewhere"))
            lines shouldContain "driver=nio echoed=hello"
            lines.warnings().single() shouldContain "io_uring needs Linux"
        }
    })

private fun needsHeader() {
    if (!ContainerProfile.header.exists()) {
        throw TestAbortedException("no ${ContainerProfile.header} to find the numbers of system calls in")
    }
}

private val sysctl = Path.of("/proc/sys/kernel/io_uring_disabled")

/** Has a process see another value of the switch: a file in a mount namespace of its own. */
private fun sysctlOf(value: Int): List<String> =
    listOf(
        "unshare",
        "--mount",
        "sh",
        "-c",
        "f=$(mktemp) && echo $value >\"${'$'}f\" && mount --bind \"${'$'}f\" $sysctl && rm \"${'$'}f\" && exec \"${'$'}@\"",
        "sh",
    )

private fun needsSysctl() {
    val isAllowed =
        sysctl.exists() &&
            runCatching { ProcessBuilder(sysctlOf(0) + "true").start().waitFor() == 0 }.getOrDefault(false)
    if (!isAllowed) throw TestAbortedException("no mount namespace, or no $sysctl, to try it in")
}

private fun List<String>.warnings() = filter { it.startsWith("WARN") || it.startsWith("ERROR") }

/** The lines that a [BlockedEcho] process prints. */
private fun run(
    blockade: Blockade,
    vararg more: String,
    options: List<String> = emptyList(),
    within: List<String> = emptyList(),
): List<String> {
    val command =
        within +
            listOf(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dslf4j.provider=${RecordingLogs::class.java.name}",
            ) + options +
            listOf("-cp", System.getProperty("java.class.path"), BlockedEcho::class.java.name, blockade.name) + more
    val builder = ProcessBuilder(command).redirectErrorStream(true)
    // Whoever runs the tests may have chosen a driver for them.
    builder.environment().remove("URING_DRIVER")
    val process = builder.start()
    process.onExit().orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).exceptionally { process.destroyForcibly() }
    val lines = process.inputStream.bufferedReader().readLines()
    check(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) { "does not end: $lines" }
    check(process.exitValue() == 0) { "status ${process.exitValue()}: $lines" }
    return lines
}
