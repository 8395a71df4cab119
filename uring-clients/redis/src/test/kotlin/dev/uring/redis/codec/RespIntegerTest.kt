package dev.uring.redis.codec

import dev.uring.bytes.ByteWindow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlin.random.Random

class RespIntegerTest :
    FunSpec({
        fun parsed(text: String): Long? {
            val integer = RespInteger()
            val bytes = ByteWindow.copyOf(latin1("9${text}9"))
            return if (integer.parse(bytes, 1, text.length)) integer.value() else null
        }

        test("a text is a number exactly when the number prints as the text") {
            val random = Random(System.nanoTime())
            val edges = listOf(0L, 1L, -1L, 9L, 10L, 99L, 100L, Long.MAX_VALUE, Long.MIN_VALUE, Long.MAX_VALUE / 10)
            val numbers = edges + List(5_000) { random.nextLong() shr random.nextInt(64) }
            for (number in numbers) withClue(number) { parsed(number.toString()) shouldBe number }
        }

        test("everything else is refused") {
            val texts = listOf("", "-", "+1", "01", "-0", "-01", " 1", "1 ", "1.0", "1e3", "x", "/", ":", "0x1")
            val tooBig =
                listOf("9223372036854775808", "-9223372036854775809", "10000000000000000000", "99999999999999999999")
            for (text in texts + tooBig) withClue(text) { parsed(text) shouldBe null }
        }
    })
