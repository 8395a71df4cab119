package dev.uring.momento.codec

import dev.uring.bytes.ByteWindow
import dev.uring.codec.DecodeStatus
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout
import kotlin.random.Random

/** What a decoder made of some input: whole messages, and how it ended. */
internal data class Decoded(
    val messages: List<String>,
    val errorText: String? = null,
)

/**
 * How bytes reach a decoder: in which pieces. The decoder sees what a connection would show it: all unconsumed bytes,
 * somewhere inside a larger segment whose other bytes must not matter.
 */
internal enum class Feed(
    private val pieces: (ByteArray, Random) -> List<Int>,
) {
    WHOLE({ bytes, _ -> listOf(bytes.size) }),
    ONE_BYTE_AT_A_TIME({ bytes, _ -> List(bytes.size) { 1 } }),
    RANDOM_SPLITS({ bytes, random ->
        buildList {
            var rest = bytes.size
            while (rest > 0) add(random.nextInt(1, minOf(rest, 40) + 1).also { rest -= it })
        }
    }),
    ALL_BUT_THE_LAST_BYTE({ bytes, _ -> if (bytes.size > 1) listOf(bytes.size - 1, 1) else listOf(bytes.size) }),
    ;

    fun replies(
        bytes: ByteArray,
        limits: MomentoLimits = MomentoLimits.defaults(),
        random: Random = Random(0),
    ): Decoded =
        MomentoReplyDecoder(limits).use { it.feed(bytes, pieces(bytes, random), random) { reply().describe() } }

    fun commands(
        bytes: ByteArray,
        limits: MomentoLimits = MomentoLimits.defaults(),
        random: Random = Random(0),
    ): Decoded =
        MomentoCommandDecoder(limits).use { it.feed(bytes, pieces(bytes, random), random) { command().describe() } }
}

/** Feeds [bytes] cut at [cut], and nowhere else. */
internal fun repliesCutAt(
    bytes: ByteArray,
    cut: Int,
    limits: MomentoLimits,
): Decoded =
    MomentoReplyDecoder(limits).use {
        it.feed(bytes, listOf(cut, bytes.size - cut), Random(cut)) { reply().describe() }
    }

internal fun commandsCutAt(
    bytes: ByteArray,
    cut: Int,
    limits: MomentoLimits,
): Decoded =
    MomentoCommandDecoder(limits).use {
        it.feed(bytes, listOf(cut, bytes.size - cut), Random(cut)) { command().describe() }
    }

private fun <D : FrameDecoder> D.feed(
    bytes: ByteArray,
    pieces: List<Int>,
    random: Random,
    describe: D.() -> String,
): Decoded =
    Arena.ofConfined().use { arena ->
        val messages = mutableListOf<String>()
        val window = ByteWindow("Feed")
        var arrived = 0
        var consumed = 0
        // Two segments shared by all pieces, filled with what means something: reading outside the view would show.
        val segments = List(2) { arena.allocate(bytes.size + 64L) }
        pieces.forEachIndexed { index, piece ->
            arrived += piece
            val segment = segments[index % 2].fill(OTHER_BYTES[index % OTHER_BYTES.size])
            val offset = random.nextLong(0, 33)
            val size = arrived - consumed
            MemorySegment.copy(bytes, consumed, segment, ValueLayout.JAVA_BYTE, offset, size)
            window.lend(segment, offset, size)
            var at = 0
            while (true) {
                val status = decode(window, at)
                at += consumedBytes()
                when (status) {
                    DecodeStatus.DONE -> messages += describe()
                    DecodeStatus.BAD -> return@use Decoded(messages, errorText())
                    else -> break
                }
            }
            consumed += at
            window.end()
        }
        Decoded(messages)
    }

private val OTHER_BYTES = byteArrayOf(0x00, 0x08, 0x52, -1, 0x0A)
