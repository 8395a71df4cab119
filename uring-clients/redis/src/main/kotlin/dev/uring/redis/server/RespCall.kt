package dev.uring.redis.server

import dev.uring.bytes.ByteSink
import dev.uring.bytes.ByteView
import dev.uring.bytes.ByteWindow
import dev.uring.redis.codec.RespArguments
import dev.uring.redis.codec.RespInteger

/**
 * One execution of a command: its arguments, the shard that it works on, and its reply.
 *
 * ### Shapes and units
 * Argument 0 is the command's name. A command with several keys that belong to several workers is called once on each of
 * them, with the keys of that worker only.
 * ### Ownership
 * Views are borrowed: valid until the handler returns. What is to stay must be copied.
 * ### Threading and cancellation
 * A handler runs on the worker that owns the command's key, and cannot suspend; no other handler runs on that worker
 * meanwhile. So [shard] needs no lock and a handler is atomic. Reading arguments and replying allocate nothing.
 * ### Errors
 * A [RespError] thrown by the handler is the reply. Any other exception ends the connection and is reported.
 */
@RespServerDsl
public class RespCall<S> internal constructor(
    private val side: WorkerSide<S>,
) {
    private var arguments: RespArguments? = null
    private var running: RespCommand<S>? = null
    private var clientHere: RespClient? = null
    private var windows = arrayOfNulls<ByteWindow>(WINDOWS_KEPT)
    private var windowsLent = 0
    private val keyWindow = ByteWindow(LENDER)
    private val valueWindow = ByteWindow(LENDER)
    private val integer = RespInteger()

    /** Where the reply is written. */
    public val reply: RespReply = RespReply()

    /** The state of the worker that this runs on, made by the server's `shard` function. */
    public val shard: S get() = side.shard

    /** The worker that this runs on, from 0. */
    public val worker: Int get() = side.index

    /** How many workers share the keys. */
    public val workersCount: Int get() = side.core.workersCount

    /** How many arguments there are, the command's name included. */
    public val count: Int get() = current.argumentsCount()

    /** The command's name as errors spell it: lower case, a subcommand behind a bar. */
    public val commandName: String get() = command.name

    /** The first key. */
    public val key: ByteView get() = arg(command.keyFirst)

    /** How many of the command's keys this worker owns; all of them unless the command was split. */
    public val keysCount: Int get() =
        if (command.keyStep ==
            0
        ) {
            0
        } else {
            (lastKey - command.keyFirst) / command.keyStep + 1
        }

    /**
     * The client, for commands without a key.
     *
     * ### Errors
     * `IllegalStateException` in a command with keys: it may run on another worker than the one the client belongs to.
     */
    public val client: RespClient
        get() =
            checkNotNull(clientHere) {
                "command '${command.name}' has no client: it runs where its keys are, and the client's state " +
                    "belongs to the worker of its connection.\n" +
                    "  Declare a command without keys for what concerns the client."
            }

    /** The argument at [index] as a view of its own, valid until the handler returns. */
    public fun arg(index: Int): ByteView {
        val from = current.argumentFrom(index)
        val window = windowAt(index)
        window.lend(current.arguments(), from, current.argumentBytes(index))
        return window
    }

    /** The argument at [index] as a signed 64-bit integer; if it is none, the reply is the error [otherwise]. */
    public fun long(
        index: Int,
        otherwise: RespError = RespError.NOT_AN_INTEGER,
    ): Long {
        val from = current.argumentFrom(index)
        if (!integer.parse(current.arguments(), from, current.argumentBytes(index))) throw otherwise
        return integer.value()
    }

    /** The argument at [index] as UTF-8 text. */
    public fun text(index: Int): String =
        current.arguments().toUtf8(current.argumentFrom(index), current.argumentBytes(index))

    /** The argument at [index] as text of one character per byte, which keeps every byte. */
    public fun latin1(index: Int): String =
        current.arguments().toLatin1(current.argumentFrom(index), current.argumentBytes(index))

    /** Whether the argument at [index] is [word], an ASCII word, in any case. */
    public fun isWord(
        index: Int,
        word: String,
    ): Boolean {
        if (current.argumentBytes(index) != word.length) return false
        val bytes = current.arguments()
        val from = current.argumentFrom(index)
        for (i in word.indices) {
            if (!bytes
                    .get(from + i)
                    .toInt()
                    .toChar()
                    .equals(word[i], ignoreCase = true)
            ) {
                return false
            }
        }
        return true
    }

    /** Runs [block] with each key of this worker, in the order of the request; a view lasts for one turn. */
    public inline fun eachKey(block: (key: ByteView) -> Unit) {
        for (i in 0 until keysCount) block(keyAt(i))
    }

    /** Runs [block] with each key and the argument behind it, for commands like MSET whose keys stand two apart. */
    public inline fun eachPair(block: (key: ByteView, value: ByteView) -> Unit) {
        for (i in 0 until keysCount) block(keyAt(i), valueAt(i))
    }

    /** How many of this worker's keys [predicate] is true for. */
    public inline fun countKeys(predicate: (key: ByteView) -> Boolean): Long {
        var matching = 0L
        eachKey { if (predicate(it)) matching++ }
        return matching
    }

    /**
     * Runs [block] with every worker's shard, each on its worker, for commands that may suspend; results in the workers'
     * order. Other commands run in between.
     */
    public suspend fun <R> onEachShard(block: suspend (S) -> R): List<R> = side.core.onEachShard(block)

    /** Ends the handler with an error as the reply: code, blank and text. */
    public fun fail(text: String): Nothing = throw RespError(text)

    /** Ends the handler with `ERR wrong number of arguments for '…' command`. */
    public fun failArity(): Nothing = throw command.wrongArity

    internal val table: CommandTable<RespCommand<S>> get() = side.core.commands

    @PublishedApi
    internal fun keyAt(index: Int): ByteView = lend(keyWindow, command.keyFirst + index * command.keyStep)

    @PublishedApi
    internal fun valueAt(index: Int): ByteView = lend(valueWindow, command.keyFirst + index * command.keyStep + 1)

    internal fun begin(
        command: RespCommand<S>,
        arguments: RespArguments,
        client: RespClient?,
    ) {
        this.running = command
        this.arguments = arguments
        this.clientHere = client
    }

    /** Ends every view that was lent. A view that was kept all the same is empty from now on. */
    internal fun end() {
        arguments = null
        clientHere = null
        reply.end()
        keyWindow.end()
        valueWindow.end()
        if (windowsLent > 0) endWindows()
    }

    /** Runs the handler of [command]; returns what ended it unexpectedly, or null. */
    internal fun run(
        command: RespCommand<S>,
        arguments: RespArguments,
        client: RespClient?,
        sink: ByteSink,
        protocol: Int,
        overflow: RespReply.Overflow?,
    ): Throwable? {
        begin(command, arguments, client)
        reply.begin(sink, protocol, overflow)
        var failure: Throwable? = null
        try {
            command.handler(this)
        } catch (error: Throwable) {
            failure = error
        }
        failure = settle(failure)
        end()
        return failure
    }

    /** Makes sure that there is one whole reply; returns what makes that impossible, or what else has failed. */
    internal fun settle(failure: Throwable?): Throwable? {
        if (failure == null && reply.isComplete) return null
        if (failure is RespError && !reply.hasBegun) {
            reply.error(failure.message.orEmpty())
            return null
        }
        val cause = failure ?: IllegalStateException(wrongNumberOfReplies())
        if (!reply.hasBegun) reply.error("ERR internal error in '${command.name}' command")
        return cause
    }

    private fun wrongNumberOfReplies(): String {
        val missing = reply.valuesMissing
        val fault = if (missing > 0) "$missing values too few" else "${-missing} values too many"
        return "the handler of command '${command.name}' wrote $fault.\n" +
            "  Every path through a handler writes exactly one reply; after array(n) it writes n values, after map(n) 2n."
    }

    private val current: RespArguments
        get() = arguments ?: error("a call was used after its handler returned: copy what is to stay")

    private val command: RespCommand<S>
        get() = running ?: error("a call was used outside a handler")

    private val lastKey: Int get() = command.keyLast.let { if (it < 0) count + it else it }

    private fun lend(
        window: ByteWindow,
        index: Int,
    ): ByteView {
        window.lend(current.arguments(), current.argumentFrom(index), current.argumentBytes(index))
        return window
    }

    private fun windowAt(index: Int): ByteWindow {
        if (index >= windows.size) windows = windows.copyOf(maxOf(index + 1, 2 * windows.size))
        if (index >= windowsLent) windowsLent = index + 1
        return windows[index] ?: ByteWindow(LENDER).also { windows[index] = it }
    }

    private fun endWindows() {
        for (i in 0 until windowsLent) windows[i]?.end()
        windowsLent = 0
        if (windows.size > WINDOWS_KEPT) windows = windows.copyOf(WINDOWS_KEPT)
    }

    private companion object {
        const val LENDER = "RespCall, until its handler returns"
        const val WINDOWS_KEPT = 16
    }
}
