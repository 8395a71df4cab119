package dev.uring.redis.codec

import dev.uring.bytes.ByteWindow
import dev.uring.codec.DecodeStatus
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout
import kotlin.random.Random

/** What a decoder made of some bytes: values as [ReplyReader.readAny] gives them, and how it ended. */
data class DecodedReplies(
    val values: List<Any?>,
    val errorText: String?,
)

/** How replies reach a decoder: in which pieces, each at another place of another segment. */
enum class ReplyFeed(
    private val pieces: (Int, Random) -> List<Int>,
) {
    WHOLE({ size, _ -> listOf(size) }),
    ONE_BYTE_AT_A_TIME({ size, _ -> List(size) { 1 } }),
    RANDOM_SPLITS({ size, random ->
        buildList {
            var rest = size
            while (rest > 0) add(random.nextInt(1, minOf(rest, 40) + 1).also { rest -= it })
        }
    }),
    ;

    fun decode(
        bytes: ByteArray,
        limits: ReplyLimits = ReplyLimits.defaults(),
        random: Random = Random(0),
    ): DecodedReplies = decodeReplies(bytes, pieces(bytes.size, random), limits)
}

fun decodeReplies(
    bytes: ByteArray,
    pieces: List<Int>,
    limits: ReplyLimits = ReplyLimits.defaults(),
): DecodedReplies =
    RespReplyDecoder(limits).use { decoder ->
        Arena.ofConfined().use { arena ->
            val values = mutableListOf<Any?>()
            val window = ByteWindow("ReplyFeed")
            // Filled with what means something to the grammar: reading outside of the view would show.
            val segments = List(2) { arena.allocate(bytes.size + 64L) }
            var arrived = 0
            var consumed = 0
            pieces.forEachIndexed { index, piece ->
                arrived += piece
                val segment = segments[index % 2].fill("\r\n1$*"[index % 5].code.toByte())
                val offset = index % 33L
                MemorySegment.copy(bytes, consumed, segment, ValueLayout.JAVA_BYTE, offset, arrived - consumed)
                window.lend(segment, offset, arrived - consumed)
                var at = 0
                while (true) {
                    val status = decoder.decode(window, at)
                    at += decoder.consumedBytes()
                    if (status == DecodeStatus.BAD) return DecodedReplies(values, decoder.errorText())
                    if (status == DecodeStatus.NEED_MORE) break
                    values += decoder.reader().readAny().asComparable()
                    check(decoder.reader().isAtEnd) { "readAny left values behind" }
                }
                consumed += at
                window.end()
            }
            DecodedReplies(values, null)
        }
    }

// NaN is not itself, and a set has no order.
private fun Any?.asComparable(): Any? = if (this is Double && isNaN()) "NaN" else this
