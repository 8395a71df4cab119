package dev.uring.redis.store

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.seconds

class GlobPatternTest :
    FunSpec({
        fun matches(
            pattern: String,
            text: String,
            letterCase: GlobPattern.Case = GlobPattern.Case.SENSITIVE,
        ) = GlobPattern(pattern.toByteArray(), letterCase).matches(text.toByteArray())

        val yes =
            listOf(
                "*" to "anything",
                "*" to "",
                "a*c" to "abcbc",
                "a*" to "a",
                "**a**" to "bab",
                "h?llo" to "hello",
                "h[ae]llo" to "hallo",
                "h[^e]llo" to "hallo",
                "h[a-c]llo" to "hbllo",
                "h[c-a]llo" to "hbllo",
                "h[\\]]llo" to "h]llo",
                "h[a-" to "ha",
                "h[^" to "hx",
                "\\*" to "*",
                "a\\" to "a\\",
                "[abc" to "b",
                "user:*:name" to "user:42:name",
            )
        val no =
            listOf(
                "" to "a",
                "a" to "",
                "?" to "",
                "a*c" to "abcb",
                "h?llo" to "hllo",
                "h[ae]llo" to "hillo",
                "h[^e]llo" to "hello",
                "[" to "[",
                "\\*" to "a",
                "a" to "A",
            )
        for ((pattern, text) in yes) test("$pattern matches '$text'") { matches(pattern, text) shouldBe true }
        for ((pattern, text) in no) test("$pattern does not match '$text'") { matches(pattern, text) shouldBe false }

        test("letters of either case are equal when asked for") {
            for ((pattern, text) in listOf("MaxMemory" to "maxmemory", "[A-C]x" to "bX", "\\A" to "a")) {
                withClue("$pattern $text") { matches(pattern, text, GlobPattern.Case.INSENSITIVE) shouldBe true }
            }
        }

        test("many stars are no trap").config(timeout = 10.seconds) {
            // A matcher that tries every star again takes longer than the universe has existed.
            matches("a*".repeat(40) + "b", "a".repeat(10_000)) shouldBe false
        }
    })
