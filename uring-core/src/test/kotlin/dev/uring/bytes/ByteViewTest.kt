package dev.uring.bytes

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.byte
import io.kotest.property.arbitrary.byteArray
import io.kotest.property.arbitrary.int
import io.kotest.property.checkAll
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout
import java.nio.ByteBuffer
import java.nio.ByteOrder

class ByteViewTest :
    FunSpec({
        test("a view is read by position and copied to be kept") {
            val view = ByteWindow.copyOf("GET key\r\n".toByteArray())
            view.size() shouldBe 9
            view.get(0) shouldBe 'G'.code.toByte()
            view.indexOf('\r'.code.toByte(), 0) shouldBe 7
            view.toUtf8(4, 3) shouldBe "key"
            view.contentEqualsIgnoreCase(0, 3, "GET".toByteArray()) shouldBe true
        }

        test("numbers are read at every position, in both byte orders, as ByteBuffer reads them") {
            val bytes = ByteArray(24) { (it * 37 - 100).toByte() }
            val view = ByteWindow.copyOf(bytes)
            val big = ByteBuffer.wrap(bytes)
            val little = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)
            for (i in 0..bytes.size - Short.SIZE_BYTES) {
                view.getShort(i) shouldBe big.getShort(i)
                view.getShortLe(i) shouldBe little.getShort(i)
            }
            for (i in 0..bytes.size - Int.SIZE_BYTES) {
                view.getInt(i) shouldBe big.getInt(i)
                view.getIntLe(i) shouldBe little.getInt(i)
            }
            for (i in 0..bytes.size - Long.SIZE_BYTES) {
                view.getLong(i) shouldBe big.getLong(i)
                view.getLongLe(i) shouldBe little.getLong(i)
            }
            for (i in bytes.indices) {
                view.get(i) shouldBe bytes[i]
                view.getUnsigned(i) shouldBe (bytes[i].toInt() and 0xFF)
            }
        }

        context("no access leaves the window") {
            val inner =
                windowInsideLargerMemory("secret".toByteArray(), "0123456789".toByteArray(), "secret".toByteArray())
            val accesses =
                mapOf<String, (ByteView, Int, Int) -> Any?>(
                    "get" to { v, at, _ -> v.get(at) },
                    "getUnsigned" to { v, at, _ -> v.getUnsigned(at) },
                    "getShort" to { v, at, _ -> v.getShort(at) },
                    "getInt" to { v, at, _ -> v.getInt(at) },
                    "getLong" to { v, at, _ -> v.getLong(at) },
                    "getShortLe" to { v, at, _ -> v.getShortLe(at) },
                    "getIntLe" to { v, at, _ -> v.getIntLe(at) },
                    "getLongLe" to { v, at, _ -> v.getLongLe(at) },
                    "indexOf" to { v, at, n -> v.indexOf(1, at, at + n) },
                    "toByteArray" to { v, at, n -> v.toByteArray(at, n) },
                    "toUtf8" to { v, at, n -> v.toUtf8(at, n) },
                    "toLatin1" to { v, at, n -> v.toLatin1(at, n) },
                    "copyTo array" to { v, at, n -> v.copyTo(at, ByteArray(64), 0, n) },
                    "copyTo memory" to { v, at, n -> v.copyTo(at, MemorySegment.ofArray(ByteArray(64)), 0L, n) },
                    "contentEquals" to { v, at, n -> v.contentEquals(at, n, ByteArray(3)) },
                    "contentEqualsIgnoreCase" to { v, at, n -> v.contentEqualsIgnoreCase(at, n, ByteArray(3)) },
                    "contentHash" to { v, at, n -> v.contentHash(at, n) },
                    "lend a part" to { v, at, n -> ByteWindow("test").lend(v, at, n) },
                    "putView" to { v, at, n -> FixedSink(MemorySegment.ofArray(ByteArray(64))).putView(v, at, n) },
                )
            val outside =
                listOf(
                    -1 to 1,
                    10 to 1,
                    3 to 8,
                    0 to 11,
                    0 to -1,
                    Int.MIN_VALUE to 4,
                    4 to Int.MAX_VALUE,
                    Int.MAX_VALUE to Int.MAX_VALUE,
                    11 to 0,
                )
            for ((name, access) in accesses) {
                test(name) {
                    val positional = name.startsWith("get")
                    for ((at, count) in outside) {
                        // A positional read knows its own width: only its position can be wrong.
                        if (positional && at in 0..9) continue
                        shouldThrow<IndexOutOfBoundsException> { access(inner, at, count) }
                    }
                }
            }
        }

        test("the last bytes of a window are readable and not one more") {
            val view = windowInsideLargerMemory(ByteArray(16), ByteArray(16), ByteArray(16))
            val reads =
                mapOf<Int, List<(Int) -> Any>>(
                    1 to listOf(view::get, view::getUnsigned),
                    2 to listOf(view::getShort, view::getShortLe),
                    4 to listOf(view::getInt, view::getIntLe),
                    8 to listOf(view::getLong, view::getLongLe),
                )
            for ((width, readers) in reads) {
                for (read in readers) {
                    read(16 - width)
                    shouldThrow<IndexOutOfBoundsException> { read(16 - width + 1) }
                        .message shouldBe "from=${17 - width}, count=$width outside view of size=16 (lent by test)"
                }
            }
        }

        test("indexOf finds what a plain loop finds, for every alignment and part") {
            checkAll(
                2_000,
                Arb.byteArray(Arb.int(0..40), Arb.byte()),
                Arb.byte(),
                Arb.int(0..40),
                Arb.int(0..40),
            ) { bytes, value, a, b ->
                val from = minOf(a, b, bytes.size)
                val until = minOf(maxOf(a, b), bytes.size)
                // Every other case with bytes that differ in one bit only, where the eight-at-a-time test could err.
                val data =
                    if (value.toInt() and 1 ==
                        0
                    ) {
                        bytes
                    } else {
                        ByteArray(bytes.size) { (value + (bytes[it].toInt() and 1)).toByte() }
                    }
                val naive = (from until until).firstOrNull { data[it] == value } ?: -1
                ByteWindow.copyOf(data).indexOf(value, from, until) shouldBe naive
                ByteWindow.copyOf(data).indexOf(value, from) shouldBe
                    ((from until data.size).firstOrNull { data[it] == value } ?: -1)
            }
        }

        test("indexOf is not misled by bytes that follow a match or lie outside the part") {
            // 0x01 above a 0x00 is where the carry of the zero-byte test makes a false mark.
            val view = ByteWindow.copyOf(byteArrayOf(1, 0, 1, 1, 1, 1, 1, 1, 0))
            view.indexOf(0, 0) shouldBe 1
            view.indexOf(0, 2) shouldBe 8
            view.indexOf(0, 2, 8) shouldBe -1
            view.indexOf(0, 9) shouldBe -1
        }

        test("content comparison and hash depend on the bytes alone") {
            val a = ByteWindow.copyOf("xxhello".toByteArray())
            val b = ByteWindow.copyOf("hello!".toByteArray())
            a.contentHash(2, 5) shouldBe b.contentHash(0, 5)
            a.contentHash(2, 5) shouldNotBe a.contentHash(1, 5)
            a.contentHash(2, 0) shouldBe b.contentHash(6, 0)
            a.contentEquals(2, 5, "hello".toByteArray()) shouldBe true
            a.contentEquals(2, 4, "hello".toByteArray()) shouldBe false
            a.contentEquals(2, 5, "hellO".toByteArray()) shouldBe false
            a.contentEquals(7, 0, ByteArray(0)) shouldBe true
            shouldThrow<IndexOutOfBoundsException> { a.contentEquals(2, 4, ByteArray(4), 1) }
        }

        test("one other byte anywhere makes the content another, whatever its length") {
            for (count in (0..40) + listOf(255, 256, 257, 300, 4096)) {
                val expected = ByteArray(count) { (it * 7).toByte() }
                val view = ByteWindow.copyOf(ByteArray(3) + expected + ByteArray(9))
                view.contentEquals(3, count, expected) shouldBe true
                view.contentEquals(3, count, byteArrayOf(1, 2, 3, 4, 5) + expected + 6, 5) shouldBe true
                for (other in expected.indices) {
                    val changed = expected.copyOf().also { it[other] = (it[other] + 1).toByte() }
                    withClue("count=$count, other byte at $other") {
                        view.contentEquals(3, count, changed) shouldBe false
                        view.contentEquals(3, count, ByteArray(5) + changed, 5) shouldBe false
                    }
                }
            }
        }

        test("a zero byte at the end changes the hash") {
            ByteWindow.copyOf(byteArrayOf(1, 0)).contentHash(0, 2) shouldNotBe
                ByteWindow.copyOf(byteArrayOf(1)).contentHash(0, 1)
        }

        test("ignoring case folds ASCII letters and nothing else") {
            val view = ByteWindow.copyOf("gEt[@`{".toByteArray())
            view.contentEqualsIgnoreCase(0, 3, "GET".toByteArray()) shouldBe true
            view.contentEqualsIgnoreCase(3, 1, "{".toByteArray()) shouldBe false
            view.contentEqualsIgnoreCase(4, 1, "`".toByteArray()) shouldBe false
            view.contentEqualsIgnoreCase(6, 1, "[".toByteArray()) shouldBe false
        }

        test("text is decoded as UTF-8 with a replacement for what is malformed, or byte by byte as Latin-1") {
            val bytes = byteArrayOf('a'.code.toByte(), 0xC3.toByte(), 0xA4.toByte(), 0xFF.toByte())
            ByteWindow.copyOf(bytes).toUtf8() shouldBe "aä\uFFFD"
            ByteWindow.copyOf(bytes).toLatin1(0, 4) shouldBe "aÃ¤ÿ"
        }

        test("copies go exactly where they are asked to") {
            val view = ByteWindow.copyOf("abcdef".toByteArray())
            val target = ByteArray(6) { '.'.code.toByte() }
            view.copyTo(1, target, 2, 3)
            String(target) shouldBe "..bcd."
            val memory = Arena.ofAuto().allocate(6)
            view.copyTo(4, memory, 1, 2)
            memory.toArray(ValueLayout.JAVA_BYTE) shouldBe byteArrayOf(0, 'e'.code.toByte(), 'f'.code.toByte(), 0, 0, 0)
            shouldThrow<IndexOutOfBoundsException> { view.copyTo(0, target, 4, 3) }
        }
    })

/** A window over the middle of a native segment: an unchecked access would find foreign bytes, not a fault. */
internal fun windowInsideLargerMemory(
    before: ByteArray,
    bytes: ByteArray,
    after: ByteArray,
): ByteWindow {
    val all = before + bytes + after
    val memory = Arena.ofAuto().allocate(all.size.toLong())
    MemorySegment.copy(all, 0, memory, ValueLayout.JAVA_BYTE, 0, all.size)
    return ByteWindow("test").apply { lend(memory, before.size.toLong(), bytes.size) }
}
