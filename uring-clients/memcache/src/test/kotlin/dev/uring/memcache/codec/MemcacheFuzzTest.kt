package dev.uring.memcache.codec

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import kotlin.random.Random

/** Replay a failure with `-During.fuzz.seed=SEED`; the failing case prints its own seed. */
class MemcacheFuzzTest :
    FunSpec({
        val seed = System.getProperty("uring.fuzz.seed")?.toLong()
        val rounds = if (seed != null) 1 else 10_000
        val first = seed ?: System.nanoTime()

        test("any reply decodes as the plainly written grammar says, however it is cut and wherever it waits") {
            val faults = mutableSetOf<String>()
            repeat(rounds) { round ->
                val caseSeed = first + round
                val random = Random(caseSeed)
                val input = mutated(List(random.nextInt(1, 6)) { randomReply(random) }.joinToString(""), random)
                val limits = MemcacheLimits(512, 200, listOf(0, 10, 100, 1 shl 20).random(random))
                val expected = ReferenceReplies(input, limits).decode()
                expected.errorText?.let { faults += it.substringAfter("memcache: ").take(6) }
                for (feed in Feed.entries) {
                    withClue({ "-During.fuzz.seed=$caseSeed ${feed.name} $limits <$input>" }) {
                        feed.replies(input, limits, Random(caseSeed)).copy(unconsumed = 0) shouldBe expected
                    }
                }
            }
            // A fuzzer that never meets an error tests half.
            if (seed == null) faults shouldContainAll listOf("a line", "a valu", "value ")
        }

        test("any request decodes to the same, however it is cut and wherever it waits") {
            repeat(rounds) { round ->
                val caseSeed = first + round
                val random = Random(caseSeed)
                val input = mutated(List(random.nextInt(1, 6)) { randomRequest(random) }.joinToString(""), random)
                val limits = MemcacheLimits(512, 50, listOf(0, 10, 1 shl 20).random(random))
                val whole = Feed.WHOLE.requests(input, limits.withGatherBytesMin(1 shl 20))
                for (feed in Feed.entries) {
                    withClue({ "-During.fuzz.seed=$caseSeed ${feed.name} $limits <$input>" }) {
                        feed.requests(input, limits, Random(caseSeed)).copy(unconsumed = 0) shouldBe
                            whole.copy(unconsumed = 0)
                    }
                }
            }
        }
    })

/** The grammar of replies, written down as plainly as it can be: strings and regular expressions. */
private class ReferenceReplies(
    private val input: String,
    private val limits: MemcacheLimits,
) {
    private val messages = mutableListOf<String>()
    private var at = 0

    fun decode(): Decoded {
        while (true) {
            val end = input.indexOf('\n', at)
            if (end < 0) return Decoded(messages, null)
            if (end == at || input[end - 1] != '\r') return bad("a line feed is not preceded by a carriage return")
            val line = input.substring(at, end - 1)
            val value = VALUE.matchEntire(line)?.takeIf(::isInRange)
            val meta = META_VALUE.matchEntire(line)?.takeIf { number(it.groupValues[1]) != null }
            val size = (value?.groupValues?.get(3) ?: meta?.groupValues?.get(1))?.let { number(it)!! }
            if (size == null) {
                messages += plain(line) ?: return bad("'${printable(line.take(64))}' is no reply")
                at = end + 1
                continue
            }
            if (size > limits.valueBytesMax().toULong()) {
                return bad("value of $size bytes exceeds limit valueBytesMax=${limits.valueBytesMax()}")
            }
            val from = end + 1
            val until = from + size.toInt()
            if (until + 2 > input.length) return Decoded(messages, null)
            if (input.substring(until, until + 2) != "\r\n") {
                return bad("a value of $size bytes is not followed by a line end")
            }
            messages += describe(value, meta, input.substring(from, until))
            at = until + 2
        }
    }

    private fun describe(
        value: MatchResult?,
        meta: MatchResult?,
        bytes: String,
    ): String {
        if (value == null) return "META_VALUE [${utf8(meta!!.groupValues[2].removePrefix(" "))}] $bytes"
        val (key, flags) = value.groupValues.drop(1)
        val cas = value.groupValues[4]
        return "VALUE key=${utf8(key)} flags=${number(flags)!!.toInt()} cas=${number(cas)?.toLong() ?: 0} $bytes"
    }

    private fun isInRange(match: MatchResult): Boolean {
        val (flags, size, cas) = match.groupValues.drop(2)
        val inRange = (number(flags) ?: return false) <= UInt.MAX_VALUE
        return inRange && number(size) != null && (cas.isEmpty() || number(cas) != null)
    }

    private fun plain(line: String): String? {
        val word = line.substringBefore(' ')
        val text = if (' ' in line) line.substringAfter(' ') else ""
        val bracketed = if (text.isEmpty()) "" else " [${utf8(text)}]"
        NUMBER.matchEntire(line)?.let { found -> return number(found.groupValues[1])?.let { "NUMBER $it" } }
        META[word]?.let { return it + bracketed }
        if (word in PLAIN) return if (' ' in line) null else word
        if (word in TEXTUAL) return (if (word == "ITEM" || word == "PREFIX") "STAT" else word) + bracketed
        return null
    }

    private fun number(digits: String): ULong? = digits.toULongOrNull()?.takeIf { digits.length <= 20 }

    private fun utf8(latin1: String) = String(latin1(latin1), Charsets.UTF_8)

    private fun printable(text: String) =
        text.map { if (it in ' '..'~') "$it" else "\\x%02x".format(it.code) }.joinToString("")

    private fun bad(fault: String) = Decoded(messages, "memcache: $fault, at offset $at of what the peer sent")

    private companion object {
        val VALUE = Regex("VALUE ([^ ]+) ([0-9]+) ([0-9]+)(?: ([0-9]+))?", RegexOption.DOT_MATCHES_ALL)
        val META_VALUE = Regex("VA ([0-9]+)((?: .*)?)", RegexOption.DOT_MATCHES_ALL)
        val NUMBER = Regex("([0-9]+) *")
        val META =
            mapOf(
                "HD" to "META_DONE",
                "EN" to "META_MISS",
                "NF" to "META_NOT_FOUND",
                "NS" to "META_NOT_STORED",
                "EX" to "META_EXISTS",
                "MN" to "META_NOOP",
                "ME" to "META_DEBUG",
            )
        val PLAIN =
            setOf("END", "STORED", "NOT_STORED", "EXISTS", "NOT_FOUND", "DELETED", "TOUCHED", "OK", "RESET")
        val TEXTUAL = setOf("STAT", "ITEM", "PREFIX", "VERSION", "CLIENT_ERROR", "SERVER_ERROR", "BUSY", "ERROR")
    }
}

