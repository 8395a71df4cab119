package dev.uring.abi

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.lang.reflect.Modifier

class ErrnoTest :
    FunSpec({
        test("a number has its symbol and meaning") {
            Errno.name(104) shouldBe "ECONNRESET"
            Errno.describe(104) shouldBe "connection reset by peer"
            Errno.name(132) shouldBe "ERFKILL"
            Errno.describe(1) shouldBe "operation not permitted"
        }

        test("every constant is named as itself") {
            val constants = Errno::class.java.fields.filter { Modifier.isStatic(it.modifiers) }
            constants.associate { it.name to Errno.name(it.getInt(null)) } shouldBe
                constants.associate { it.name to it.name }
        }

        listOf(-1, 0, 41, 133, Int.MAX_VALUE, Int.MIN_VALUE).forEach { number ->
            test("an unknown number is shown as itself: $number") {
                Errno.name(number) shouldBe "errno $number"
                Errno.describe(number) shouldBe "unknown error"
            }
        }
    })
