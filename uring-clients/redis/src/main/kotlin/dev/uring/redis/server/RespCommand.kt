package dev.uring.redis.server

/** Where a command runs. */
internal sealed interface Routing<S> {
    /** On the connection's worker. */
    class Connection<S> : Routing<S>

    /** On the worker that owns the one key. */
    class Key<S>(
        val position: Int,
    ) : Routing<S>

    /** On the workers that own the keys, each with its own ones. */
    class Keys<S>(
        val first: Int,
        val last: Int,
        val step: Int,
        val merge: Merge,
    ) : Routing<S>

    /** On every worker. */
    class Everywhere<S>(
        val merge: Merge,
    ) : Routing<S>

    /** On the worker that the block names. */
    class Chosen<S>(
        val choose: RespCall<S>.() -> Int,
    ) : Routing<S>

    /** On the connection's worker, where it may suspend. */
    class Suspending<S>(
        val handler: suspend RespCall<S>.() -> Unit,
    ) : Routing<S>
}

/** One command or subcommand of a server. */
internal class RespCommand<S>(
    /** As errors name it: lower case, a subcommand behind a bar. */
    val name: String,
    val arity: Int,
    val routing: Routing<S>,
    val handler: RespCall<S>.() -> Unit,
) {
    val wrongArity = RespError.wrongArity(name)

    /** Subcommands, if it has any; the command itself may still be called without one. */
    var subcommands: CommandTable<RespCommand<S>>? = null

    fun accepts(argumentsCount: Int): Boolean = if (arity >= 0) argumentsCount == arity else argumentsCount >= -arity

    val keyFirst: Int
        get() =
            when (routing) {
                is Routing.Key -> routing.position
                is Routing.Keys -> routing.first
                else -> 0
            }

    val keyLast: Int
        get() =
            when (routing) {
                is Routing.Key -> routing.position
                is Routing.Keys -> routing.last
                else -> 0
            }

    val keyStep: Int
        get() =
            when (routing) {
                is Routing.Key -> 1
                is Routing.Keys -> routing.step
                else -> 0
            }
}
