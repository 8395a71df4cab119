package dev.uring.redis.codec

import dev.uring.bytes.ByteWindow
import dev.uring.codec.DecodeStatus
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import kotlin.random.Random

/** What a decoder made of some input: whole requests, how it ended, and what it left unconsumed. */
data class Decoded(
    val requests: List<List<String>>,
    val errorText: String?,
    val unconsumed: Int,
)

/**
 * How bytes reach a decoder: in which pieces. The decoder sees what a connection would show it: all unconsumed bytes,
 * somewhere inside a larger segment whose other bytes must not matter.
 */
enum class Feed(
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

    fun decode(
        bytes: ByteArray,
        limits: RespLimits = RespLimits.defaults(),
        random: Random = Random(0),
    ): Decoded =
        RespRequestDecoder(limits).use { decoder ->
            Arena.ofConfined().use { arena -> decode(decoder, bytes, pieces(bytes, random), arena, random) }
        }

    private fun decode(
        decoder: RespRequestDecoder,
        bytes: ByteArray,
        pieces: List<Int>,
        arena: Arena,
        random: Random,
    ): Decoded {
        val requests = mutableListOf<List<String>>()
        val window = ByteWindow("Feed")
        var arrived = 0
        var consumed = 0
        // Two segments shared by all pieces, filled with line ends and digits: reading outside the view would show.
        val segments = List(2) { arena.allocate(bytes.size + 64L).fill('\r'.code.toByte()) }
        pieces.forEachIndexed { index, piece ->
            arrived += piece
            val segment = segments[index % 2].fill("\r\n1$*"[index % 5].code.toByte())
            val offset = random.nextLong(0, 33)
            val size = arrived - consumed
            MemorySegment.copy(bytes, consumed, segment, java.lang.foreign.ValueLayout.JAVA_BYTE, offset, size)
            window.lend(segment, offset, size)
            var at = 0
            while (true) {
                val status = decoder.decode(window, at)
                at += decoder.consumedBytes()
                if (status == DecodeStatus.DONE) {
                    requests += decoder.requestAsLatin1()
                } else if (status == DecodeStatus.BAD) {
                    return Decoded(requests, decoder.errorText(), 0)
                } else {
                    break
                }
            }
            consumed += at
            window.end()
        }
        return Decoded(requests, null, bytes.size - consumed)
    }
}

fun RespRequestDecoder.requestAsLatin1(): List<String> =
    List(argumentsCount()) { arguments().toLatin1(argumentFrom(it), argumentBytes(it)) }

fun multibulk(vararg arguments: String): String =
    arguments.joinToString("", "*${arguments.size}\r\n") { "$${it.length}\r\n$it\r\n" }

fun latin1(text: String): ByteArray = text.toByteArray(Charsets.ISO_8859_1)
