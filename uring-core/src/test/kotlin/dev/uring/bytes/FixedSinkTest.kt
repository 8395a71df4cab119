package dev.uring.bytes

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.lang.foreign.Arena

class FixedSinkTest :
    FunSpec({
        test("a full sink says what it holds and what was wanted, and keeps what it has") {
            val sink = FixedSink(Arena.ofAuto().allocate(10))
            sink.putAscii("12345678")
            shouldThrow<IndexOutOfBoundsException> { sink.putInt(1) }.message shouldBe
                "sink is full: capacity=10 bytes, written=8 bytes, wanted=4 more bytes"
            sink.view().toUtf8() shouldBe "12345678"
            sink.putShort(0x3930)
            sink.view().toUtf8() shouldBe "1234567890"
            shouldThrow<IndexOutOfBoundsException> { sink.putByte(0) }
        }

        test("reset begins again at the front") {
            val sink = FixedSink(Arena.ofAuto().allocate(4))
            sink.putAscii("abcd")
            sink.reset()
            sink.size() shouldBe 0
            sink.putAscii("xy")
            sink.view().toUtf8() shouldBe "xy"
        }
    })