private fun mutated(
    valid: String,
    random: Random,
): String {
    if (random.nextBoolean()) return valid
    val text = StringBuilder(valid)
    repeat(random.nextInt(1, 4)) {
        val at = random.nextInt(text.length)
        when (random.nextInt(3)) {
            0 -> text.setCharAt(at, ALPHABET.random(random))
            1 -> text.deleteCharAt(at).append('x')
            else -> text.insert(at, ALPHABET.random(random))
        }
    }
    return text.toString()
}

private fun randomReply(random: Random): String {
    val bytes = randomText(random, random.nextInt(0, if (random.nextInt(20) == 0) 260 else 40))
    return when (random.nextInt(6)) {
        0 -> "VALUE k${random.nextInt(100)} ${random.nextLong(0, 1L shl 32)} ${bytes.length}\r\n$bytes\r\n"
        1 -> "VALUE k 0 ${bytes.length} ${random.nextLong().toULong()}\r\n$bytes\r\n"
        2 -> "VA ${bytes.length}${listOf("", " f1", " t-1 k\u00e4 W").random(random)}\r\n$bytes\r\n"
        3 -> "${random.nextLong().toULong()}\r\n"
        else -> WORDS.random(random) + "\r\n"
    }
}

private fun randomRequest(random: Random): String {
    val bytes = randomText(random, random.nextInt(0, if (random.nextInt(10) == 0) 90 else 40))
    return when (random.nextInt(5)) {
        0 -> "set k${random.nextInt(9)} 0 0 ${bytes.length}${listOf("", " noreply").random(random)}\r\n$bytes\r\n"
        1 -> "cas k 0 0 ${bytes.length} ${random.nextLong().toULong()}\r\n$bytes\r\n"
        2 -> "ms k ${bytes.length} c T0\r\n$bytes\r\n"
        3 -> "get " + List(random.nextInt(0, 20)) { "key$it" }.joinToString(" ") + listOf("\r\n", "\n").random(random)
        else -> COMMANDS.random(random) + "\r\n"
    }
}

private fun randomText(
    random: Random,
    size: Int,
): String = String(CharArray(size) { ALPHABET.random(random) })

private val WORDS =
    listOf(
        "END",
        "STORED",
        "NOT_STORED",
        "EXISTS",
        "NOT_FOUND",
        "DELETED",
        "TOUCHED",
        "OK",
        "RESET",
        "VERSION 1.6.18",
        "STAT a b",
        "ITEM a [1 b]",
        "PREFIX a b",
        "CLIENT_ERROR x",
        "SERVER_ERROR out of memory",
        "ERROR",
        "HD",
        "HD c1 f2",
        "EN",
        "NF",
        "NS",
        "EX",
        "MN",
        "ME foo exp=-1",
    )
private val COMMANDS =
    listOf(
        "mg key s v t f",
        "md k q",
        "ma k NI D1",
        "mn",
        "me k",
        "delete k",
        "incr k 1",
        "touch k 0 noreply",
        "version",
        "stats items",
        "flush_all 0",
        "verbosity 1",
        "quit",
        "gat 10 a b",
        "gets a",
        "nonsense",
        "",
    )

// Bytes that mean something to the grammar are most of them; NUL and one above 127 stand for the rest.
private const val ALPHABET = "\r\n VAENDHSTO0123456789kfc-\u0000\u00E4"
