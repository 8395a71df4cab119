package dev.uring.dsl

import dev.uring.base.ProcessException
import dev.uring.process.Command
import dev.uring.process.ExitStatus
import dev.uring.process.Stdio
import dev.uring.worker.Worker
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.io.bytestring.ByteString
import kotlin.time.Duration
import dev.uring.process.ChildProcess as CoreChildProcess

/**
 * Starts the program of [command] as a child of this process.
 *
 * ### Shapes and units
 * Off the workers, in the pool of [withBlocking], because starting a program blocks; a few milliseconds.
 * ### Ownership
 * The caller's, who awaits it and reads or closes its pipes; it lives on the worker that the caller runs on, and is
 * killed when that ends. It gets no descriptor of this process but its standard streams.
 * ### Threading and cancellation
 * On a worker. If the coroutine is cancelled, a child that was started meanwhile is killed.
 * ### Errors
 * [ProcessException] no such program, no right to run it, no process or descriptor left ·
 * [BlockingPoolFullException][dev.uring.base.BlockingPoolFullException] · `IllegalStateException` not on a worker.
 * ### Source
 * `posix_spawnp(3)`.
 */
public suspend fun UringScope.spawn(command: Command): ChildProcess {
    val worker =
        Worker.current() ?: throw IllegalStateException(
            "a process is spawned on a worker, and '${Thread.currentThread().name}' is none.\n" +
                "  Call it in uring { … }, in a handler, or in onWorker(index) { … }.",
        )
    return ChildProcess(CoreChildProcess.spawn(command, worker, runtime.blocking()).awaitOnWorker { it.close() })
}

/**
 * Starts the program of [command], runs [block] with it, and returns what [block] returns when the program has ended.
 *
 * ### Ownership
 * When [block] and all it launched have returned, the child's pipes are closed and its end is awaited. When they fail or
 * are cancelled, it is killed, and awaited too: no zombie and no descriptor is left in any case.
 * ### Threading and cancellation
 * On a worker; see [spawn].
 * ### Errors
 * As in the form without a block, and [block]'s own.
 *
 * @sample samples.dsl.sortedLines
 */
public suspend fun <R> UringScope.spawn(
    command: Command,
    block: suspend CoroutineScope.(child: ChildProcess) -> R,
): R {
    val child = spawn(command)
    try {
        val result = coroutineScope { block(child) }
        child.closePipes()
        child.await()
        return result
    } finally {
        child.close()
        withContext(NonCancellable) { child.await() }
    }
}

/** What a program that has ended has left: how it ended, and what it wrote to the streams that were pipes. */
public class ProcessResult internal constructor(
    /** How it ended. */
    public val status: ExitStatus,
    /** Its standard output. */
    public val stdout: ByteString,
    /** Its standard error; empty unless the command has `stderr(Stdio.PIPE)`. */
    public val stderr: ByteString,
) {
    /** [stdout] as text in UTF-8. */
    public val text: String get() = stdout.toByteArray().decodeToString()

    override fun toString(): String = "ProcessResult($status, stdout=${stdout.size} bytes, stderr=${stderr.size} bytes)"
}

/**
 * Runs [command] to its end, with [input] as its standard input, and returns what it wrote.
 *
 * ### Shapes and units
 * At most [outputBytesMax] bytes from each of its streams. It is over when the program has ended and so have its pipes,
 * which a child of its own may hold open longer. A program that does not read all of [input] is no error.
 * ### Threading and cancellation
 * On a worker; see [spawn]. Cancelling kills the program and waits until it is gone.
 * ### Errors
 * [ProcessException] it has not ended within [timeout], or has written more than [outputBytesMax] bytes: it is killed
 * then · as in [spawn]. An exit code is none: look at [ProcessResult.status].
 *
 * @sample samples.dsl.askGit
 */
public suspend fun UringScope.runProcess(
    command: Command,
    input: ByteArray? = null,
    outputBytesMax: Int = ChildOutput.READ_ALL_BYTES_MAX_DEFAULT,
    timeout: Duration = Duration.INFINITE,
): ProcessResult =
    withTimeoutOrNull(timeout) {
        spawn(if (input == null) command else command.stdin(Stdio.PIPE)) { child ->
            val feeding = launch { if (input != null) feed(child.stdin, input) }
            val stdout = async { child.stdoutOrNull?.readAll(outputBytesMax) ?: ByteString() }
            val stderr = async { child.stderrOrNull?.readAll(outputBytesMax) ?: ByteString() }
            val result = ProcessResult(child.await(), stdout.await(), stderr.await())
            feeding.join()
            result
        }
    } ?: throw ProcessException(
        "${command.program()} has not ended within timeout=$timeout and was killed.\n" +
            "  Likely cause: it waits for something, or a child of its own holds its output open. " +
            "Raise the limit, or look at what it does.",
        command.program(),
        0,
    )

private suspend fun feed(
    stdin: ChildInput,
    input: ByteArray,
) {
    try {
        stdin.send(input)
    } catch (enough: ProcessException) {
        // It has read what it needed.
        if (enough.errno() != EPIPE) throw enough
    }
    stdin.close()
}

private const val EPIPE = 32
