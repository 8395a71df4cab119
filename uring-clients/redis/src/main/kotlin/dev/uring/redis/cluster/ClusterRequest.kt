package dev.uring.redis.cluster

import dev.uring.bytes.FixedSink
import dev.uring.redis.ReplayRule
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.routing.HashSlot
import java.lang.foreign.MemorySegment

/**
 * A command with its arguments, to be sent as often as a cluster's answers demand: a writer is used up by the first time.
 *
 * @property keys which of the arguments are keys
 * @property slot of its first key; [NO_SLOT] when it has none
 */
internal class ClusterRequest private constructor(
    val command: Command,
    private val arguments: List<ByteArray>,
    private val keys: Set<Int>,
    private val blockMillis: Long,
    val slot: Int,
) {
    fun writeTo(writer: CommandWriter): CommandWriter {
        arguments.forEachIndexed { i, argument -> if (i in keys) writer.key(argument) else writer.arg(argument) }
        return if (blockMillis == CommandWriter.NOT_BLOCKING) writer else writer.blocks(blockMillis)
    }

    /** Whether it goes to several nodes. */
    val isForSeveral: Boolean get() {
        val step = ReplyJoin.stepOf(command)
        if (step > 0 && isSpread(step)) return true
        return command.`is`(Command.ALL_NODES) || command.`is`(Command.ALL_PRIMARIES)
    }

    /** Whether it may be sent again, though it may have had its effect. */
    fun mayRepeat(config: ClusterConfig): Boolean {
        val isIdempotent = config.node.replay == ReplayRule.AT_LEAST_ONCE && command.`is`(Command.IDEMPOTENT)
        return command.`is`(Command.READONLY) || isIdempotent
    }

    /** Whether its keys, one in each [step] arguments, lie in several slots. */
    fun isSpread(step: Int): Boolean = arguments.indices.step(step).any { HashSlot.of(arguments[it]) != slot }

    /** Its keys, in no particular order. */
    fun keyList(): List<ByteArray> = keys.map(arguments::get)

    /**
     * One request for each slot that it has keys in, with the positions of those keys among all of them; or for each of
     * other places that [placeOf] says.
     */
    fun split(
        step: Int,
        placeOf: (ByteArray) -> Int = { HashSlot.of(it) },
    ): List<Part> =
        arguments.indices
            .step(step)
            .groupBy { placeOf(arguments[it]) }
            .map { (slot, starts) ->
                val part = starts.flatMap { arguments.subList(it, it + step) }
                val keys = part.indices.step(step).toSet()
                Part(ClusterRequest(command, part, keys, blockMillis, slot), starts.map { it / step })
            }

    class Part(
        val request: ClusterRequest,
        val positions: List<Int>,
    )

    companion object {
        const val NO_SLOT = -1

        /** Something else that belongs to [slot]. */
        fun to(
            slot: Int,
            command: Command,
        ) = ClusterRequest(command, emptyList(), emptySet(), CommandWriter.NOT_BLOCKING, slot)

        fun of(writer: CommandWriter): ClusterRequest {
            val bytes = ByteArray(writer.finish())
            writer.writeTo(FixedSink(MemorySegment.ofArray(bytes)))
            val words = Words(bytes).read()
            val nameCount = writer.command().name().count { it == ' ' } + 1
            val slot = if (writer.keysCount() == 0) NO_SLOT else HashSlot.of(writer.keyAt(0))
            val arguments = words.subList(nameCount, words.size)
            return ClusterRequest(writer.command(), arguments, keysOf(writer, arguments), writer.blockMillis(), slot)
        }

        // By what they are: of an argument that is the same as a key it does not matter which of them is called one.
        private fun keysOf(
            writer: CommandWriter,
            arguments: List<ByteArray>,
        ): Set<Int> {
            val keys = LinkedHashSet<Int>()
            for (i in 0..<writer.keysCount()) {
                val key = writer.keyAt(i)
                keys += arguments.indices.first { it !in keys && arguments[it].contentEquals(key) }
            }
            return keys
        }
    }

    /** The words of a command that this client wrote itself: well-formed, so nothing is checked. */
    private class Words(
        private val bytes: ByteArray,
    ) {
        private var at = 0

        fun read(): List<ByteArray> =
            List(number()) {
                val size = number()
                val word = bytes.copyOfRange(at, at + size)
                at += size + 2
                word
            }

        /** The number behind `*` or `$`, and on to the next line. */
        private fun number(): Int {
            var number = 0
            at++
            while (bytes[at] != '\r'.code.toByte()) number = number * 10 + (bytes[at++] - '0'.code)
            at += 2
            return number
        }
    }
}
