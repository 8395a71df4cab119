package dev.uring.dsl

import dev.uring.base.ProcessException
import dev.uring.process.Command
import dev.uring.process.Signal
import dev.uring.process.Stdio
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.io.bytestring.decodeToString
import samples.dsl.sortedLines
import java.nio.file.Files
import java.nio.file.Path
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.measureTime

class SpawnKernelTest :
    FunSpec({
        driverTest("a child's input and output are streams, at the same time and larger than any pipe") {
            withChildren {
                val lines = List(60_000) { "line ${it * 7919 % 60_000}" }
                sortedLines(lines) shouldBe lines.sorted()
            }
        }

        driverTest("runProcess feeds, collects and says how it ended") {
            withChildren {
                val command = shell("cat; echo oops >&2; exit 3").stderr(Stdio.PIPE)
                val input = bytesOf(seed = 1, count = 1_000_000)
                val result = runProcess(command, input)
                result.status.code() shouldBe 3
                result.stdout.toByteArray().contentEquals(input) shouldBe true
                result.stderr.decodeToString() shouldBe "oops\n"
                runProcess(Command.of("true"), input).status.isSuccess shouldBe true
                runProcess(Command.of("echo", "a b", "\$HOME")).text shouldBe "a b \$HOME\n"
            }
        }

        driverTest("a program that does not end in time, or says too much, is killed and gone when that is thrown") {
            withChildren {
                val took =
                    measureTime {
                        shouldThrow<ProcessException> {
                            runProcess(
                                Command.of("sleep", "1000"),
                                timeout = 50.milliseconds,
                            )
                        }.message!! shouldContain "has not ended within timeout=50ms and was killed"
                    }
                took shouldBeLessThan 1.minutes
                childrenOfThis().shouldBeEmpty()
                shouldThrow<ProcessException> { runProcess(Command.of("yes"), outputBytesMax = 100_000) }
                    .message!! shouldContain "wrote more than bytesMax=100000 bytes"
                childrenOfThis().shouldBeEmpty()
            }
        }

        driverTest("a block that fails or is cancelled kills its child and waits until it is gone") {
            withChildren {
                shouldThrow<IllegalStateException> {
                    spawn(Command.of("sleep", "1000")) { error("thrown by the test") }
                }.message shouldBe "thrown by the test"
                childrenOfThis().shouldBeEmpty()
                coroutineScope {
                    val running = CompletableDeferred<ChildProcess>()
                    val waiting =
                        launch {
                            spawn(shell("echo ready; exec sleep 1000")) { child ->
                                child.stdout.readLine() shouldBe "ready"
                                running.complete(child)
                                child.stdout.readLine()
                            }
                        }
                    val child = running.await()
                    waiting.cancelAndJoin()
                    child.isAlive shouldBe false
                }
                childrenOfThis().shouldBeEmpty()
            }
        }

        driverTest("cancelled while it is being started, a child does not live on") {
            withChildren {
                repeat(20) {
                    coroutineScope {
                        val starting =
                            launch(start = CoroutineStart.UNDISPATCHED) { spawn(Command.of("sleep", "1000")) }
                        starting.cancelAndJoin()
                    }
                }
                while (childrenOfThis().isNotEmpty()) kotlinx.coroutines.delay(1)
            }
        }

        driverTest("lines are given one by one, the last without its end too, and a reader that waits is one") {
            withChildren {
                spawn(shell("printf 'one\\r\\ntwo\\n\\nlast'; read x; exit \$x").stdin(Stdio.PIPE)) { child ->
                    List(3) { child.stdout.readLine() } shouldBe listOf("one", "two", "")
                    val last = async(start = CoroutineStart.UNDISPATCHED) { child.stdout.readLine() }
                    shouldThrow<IllegalStateException> { child.stdout.readLine() }.message!! shouldContain
                        "has a reader already"
                    child.stdin.send("5\n")
                    last.await() shouldBe "last"
                    child.stdout.readLine() shouldBe null
                    child.await().code() shouldBe 5
                }
            }
        }

        driverTest("a signal reaches it, and a stream that is no pipe is refused by name") {
            withChildren {
                spawn(Command.of("sleep", "1000").stdout(Stdio.NULL)) { child ->
                    child.kill() shouldBe true
                    child.await().signal().get() shouldBe Signal.TERM
                    shouldThrow<IllegalStateException> { child.stdout }.message!! shouldStartWith
                        "stdout of ChildProcess(sleep"
                    child.kill() shouldBe false
                }
            }
        }
    })

private fun shell(script: String): Command = Command.of("sh", "-c", script)

private fun childrenOfThis(): List<Long> =
    ProcessHandle
        .current()
        .children()
        .toList()
        .map { it.pid() }

private fun pipes(): Set<String> =
    Files.list(Path.of("/proc/self/fd")).use { entries ->
        entries
            .toList()
            .mapNotNull { runCatching { Files.readSymbolicLink(it).toString() }.getOrNull() }
            .filterTo(HashSet()) { it.startsWith("pipe:") || it.contains("pidfd") }
    }

private suspend fun withChildren(body: suspend UringScope.() -> Unit) {
    val before = pipes()
    testUring { body() }
    childrenOfThis().shouldBeEmpty()
    (pipes() - before).shouldBeEmpty()
}
