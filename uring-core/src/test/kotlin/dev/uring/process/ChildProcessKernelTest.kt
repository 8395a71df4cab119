package dev.uring.process

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.base.ProcessException
import dev.uring.file.WorkerFiles
import dev.uring.file.value
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.closeInTime
import dev.uring.testing.driverTest
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.smallConfig
import dev.uring.worker.Worker
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.comparables.shouldBeLessThanOrEqualTo
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.io.ByteArrayOutputStream
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.random.Random

private const val MIB = 1 shl 20
private const val ENOENT = 2
private const val EACCES = 13
private const val EPIPE = 32

class ChildProcessKernelTest :
    FunSpec({
        driverTest("a program runs, writes to its pipes, and says how it ended") {
            withChildren { children ->
                val child = children.spawn(shell("echo out; echo err >&2; exit 7").stderr(Stdio.PIPE))
                val stdout = child.stdout().get().collect()
                val stderr = child.stderr().get().collect()
                stdout.text() shouldBe "out\n"
                stderr.text() shouldBe "err\n"
                child.exited().value() shouldBe ExitStatus(7, 0)
                child.isAlive shouldBe false
                child.kill(Signal.TERM) shouldBe false
            }
        }

        driverTest("what is written to its input it reads, whole and in order, and then the end") {
            withChildren { children ->
                val child = children.spawn(Command.of("cat").stdin(Stdio.PIPE))
                val echoed = child.stdout().get().collect()
                val input = Random(1).nextBytes(3 * MIB + 5)
                val stdin = child.stdin().get()
                stdin.write(input, 3).get(PATIENCE_SECONDS, TimeUnit.SECONDS) shouldBe null
                child.call { stdin.close() }
                echoed.bytes().contentEquals(input.copyOfRange(3, input.size)) shouldBe true
                child.exited().value().isSuccess shouldBe true
            }
        }

        driverTest("a child whose output nobody reads waits, and what it has written is there afterwards") {
            withChildren { children ->
                val child = children.spawn(Command.of("head", "-c", "1000000", "/dev/zero"))
                val stdout = child.stdout().get()
                var offered = 0
                child.call {
                    stdout.receive { pipe, bytes ->
                        offered = bytes.size()
                        pipe.pause()
                        0
                    }
                }
                await { child.call { offered } > 0 }
                child.isAlive shouldBe true
                child.call { stdout.readableBytes() } shouldBeLessThanOrEqualTo PipeReader.UNCONSUMED_BYTES_MAX
                stdout.collect().bytes().size shouldBe 1_000_000
                child.exited().value().isSuccess shouldBe true
            }
        }

        driverTest("a handler sees what it leaves together with what follows, until the bound") {
            withChildren { children ->
                val child = children.spawn(shell("printf abc; read x; printf def").stdin(Stdio.PIPE))
                val seen = ArrayList<String>()
                val ended = CompletableFuture<ProcessException?>()
                child.call {
                    child.stdout().get().receive(
                        handler(ended) { bytes ->
                            seen += bytes.toUtf8()
                            if (seen.size == 1) 1 else bytes.size()
                        },
                    )
                }
                await { child.call { seen.size } == 1 }
                child.stdin().get().write("go\n".toByteArray(), 0)
                ended.get(PATIENCE_SECONDS, TimeUnit.SECONDS) shouldBe null
                seen shouldBe listOf("abc", "bcdef")
                child.call { child.stdin().get().close() }

                val endless = children.spawn(Command.of("head", "-c", "100000", "/dev/zero"))
                val refused = CompletableFuture<ProcessException?>()
                endless.call { endless.stdout().get().receive(handler(refused) { 0 }) }
                refused.get(PATIENCE_SECONDS, TimeUnit.SECONDS)!!.message!! shouldContain
                    "a message exceeds UNCONSUMED_BYTES_MAX=65536 bytes, none of which were consumed"
                endless.close()
            }
        }

        driverTest("a signal ends it, by the descriptor, and the status names it") {
            withChildren { children ->
                val child = children.spawn(Command.of("sleep", "1000"))
                child.kill(Signal.TERM) shouldBe true
                val status = child.exited().value()
                status shouldBe ExitStatus(143, 15)
                status.signal().get() shouldBe Signal.TERM
                status.toString() shouldBe "signal TERM"
                child.call { child.stdout().get().close() }
            }
        }

        driverTest("close kills, reaps and closes, also while a read and a write are under way") {
            withChildren { children ->
                val child = children.spawn(Command.of("sleep", "1000").stdin(Stdio.PIPE))
                child.call { child.stdout().get().receive { _, bytes -> bytes.size() } }
                // More than the pipe holds, and nobody reads it.
                val written = child.stdin().get().write(ByteArray(MIB), 0)
                await { child.call { child.stdin().get().isWriting } }
                child.close()
                child.close()
                child
                    .exited()
                    .value()
                    .signal()
                    .get() shouldBe Signal.KILL
                written.get(PATIENCE_SECONDS, TimeUnit.SECONDS) shouldNotBe null
            }
        }

        driverTest("writing to a child that reads no more fails with EPIPE and says why") {
            withChildren { children ->
                val child = children.spawn(Command.of("true").stdin(Stdio.PIPE))
                child.exited().value()
                val failure =
                    child
                        .stdin()
                        .get()
                        .write(ByteArray(10), 0)
                        .get(PATIENCE_SECONDS, TimeUnit.SECONDS)!!
                failure.errno() shouldBe EPIPE
                failure.message!! shouldStartWith "cannot write to stdin of true (pid ${child.pid()}): EPIPE"
                failure.message!! shouldContain "Likely cause: the program has ended"
                child.close()
            }
        }

        driverTest("it has its own directory and environment, and its streams may be files or nothing") {
            val directory = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "child")
            try {
                withChildren { children ->
                    Files.writeString(directory.resolve("in"), "from a file\n")
                    val out = directory.resolve("out").toString()
                    val script = "pwd; echo \$GREETING; echo \${HOME-none}; cat; echo err >&2"
                    val command =
                        shell(script)
                            .directory(directory.toString())
                            .withoutEnvironment()
                            .environment("GREETING", "hello = you")
                            .environment("PATH", System.getenv("PATH"))
                            .stdin(Stdio.readFrom(directory.resolve("in").toString()))
                            .stdout(Stdio.writeTo(out))
                            .stderr(Stdio.TO_STDOUT)
                    repeat(2) {
                        children
                            .spawn(command)
                            .exited()
                            .value()
                            .isSuccess shouldBe true
                    }
                    val expected = "$directory\nhello = you\nnone\nfrom a file\nerr\n"
                    Files.readString(Path.of(out)) shouldBe expected
                    val silent = shell("cat; echo gone").stdin(Stdio.NULL).stdout(Stdio.NULL)
                    children
                        .spawn(silent)
                        .exited()
                        .value()
                        .isSuccess shouldBe true
                    children.spawn(shell("echo more").stdout(Stdio.appendTo(out))).exited().value()
                    Files.readString(Path.of(out)) shouldBe expected + "more\n"
                }
            } finally {
                directory.toFile().deleteRecursively()
            }
        }

        driverTest("it gets no descriptor but its three, and no signal that is blocked or ignored") {
            withChildren { children ->
                // The JDK opens this one without close-on-exec.
                java.net.ServerSocket(0).use {
                    val child = children.spawn(shell("ls /proc/self/fd; grep -E 'SigBlk|SigIgn' /proc/self/status"))
                    val lines =
                        child
                            .stdout()
                            .get()
                            .collect()
                            .text()
                            .lines()
                            .filter(String::isNotEmpty)
                    // 3 is the directory that ls itself reads.
                    lines.filter { it.length < 4 } shouldContainExactlyInAnyOrder listOf("0", "1", "2", "3")
                    lines.filter { it.startsWith("Sig") }.map { it.substringAfter(':').trim() } shouldBe
                        listOf("0000000000000000", "0000000000000000")
                    child.exited().value()
                }
            }
        }

        driverTest("what cannot be started says why, and leaves nothing open") {
            withChildren { children ->
                val missing = shouldThrow<ProcessException> { children.spawn(Command.of("no-such-program")) }
                missing.errno() shouldBe ENOENT
                missing.program() shouldBe "no-such-program"
                missing.message shouldBe
                    "cannot start no-such-program: ENOENT (no such file or directory).\n" +
                    "  Likely cause: no directory of PATH has it. Install it, or give its path."
                shouldThrow<ProcessException> { children.spawn(Command.of("/etc/passwd")) }.errno() shouldBe EACCES
                shouldThrow<ProcessException> { children.spawn(Command.of("true").directory("/nowhere")) }
                    .message!! shouldContain "its working directory /nowhere is not a directory"
                shouldThrow<ProcessException> { children.spawn(Command.of("cat").stdin(Stdio.readFrom("/none"))) }
                    .message!! shouldContain "its stream's file /none cannot be opened: ENOENT"
            }
        }

        test("a command refuses what no program can get") {
            shouldThrow<IllegalArgumentException> { Command.of("") }.message!! shouldStartWith
                "a command needs a program"
            shouldThrow<IllegalArgumentException> { Command.of("a", "b\u0000") }.message shouldBe
                "argument has a NUL character at index 1 of 2"
            shouldThrow<IllegalArgumentException> { Command.of("a").environment("A=B", "C") }.message shouldBe
                "environment variable 'A=B' is not a name"
            for (wrong in listOf<(Command) -> Command>(
                { it.stdin(Stdio.writeTo("x")) },
                { it.stdout(Stdio.readFrom("x")) },
                { it.stdout(Stdio.TO_STDOUT) },
            )) {
                shouldThrow<IllegalArgumentException> { wrong(Command.of("a")) }.message!! shouldContain "cannot be"
            }
        }

        driverTest("many at once leave neither zombies nor descriptors") {
            withChildren(
                RuntimeConfig
                    .builder()
                    .workersCount(2)
                    .pinWorkers(false)
                    .build(),
            ) { children ->
                val all =
                    List(60) { number ->
                        children.start(shell("echo $number; exit $number"), children.runtime.worker(number % 2))
                    }.map { it.value() }
                all.map { it.stdout().get().collect() }.forEachIndexed { number, text ->
                    text.text() shouldBe
                        "$number\n"
                }
                all.map { it.exited().value().code() } shouldBe List(60) { it }
            }
        }

        driverTest("a child that outlives its worker is killed and reaped, and its end says so") {
            lateinit var child: ChildProcess
            leavesNothingBehind {
                val runtime = UringRuntime.start(smallConfig().build())
                child = ChildProcess.spawn(Command.of("sleep", "1000"), runtime.worker(0), runtime.blocking()).value()
                runtime.closeInTime()
                shouldThrow<dev.uring.base.UringException> { child.exited().value() }.message!! shouldContain
                    "was killed, because worker 0 ended"
                awaitNoChildren()
            }
            child.kill(Signal.TERM) shouldBe false
        }
    })

