package dev.uring.redis

import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter

/** The commands of one batch, as bytes that go out in one piece, and what they are answered with. Used again and again. */
internal class BatchContent {
    val writer = CommandWriter()
    private var results = arrayOfNulls<BatchResult<*>>(RESULTS_MIN)

    var count = 0
        private set

    /** Whether all of them may be sent twice. */
    var isRepeatable = true
        private set

    /** Begins a command in [writer], or elsewhere when one is being written there: see [add]. */
    fun begin(command: Command): CommandWriter =
        if (writer.isOpen) CommandWriter().begin(command) else writer.beginBehind(command)

    /** Adds the command in [request], which may be another writer: the order of a batch is the order of this. */
    fun add(
        request: CommandWriter,
        result: BatchResult<*>,
    ) {
        val command = request.command()
        isRepeatable = isRepeatable && (command.`is`(Command.IDEMPOTENT) || command.`is`(Command.READONLY))
        if (request === writer) writer.finish() else writer.insert(request)
        if (count == results.size) results = results.copyOf(2 * count)
        results[count++] = result
    }

    operator fun get(index: Int): BatchResult<*> = checkNotNull(results[index])

    fun clear() {
        results.fill(null, 0, count)
        count = 0
        isRepeatable = true
        writer.clear()
    }

    private companion object {
        const val RESULTS_MIN = 16
    }
}
