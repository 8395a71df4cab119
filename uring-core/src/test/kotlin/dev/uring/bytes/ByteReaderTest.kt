package dev.uring.bytes

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain

private fun readerOf(vararg bytes: Int) =
    ByteReader().over(ByteWindow.copyOf(ByteArray(bytes.size) { bytes[it].toByte() }))

class ByteReaderTest :
    FunSpec({
        test("numbers are read and peeked in both byte orders") {
            val reader = readerOf(1, 2, 3, 4, 5, 6, 7, 8, 0xFF)
            reader.peekShort(0) shouldBe 0x0102
            reader.peekShortLe(0) shouldBe 0x0201
            reader.peekInt(1) shouldBe 0x02030405
            reader.peekIntLe(1) shouldBe 0x05040302
            reader.peekLong(0) shouldBe 0x0102030405060708
            reader.peekLongLe(0) shouldBe 0x0807060504030201
            reader.peekUnsignedByte(8) shouldBe 255
            reader.position() shouldBe 0
            reader.readShort() shouldBe 0x0102
            reader.readShortLe() shouldBe 0x0403
            reader.readInt() shouldBe 0x05060708
            reader.readByte() shouldBe -1
            reader.revert()
            reader.readIntLe() shouldBe 0x04030201
            reader.revert()
            reader.readLong() shouldBe 0x0102030405060708
            reader.revert()
            reader.readLongLe() shouldBe 0x0807060504030201
            reader.readUnsignedByte() shouldBe 255
            reader.remaining() shouldBe 0
        }

        test("only what was committed counts, and a revert goes back to it") {
            val reader = readerOf(1, 2, 3, 4)
            reader.skip(1).commit()
            val checkpoint = reader.skip(1).position()
            reader.skip(2)
            reader.revert(checkpoint)
            reader.readByte() shouldBe 3
            reader.committed() shouldBe 1
            reader.revert()
            reader.position() shouldBe 1
            shouldThrow<IndexOutOfBoundsException> { reader.revert(0) }.message shouldBe
                "checkpoint=0 outside committed=1 to size=4"
        }

        test("what was asked for in vain is missing, counted from the last commit") {
            val reader = readerOf(0, 0, 0, 9, 1, 2)
            reader.has(4) shouldBe true
            reader.missing() shouldBe 0
            reader.skip(4)
            reader.has(9) shouldBe false
            reader.missing() shouldBe 13
            reader.commit()
            reader.missing() shouldBe 0
            reader.has(Int.MAX_VALUE) shouldBe false
            reader.missing() shouldBe Int.MAX_VALUE - 4
            shouldThrow<IllegalArgumentException> { reader.has(-1) }.message!! shouldContain "not checked"
        }

        test("a read of bytes that are not there moves nothing") {
            val reader = readerOf(1, 2, 3)
            shouldThrow<IndexOutOfBoundsException> { reader.readInt() }
            shouldThrow<IndexOutOfBoundsException> { reader.skip(4) }
            shouldThrow<IndexOutOfBoundsException> { reader.readBytes(4) }
            shouldThrow<IndexOutOfBoundsException> { reader.readUtf8(4) }
            reader.position() shouldBe 0
        }

        test("varints of every length come back, and one above 64 bits is refused") {
            fun varint(value: Long): IntArray {
                val groups = generateSequence(value) { (it ushr 7).takeIf { rest -> rest != 0L } }.toList()
                return IntArray(groups.size) {
                    (groups[it] and 0x7F).toInt() or
                        if (it < groups.lastIndex) 0x80 else 0
                }
            }
            for (value in listOf(0L, 1, 127, 128, 300, Int.MAX_VALUE.toLong(), Long.MAX_VALUE, -1L)) {
                val bytes = varint(value)
                val whole = readerOf(*bytes)
                whole.hasVarint() shouldBe true
                whole.readVarint() shouldBe value
                whole.remaining() shouldBe 0
                val part = readerOf(*bytes.copyOf(bytes.size - 1))
                part.hasVarint() shouldBe false
                part.missing() shouldBe bytes.size
            }
            shouldThrow<ArithmeticException> { readerOf(*IntArray(9) { 0xFF }, 0x02).readVarint() }
            shouldThrow<ArithmeticException> { readerOf(*IntArray(11) { 0x80 }).readVarint() }
        }

        test("bytes, text and parts are read where the cursor stands") {
            val reader = ByteReader().over(ByteWindow.copyOf("key=väl;rest".toByteArray()))
            reader.indexOf('='.code.toByte()) shouldBe 3
            reader.readUtf8(3) shouldBe "key"
            reader.indexOf('?'.code.toByte()) shouldBe -1
            reader.skip(1).readUtf8(4) shouldBe "väl"
            val part = ByteWindow("a test")
            reader.skip(1).readView(2, part).toUtf8() shouldBe "re"
            String(reader.readBytes(2)) shouldBe "st"
        }
    })
