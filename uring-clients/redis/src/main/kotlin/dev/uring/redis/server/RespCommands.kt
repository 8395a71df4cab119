package dev.uring.redis.server

import kotlin.time.Duration

/** Keeps the receiver of a handler apart from the receiver of the declarations around it. */
@DslMarker
@Target(AnnotationTarget.CLASS)
public annotation class RespServerDsl

/**
 * The commands of a server, declared one by one.
 *
 * ### Shapes and units
 * A name is in any case; `"CONFIG GET"` declares a subcommand. The arity counts the name: 2 is exactly one argument, -2 at
 * least one. The server answers requests of another arity, unknown commands and unknown subcommands with Redis's own
 * errors. Where a command runs is said by what it is declared with: nothing, the connection's worker; `key` or `keys`,
 * the worker that owns the key; `everywhere`, all of them; `on`, the one that the block names.
 *
 * PING, ECHO, QUIT, HELLO, RESET, SELECT, COMMAND and CLIENT are there from the start; a declaration replaces them.
 * ### Threading and cancellation
 * Used while the server is being set up; handlers run later, see [RespCall].
 * ### Errors
 * `IllegalArgumentException` for a name, arity or key position that cannot be.
 */
@RespServerDsl
public class RespCommands<S> internal constructor() {
    private val declared = LinkedHashMap<String, RespCommand<S>>()
    internal val tasks = ArrayList<Task<S>>()

    internal class Task<S>(
        val interval: Duration,
        val run: suspend (S) -> Unit,
    )

    /** Declares a command that runs on the connection's worker and may look at its [client][RespCall.client]. */
    public fun command(
        name: String,
        arity: Int,
        handler: RespCall<S>.() -> Unit,
    ): Unit = declare(name, arity, Routing.Connection(), handler)

    /** Declares a command that runs on the worker which owns argument [key]. */
    public fun command(
        name: String,
        arity: Int,
        key: Int,
        handler: RespCall<S>.() -> Unit,
    ) {
        requirePosition(name, arity, key)
        declare(name, arity, Routing.Key(key), handler)
    }

    /**
     * Declares a command that runs on every worker which owns some of the arguments [keys], with those keys, and whose
     * replies are put together by [merge].
     *
     * ### Shapes and units
     * `1..-1`: all arguments are keys. `1..-1 step 2`: each second one is, and the one behind it goes with it; a request
     * in which one is missing gets the error for a wrong number of arguments. A negative end counts from the last one.
     */
    public fun command(
        name: String,
        arity: Int,
        keys: IntProgression,
        merge: Merge,
        handler: RespCall<S>.() -> Unit,
    ) {
        requirePosition(name, arity, keys.first)
        require(keys.step > 0) { "command '$name': keys with step=${keys.step}; count upwards" }
        declare(name, arity, Routing.Keys(keys.first, keys.last, keys.step, merge), handler)
    }

    /** Declares a command that runs on every worker, and whose replies are put together by [everywhere]. */
    public fun command(
        name: String,
        arity: Int,
        everywhere: Merge,
        handler: RespCall<S>.() -> Unit,
    ) {
        require(
            everywhere != Merge.EACH,
        ) { "command '$name': Merge.EACH is one element per key; without keys use CONCAT" }
        declare(name, arity, Routing.Everywhere(everywhere), handler)
    }

    /** Declares a command that runs on the worker with the number that [on] returns; [on] may look at the arguments. */
    public fun command(
        name: String,
        arity: Int,
        on: RespCall<S>.() -> Int,
        handler: RespCall<S>.() -> Unit,
    ): Unit = declare(name, arity, Routing.Chosen(on), handler)

    /**
     * Declares a command that runs on the connection's worker and may suspend: ask other services, wait, look at all
     * [shards][RespCall.onEachShard]. The connection's later requests wait for it; other connections do not.
     */
    public fun suspendCommand(
        name: String,
        arity: Int,
        handler: suspend RespCall<S>.() -> Unit,
    ): Unit = declare(name, arity, Routing.Suspending(handler)) { error("runs suspending") }

    /** Runs [task] on every worker with its shard, again and again with [interval] in between, until the server is closed. */
    public fun every(
        interval: Duration,
        task: suspend (shard: S) -> Unit,
    ) {
        require(interval.isPositive()) { "every($interval): choose an interval above zero" }
        tasks += Task(interval, task)
    }

    private fun declare(
        name: String,
        arity: Int,
        routing: Routing<S>,
        handler: RespCall<S>.() -> Unit,
    ) {
        val words = name.uppercase().split(' ')
        require(words.size in 1..2 && words.all { word -> word.isNotEmpty() && word.all { it in '!'..'~' } }) {
            "command name '$name': use one word of printable ASCII, or two with a blank for a subcommand"
        }
        require(arity >= words.size || arity <= -words.size) {
            "command '$name' with arity=$arity: the arity counts the name, so it is at least ${words.size} " +
                "or, for 'at least', at most -${words.size}"
        }
        declared[words.joinToString(" ")] = RespCommand(words.joinToString("|").lowercase(), arity, routing, handler)
    }

    private fun requirePosition(
        name: String,
        arity: Int,
        position: Int,
    ) {
        val last = if (arity >= 0) arity - 1 else -arity - 1
        require(position in 1..last) {
            "command '$name' with arity=$arity: a first key at position $position may be missing; choose one of 1..$last"
        }
    }

    internal fun build(): CommandTable<RespCommand<S>> {
        val (subcommands, commands) = declared.entries.partition { ' ' in it.key }
        val table = LinkedHashMap<String, RespCommand<S>>()
        for ((name, command) in commands) table[name] = command
        for ((name, group) in subcommands.groupBy { it.key.substringBefore(' ') }) {
            val container = table.getOrPut(name) { container(name) }
            container.subcommands = CommandTable(group.associate { it.key.substringAfter(' ') to it.value })
        }
        return CommandTable(table)
    }

    // Answers by its arity alone: without a subcommand there is nothing to run.
    private fun container(name: String) =
        RespCommand<S>(name.lowercase(), -2, Routing.Connection()) { error("has subcommands only") }
}
