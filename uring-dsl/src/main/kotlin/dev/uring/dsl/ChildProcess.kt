package dev.uring.dsl

import dev.uring.process.Command
import dev.uring.process.ExitStatus
import dev.uring.process.Signal
import dev.uring.worker.Worker
import dev.uring.process.ChildProcess as CoreChildProcess

/**
 * A program that this process has started with [spawn].
 *
 * ### Shapes and units
 * Its end and the end of its output are two things: its own children may have inherited the pipes.
 * ### Ownership
 * [spawn] with a block ends it by itself. Otherwise whoever spawned it awaits it, reads its pipes to their end or closes
 * them; it is killed when its worker ends.
 * ### Threading and cancellation
 * Belongs to one [worker]; [pid], [isAlive] and [kill] may be used anywhere.
 *
 * @sample samples.dsl.sortedLines
 */
public class ChildProcess internal constructor(
    internal val core: CoreChildProcess,
) {
    private val input = core.stdin().map(::ChildInput)
    private val output = core.stdout().map(::ChildOutput)
    private val errors = core.stderr().map(::ChildOutput)

    /** What it runs. */
    public val command: Command get() = core.command()

    /** The worker it belongs to. */
    public val worker: Worker get() = core.worker()

    /** Its number, for people to read. */
    public val pid: Int get() = core.pid()

    /** Whether it has not ended, as far as this process has noticed. */
    public val isAlive: Boolean get() = core.isAlive

    /** Its standard input; `IllegalStateException` unless the command has [Stdio.PIPE][dev.uring.process.Stdio.PIPE]. */
    public val stdin: ChildInput get() = input.orElseThrow { noPipe("stdin") }

    /** Its standard output; `IllegalStateException` unless the command has [Stdio.PIPE][dev.uring.process.Stdio.PIPE]. */
    public val stdout: ChildOutput get() = output.orElseThrow { noPipe("stdout") }

    /** Its standard error; `IllegalStateException` unless the command has [Stdio.PIPE][dev.uring.process.Stdio.PIPE]. */
    public val stderr: ChildOutput get() = errors.orElseThrow { noPipe("stderr") }

    internal val stdinOrNull: ChildInput? get() = input.orElse(null)
    internal val stdoutOrNull: ChildOutput? get() = output.orElse(null)
    internal val stderrOrNull: ChildOutput? get() = errors.orElse(null)

    /** Waits for its end. Cancelling does not end it. */
    public suspend fun await(): ExitStatus = core.exited().awaitOnWorker()

    /**
     * Sends it [signal]; says whether it was there to get it. By its descriptor, so it cannot reach another process that
     * was given the number.
     */
    public fun kill(signal: Signal = Signal.TERM): Boolean = core.kill(signal)

    /** Kills it if it still runs, and closes its pipes. Returns at once; [await] says when it is gone. */
    public fun close(): Unit = core.close()

    override fun toString(): String = core.toString()

    internal fun closePipes() {
        stdinOrNull?.close()
        stdoutOrNull?.close()
        stderrOrNull?.close()
    }

    private fun noPipe(stream: String) =
        IllegalStateException("$stream of $this is no pipe: say $stream(Stdio.PIPE) in its command")
}