internal fun shell(script: String): Command = Command.of("sh", "-c", script)

internal class Children(
    val runtime: UringRuntime,
) {
    fun start(
        command: Command,
        worker: Worker = runtime.worker(0),
    ) = ChildProcess.spawn(command, worker, runtime.blocking())

    fun spawn(command: Command): ChildProcess = start(command).value()
}

private fun <T> ChildProcess.call(body: () -> T): T = worker().call(body)

/** Everything the pipe brings, from now on. */
private class Collected {
    private val all = CompletableFuture<ByteArray>()
    private val bytes = ByteArrayOutputStream()

    fun on(pipe: PipeReader) =
        pipe.receive(
            object : PipeHandler {
                override fun onReceive(
                    pipe: PipeReader,
                    view: dev.uring.bytes.ByteView,
                ): Int {
                    bytes.write(view.toByteArray())
                    return view.size()
                }

                override fun onEnd(
                    pipe: PipeReader,
                    failure: ProcessException?,
                ) {
                    pipe.close()
                    if (failure == null) all.complete(bytes.toByteArray()) else all.completeExceptionally(failure)
                }
            },
        )

    fun bytes(): ByteArray = all.get(PATIENCE_SECONDS, TimeUnit.SECONDS)

    fun text() = String(bytes())
}

