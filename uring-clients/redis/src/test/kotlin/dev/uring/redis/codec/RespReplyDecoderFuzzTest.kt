package dev.uring.redis.codec

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import java.math.BigInteger
import kotlin.random.Random

/** Replay a failure with `-During.fuzz.seed=SEED`; the failing case prints its own seed. */
class RespReplyDecoderFuzzTest :
    FunSpec({
        val seed = System.getProperty("uring.fuzz.seed")?.toLong()
        val rounds = if (seed != null) 1 else 5_000
        val first = seed ?: System.nanoTime()

        test("any reply is read back as what was written, however it is cut and wherever it waits") {
            repeat(rounds) { round ->
                val caseSeed = first + round
                val random = Random(caseSeed)
                val wire = StringBuilder()
                val values = List(random.nextInt(1, 5)) { WrittenReply(random, wire).write(0) }
                for (feed in ReplyFeed.entries) {
                    withClue({ "-During.fuzz.seed=$caseSeed ${feed.name}" }) {
                        val limits = ReplyLimits.defaults().withGatherBytesMin(listOf(0, 10, 1 shl 20).random(random))
                        feed.decode(latin1("$wire"), limits, Random(caseSeed)) shouldBe DecodedReplies(values, null)
                    }
                }
            }
        }

        test("damaged replies give the same values and the same fault, however they are cut") {
            var faults = 0
            repeat(rounds) { round ->
                val caseSeed = first + round
                val random = Random(caseSeed)
                val wire = StringBuilder()
                repeat(random.nextInt(1, 4)) { WrittenReply(random, wire).write(0) }
                repeat(random.nextInt(1, 4)) { wire.setCharAt(random.nextInt(wire.length), ALPHABET.random(random)) }
                val limits = ReplyLimits(4, 200, 300, 64, 2000, 1 shl 20)
                val whole = ReplyFeed.WHOLE.decode(latin1("$wire"), limits)
                whole.errorText?.let {
                    faults++
                    it shouldStartWith "RESP: "
                }
                for (feed in ReplyFeed.entries) {
                    for (gatherBytesMin in listOf(0, 30, 1 shl 20)) {
                        withClue({ "-During.fuzz.seed=$caseSeed ${feed.name} gatherBytesMin=$gatherBytesMin" }) {
                            val decoded =
                                feed.decode(
                                    latin1("$wire"),
                                    limits.withGatherBytesMin(gatherBytesMin),
                                    Random(caseSeed),
                                )
                            decoded shouldBe whole
                        }
                    }
                }
            }
            if (seed == null) faults shouldBeGreaterThan rounds / 10
        }

        test("noise never hangs, never throws and never asks for memory it was not sent") {
            repeat(rounds) { round ->
                val caseSeed = first + round
                val random = Random(caseSeed)
                val wire = String(CharArray(random.nextInt(1, 120)) { ALPHABET.random(random) })
                withClue({ "-During.fuzz.seed=$caseSeed" }) {
                    ReplyFeed.WHOLE.decode(latin1(wire)) shouldBe ReplyFeed.ONE_BYTE_AT_A_TIME.decode(latin1(wire))
                }
            }
            ReplyFeed.WHOLE
                .decode(latin1("*16000000\r\n$500000000\r\n"))
                .errorText
                .shouldBeNull()
        }
    })

/** Writes a random reply and says how it is to be read. */
private class WrittenReply(
    private val random: Random,
    private val wire: StringBuilder,
) {
    fun write(depth: Int): Any? {
        if (random.nextInt(12) == 0) attribute(depth)
        return if (depth < 3 && random.nextInt(3) == 0) writeAggregate(depth) else writeScalar()
    }

    private fun writeScalar(): Any? =
        when (random.nextInt(12)) {
            0 -> {
                put("+", word(), "\r\n")
            }

            1 -> {
                RespErrorValue(put("-", "ERR " + word(), "\r\n"))
            }

            2 -> {
                put(":", random.nextLong().toString(), "\r\n").toLong()
            }

            3, 4 -> {
                bulk('$')
            }

            5 -> {
                verbatim()
            }

            6 -> {
                RespErrorValue(bulk('!'))
            }

            7 -> {
                null.also { wire.append(listOf("_\r\n", "$-1\r\n", "*-1\r\n").random(random)) }
            }

            8 -> {
                random.nextBoolean().also { wire.append(if (it) "#t\r\n" else "#f\r\n") }
            }

            9 -> {
                put(
                    ",",
                    listOf(random.nextDouble(), random.nextInt() / 8.0).random(random).toString(),
                    "\r\n",
                ).toDouble()
            }

            10 -> {
                BigInteger(put("(", BigInteger(90, java.util.Random(random.nextLong())).toString(), "\r\n"))
            }

            else -> {
                streamedString()
            }
        }

    private fun writeAggregate(depth: Int): Any =
        when (random.nextInt(3)) {
            0 -> List(open('*')) { write(depth + 1) }.also { close() }
            1 -> List(open('~')) { write(depth + 1) }.toSet().also { close() }
            else -> map(depth)
        }

    private var streamed = ArrayDeque<Boolean>()

    private fun open(marker: Char): Int {
        val count = random.nextInt(5)
        streamed.addLast(random.nextInt(4) == 0)
        wire.append(marker).append(if (streamed.last()) "?" else "$count").append("\r\n")
        return count
    }

    private fun close() {
        if (streamed.removeLast()) wire.append(".\r\n")
    }

    private fun map(depth: Int): Any {
        val count = open('%')
        val entries = LinkedHashMap<Any?, Any?>()
        repeat(count) {
            val key = write(depth + 1)
            entries[key] = write(depth + 1)
        }
        close()
        return entries
    }

    private fun attribute(depth: Int) {
        wire.append("|1\r\n")
        write(maxOf(depth + 1, 3))
        write(maxOf(depth + 1, 3))
    }

    private fun bulk(marker: Char): String {
        val text = text()
        wire.append("$marker${text.length}\r\n$text\r\n")
        return text
    }

    private fun verbatim(): String {
        val text = text()
        wire.append("=${text.length + 4}\r\ntxt:$text\r\n")
        return text
    }

    private fun streamedString(): String {
        wire.append("$?\r\n")
        val text = List(random.nextInt(4)) { text() + "x" }
        for (piece in text) wire.append(";${piece.length}\r\n$piece\r\n")
        wire.append(";0\r\n")
        return text.joinToString("")
    }

    private fun word() = String(CharArray(random.nextInt(12)) { 'a' + random.nextInt(26) })

    // Only ASCII: the values are compared as text.
    private fun text() =
        String(
            CharArray(
                random.nextInt(
                    if (random.nextInt(10) ==
                        0
                    ) {
                        200
                    } else {
                        20
                    },
                ),
            ) { ALPHABET.random(random) },
        )

    private fun put(
        before: String,
        text: String,
        after: String,
    ): String {
        wire.append(before).append(text).append(after)
        return text
    }
}

private const val ALPHABET = "*$\r\n:+-_,#(!=%~>|;.?x0123456789tfae "
