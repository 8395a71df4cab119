package dev.uring.momento.codec

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain

private fun fault(bytes: ByteArray): String? {
    val whole = Feed.WHOLE.replies(bytes)
    // Whatever is wrong must not depend on how it arrives.
    for (feed in Feed.entries) feed.replies(bytes) shouldBe whole
    return whole.errorText
}

private fun says(message: String): String =
    Feed.WHOLE.replies(frame(hex(message))).let {
        it.errorText.shouldBeNull()
        it.messages.single()
    }

class HostileInputTest :
    FunSpec({
        test("a length above its limit is refused before a byte of the message has come") {
            fault(varint((16L shl 20) + 1)) shouldBe
                "momento: message of 16777217 bytes exceeds limit messageBytesMax=16777216, at offset 0 of what the peer sent"
            fault(varint(-1)).shouldNotBeNull() shouldContain "18446744073709551615 bytes"
        }

        test("a length of eleven bytes is refused, one of ten is taken") {
            fault(ByteArray(10) { -1 } + 0).shouldNotBeNull() shouldContain "a length of more than 10 bytes"
            val padded = hex("84 80 80 80 80 80 80 80 80 00") + hex("0801 1000")
            Feed.WHOLE.replies(padded) shouldBe Decoded(listOf("#1 NORMAL NONE"))
        }

        test("a number of eleven bytes is refused, of ten it is 64 bits") {
            fault(frame(hex("08") + ByteArray(10) { -1 } + 0)).shouldNotBeNull() shouldContain
                "a number of more than 10 bytes"
            says("08 ffffffffffffffffff01 1000") shouldBe "#18446744073709551615 NORMAL NONE"
        }

        test("a number that is cut off by its message is refused") {
            fault(frame(hex("08 80"))) shouldBe
                "momento: a number is cut off by the end of its message, at offset 0 of what the peer sent"
        }

        test("a field that reaches beyond its message is refused, also inside another") {
            fault(frame(hex("5a 05 0a 03 61"))).shouldNotBeNull() shouldContain
                "field 11 of 5 bytes, and the message has 3 more"
            fault(frame(hex("5a 03 0a 05 61"))).shouldNotBeNull() shouldContain
                "field 1 of 5 bytes, and the message has 1 more"
        }

        test("fields that are not known are passed over, of every wire type") {
            says("28 ffff03 0801 31 0102030405060708 7a 02 aabb fd07 01020304 1000 5a 00") shouldBe
                "#1 NORMAL GET null"
        }

        test("a known field with another wire type counts as unknown") {
            says("0a 01 61 0802 1000 58 07") shouldBe "#2 NORMAL NONE"
            says("0802 1000 5a 02 08 07") shouldBe "#2 NORMAL GET null"
        }

        test("groups, and wire types that there are not, are refused") {
            for (wireType in listOf(3, 4, 6, 7)) {
                fault(frame(byteArrayOf((5 shl 3 or wireType).toByte()))).shouldNotBeNull() shouldContain
                    "wire type $wireType of field 5"
            }
        }

        test("field number 0 is refused") {
            fault(frame(hex("02 01 61"))).shouldNotBeNull() shouldContain "field number 0"
        }

        test("of a field that comes twice the last counts, and messages are merged") {
            says("0801 0802 1001 1000 5a 03 0a 01 61 5a 03 0a 01 62") shouldBe "#2 NORMAL GET <b>"
            says("0801 1000 5a 03 0a 01 61 5a 00") shouldBe "#1 NORMAL GET <a>"
            says("0801 1000 4a 02 08 05 4a 03 12 01 78") shouldBe "#1 NORMAL ERROR NOT_FOUND <x>"
        }

        test("of kinds that exclude each other the last counts") {
            says("0801 1000 5a 03 0a 01 61 62 00") shouldBe "#1 NORMAL SET"
            says("0801 1000 5a 03 0a 01 61 62 00 5a 00") shouldBe "#1 NORMAL GET null"
        }

        test("a message of no bytes is a message without contents") {
            Feed.WHOLE.replies(hex("00 00")) shouldBe Decoded(listOf("#0 NORMAL NONE", "#0 NORMAL NONE"))
        }

        test("a command without its parts has empty ones") {
            Feed.WHOLE.commands(frame(hex("1001 52 02 1a 00"))) shouldBe Decoded(listOf("#1 NORMAL SET <> <> <> 0"))
            Feed.WHOLE.commands(frame(hex("1001 52 02 0a 00"))) shouldBe Decoded(listOf("#1 NORMAL AUTHENTICATE <>"))
        }

        test("after bytes that cannot be trusted nothing is decoded any more") {
            val bytes = frame(hex("0801 1000")) + frame(hex("07")) + frame(hex("0802 1000"))
            val decoded = Feed.WHOLE.replies(bytes)
            decoded.messages shouldBe listOf("#1 NORMAL NONE")
            decoded.errorText.shouldNotBeNull() shouldContain "at offset 5"
        }
    })