private fun PipeReader.collect(): Collected = Collected().also { worker().call { it.on(this) } }

private fun handler(
    ended: CompletableFuture<ProcessException?>,
    onReceive: (dev.uring.bytes.ByteView) -> Int,
) = object : PipeHandler {
    override fun onReceive(
        pipe: PipeReader,
        bytes: dev.uring.bytes.ByteView,
    ): Int = onReceive(bytes)

    override fun onEnd(
        pipe: PipeReader,
        failure: ProcessException?,
    ) {
        pipe.close()
        ended.complete(failure)
    }
}

private fun PipeWriter.write(
    bytes: ByteArray,
    from: Int,
): CompletableFuture<ProcessException?> {
    val told = CompletableFuture<ProcessException?>()
    worker().call { write(bytes, from, bytes.size - from) { told.complete(it) } }
    return told
}

/** The children that this process has, zombies among them, by their number. */
internal fun children(): Map<Long, String> =
    ProcessHandle
        .current()
        .children()
        .toList()
        .associate { it.pid() to it.info().toString() }

internal fun awaitNoChildren() = await({ "children left: ${children()}" }) { children().isEmpty() }

/** Pipes and process descriptors of this process. */
private fun pipes(): Map<String, String> =
    Files
        .list(Path.of("/proc/self/fd"))
        .use { it.toList() }
        .associate { it.fileName.toString() to runCatching { Files.readSymbolicLink(it).toString() }.getOrDefault("") }
        .filterValues { it.startsWith("pipe:") || it.contains("pidfd") }

internal fun withChildren(
    config: RuntimeConfig = smallConfig().build(),
    body: (Children) -> Unit,
) = leavesNothingBehind {
    val before = pipes()
    val runtime = UringRuntime.start(config)
    try {
        body(Children(runtime))
        await({ "still held: ${runtime.snapshots()}" }) { runtime.snapshots().all { it.blocksHeld() == 0 } }
        await({ "pipes left: ${pipes() - before.keys}" }) { (pipes() - before.keys).isEmpty() }
        await({ "files still open" }) {
            (0 until runtime.workersCount()).all { index ->
                val worker = runtime.worker(index)
                worker.call { WorkerFiles.of(worker).filesOpenCount() } == 0
            }
        }
        awaitNoChildren()
    } finally {
        runtime.closeInTime()
    }
}
