package dev.uring.redis.cluster

import dev.uring.redis.codec.Command
import dev.uring.redis.commands.CommandTable

/** Makes one result of those that several nodes gave for one command. */
internal object ReplyJoin {
    // One key in so many arguments, where a command may be split by keys.
    private val steps = mapOf("MGET" to 1, "DEL" to 1, "UNLINK" to 1, "EXISTS" to 1, "TOUCH" to 1, "MSET" to 2)

    /** How many arguments belong to each key of a command that may be split; 0 for others. */
    fun stepOf(command: Command): Int = steps[command.name()] ?: 0

    /** Numbers are added; of lists, element `i` belongs to the key at `positions[part][i]`. */
    @Suppress("UNCHECKED_CAST")
    fun <T> byKey(
        command: Command,
        positions: List<List<Int>>,
        results: List<T>,
    ): T {
        if (results.all { it is List<*> }) {
            val joined = arrayOfNulls<Any?>(positions.sumOf { it.size })
            results.forEachIndexed { part, result ->
                (result as List<*>).forEachIndexed { i, element -> joined[positions[part][i]] = element }
            }
            return joined.asList() as T
        }
        return sumOrSame(command, results)
    }

    /** As the command's policy says; without one the first result stands for all. */
    @Suppress("UNCHECKED_CAST")
    fun <T> byPolicy(
        command: Command,
        results: List<T>,
    ): T {
        val policy = CommandTable.commands[command.name()]?.policy?.substringAfter(':', "")
        return when {
            policy == "agg_sum" -> sumOrSame(command, results)
            policy == "agg_min" && results.all { it is Long } -> (results as List<Long>).min() as T
            policy == "agg_logical_and" && results.all { it is List<*> } -> allTrue(results as List<List<Boolean>>) as T
            policy.isNullOrEmpty() && results.all { it is List<*> } -> results.flatMap { it as List<*> } as T
            else -> results.firstOrNull { it != null } ?: results.first()
        }
    }

    private fun allTrue(results: List<List<Boolean>>): List<Boolean> =
        results.first().indices.map { i -> results.all { it[i] } }

    @Suppress("UNCHECKED_CAST")
    private fun <T> sumOrSame(
        command: Command,
        results: List<T>,
    ): T =
        when {
            results.all { it is Long } -> {
                (results as List<Long>).sum() as T
            }

            results.all { it is Unit } -> {
                Unit as T
            }

            else -> {
                error(
                    "$command: results $results of several nodes cannot be joined: read them as Long, List or Unit",
                )
            }
        }
}
