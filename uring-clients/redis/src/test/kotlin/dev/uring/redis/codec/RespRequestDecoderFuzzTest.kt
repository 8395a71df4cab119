package dev.uring.redis.codec

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import kotlin.random.Random

/** Replay a failure with `-During.fuzz.seed=SEED`; the failing case prints its own seed. */
class RespRequestDecoderFuzzTest :
    FunSpec({
        val seed = System.getProperty("uring.fuzz.seed")?.toLong()
        val rounds = if (seed != null) 1 else 20_000

        test("any input decodes as the plainly written grammar says, however it is cut and wherever it waits") {
            val errorsSeen = mutableSetOf<String>()
            val first = seed ?: System.nanoTime()
            repeat(rounds) { round ->
                val caseSeed = first + round
                val random = Random(caseSeed)
                val input = randomInput(random)
                val limits = RespLimits(64, 20, 200, 300, listOf(0, 10, 100, 1 shl 20).random(random))
                val expected = ReferenceDecoder(input, limits).decode()
                expected.errorText?.let { errorsSeen += it.substringBefore("got") }
                for (feed in Feed.entries) {
                    withClue({ "-During.fuzz.seed=$caseSeed ${feed.name} gatherBytesMin=${limits.gatherBytesMin()}" }) {
                        val decoded = feed.decode(latin1(input), limits, Random(caseSeed))
                        // What is gathered counts as consumed, so only the sum of both is the same everywhere.
                        decoded.copy(unconsumed = 0) shouldBe expected.copy(unconsumed = 0)
                        if (limits.gatherBytesMin() > 300) decoded shouldBe expected
                    }
                }
            }
            // A fuzzer that never meets an error tests half: these all occur.
            if (seed == null) {
                errorsSeen shouldContainAll
                    listOf(
                        "Protocol error: invalid multibulk length",
                        "Protocol error: invalid bulk length",
                        "Protocol error: expected '$', ",
                        "Protocol error: unbalanced quotes in request",
                        "Protocol error: too big inline request",
                        "Protocol error: too big request",
                    )
            }
        }
    })

private fun randomInput(random: Random): String {
    val valid =
        buildString {
            repeat(random.nextInt(1, 6)) {
                append(if (random.nextInt(4) > 0) randomMultibulk(random) else randomInline(random))
            }
        }
    val mutated = StringBuilder(valid)
    if (random.nextBoolean()) {
        repeat(random.nextInt(1, 4)) {
            val at = random.nextInt(mutated.length)
            when (random.nextInt(3)) {
                0 -> mutated.setCharAt(at, ALPHABET.random(random))
                1 -> mutated.deleteCharAt(at).append('x')
                else -> mutated.insert(at, ALPHABET.random(random))
            }
        }
    }
    return mutated.toString()
}

private fun randomMultibulk(random: Random): String =
    multibulk(*Array(random.nextInt(0, 8)) { randomText(random, random.nextInt(0, if (it == 3) 250 else 20)) })

private fun randomInline(random: Random): String =
    randomText(random, random.nextInt(0, if (random.nextInt(10) == 0) 80 else 40)).replace("\n", "") +
        listOf("\n", "\r\n").random(random)

private fun randomText(
    random: Random,
    size: Int,
): String = String(CharArray(size) { ALPHABET.random(random) })

// Bytes that mean something to the grammar are most of them; NUL and one above 127 stand for the rest.
private const val ALPHABET = "*$\r\n\"'\\ \t\u000Bx0123456789-+abnrt\u0000\u00E4"
