package dev.uring.memcache.codec

import dev.uring.bytes.ByteWindow
import dev.uring.codec.DecodeStatus
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout
import kotlin.random.Random

/** What a decoder made of some input: whole messages, how it ended, and what it left unconsumed. */
internal data class Decoded(
    val messages: List<String>,
    val errorText: String?,
    val unconsumed: Int = 0,
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
        text: String,
        limits: MemcacheLimits = MemcacheLimits.defaults(),
        random: Random = Random(0),
    ): Decoded {
        val bytes = latin1(text)
        return MemcacheReplyDecoder(limits).use { it.feed(bytes, pieces(bytes, random), random) { reply().describe() } }
    }

    fun requests(
        text: String,
        limits: MemcacheLimits = MemcacheLimits.defaults(),
        random: Random = Random(0),
    ): Decoded {
        val bytes = latin1(text)
        return MemcacheRequestDecoder(limits).use {
            it.feed(bytes, pieces(bytes, random), random) { request().describe() }
        }
    }
}

/** Feeds [bytes] cut at [cut], and nowhere else. */
internal fun repliesCutAt(
    text: String,
    cut: Int,
    limits: MemcacheLimits = MemcacheLimits.defaults(),
): Decoded =
    MemcacheReplyDecoder(limits).use {
        it.feed(latin1(text), listOf(cut, text.length - cut), Random(cut)) { reply().describe() }
    }

private fun <D : LineBlockDecoder> D.feed(
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
            val segment = segments[index % 2].fill("\r\n1 V"[index % 5].code.toByte())
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
        Decoded(messages, null, bytes.size - consumed)
    }

internal fun latin1(text: String): ByteArray = text.toByteArray(Charsets.ISO_8859_1)

/** Everything that a reply says, in one line. */
internal fun MemcacheReply.describe(): String =
    when (kind()) {
        ReplyKind.VALUE -> "VALUE key=${key()} flags=${clientFlags()} cas=${cas()} ${value().text()}"
        ReplyKind.META_VALUE -> "META_VALUE [${text()}] ${value().text()}"
        ReplyKind.NUMBER -> "NUMBER ${java.lang.Long.toUnsignedString(number())}"
        else -> if (text().isEmpty()) "${kind()}" else "${kind()} [${text()}]"
    }

internal fun MemcacheRequest.describe(): String =
    buildString {
        append(word() ?: "unknown")
        for (i in 1 until tokensCount()) append(' ').append(text(i))
        if (isTooLarge) {
            append(" too large")
        } else if (value().size() >
            0
        ) {
            append(" <").append(value().text()).append('>')
        }
        fault()?.let { append(" fault: ").append(it) }
    }

private fun dev.uring.bytes.ByteView.text() = if (isEmpty) "" else toLatin1(0, size())
