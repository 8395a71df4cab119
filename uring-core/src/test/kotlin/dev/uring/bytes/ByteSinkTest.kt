package dev.uring.bytes

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.Codepoint
import io.kotest.property.arbitrary.arbitrary
import io.kotest.property.arbitrary.long
import io.kotest.property.arbitrary.string
import io.kotest.property.checkAll
import java.io.ByteArrayOutputStream
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout
import java.nio.ByteBuffer
import java.nio.ByteOrder

class ByteSinkTest :
    FunSpec({
        test("what is put appears in order, whatever the chunks") {
            for (chunkBytes in 32..80) {
                val sink = ChunkedSink(chunkBytes)
                val bytes = ByteArray(100) { it.toByte() }
                sink
                    .putByte(0x1FF)
                    .putShort(0x1_2345)
                    .putInt(0x12345678)
                    .putLong(0x123456789ABCDEF0)
                    .putIntLe(0x12345678)
                    .putLongLe(0x123456789ABCDEF0)
                    .putBytes(bytes)
                    .putBytes(bytes, 3, 5)
                    .putView(ByteWindow.copyOf(bytes))
                    .putView(ByteWindow.copyOf(bytes), 90, 10)
                    .putAscii("caf\u00e9")
                    .putUtf8("€")
                    .putDecimal(-120)
                val expected = ByteBuffer.allocate(1_000)
                expected
                    .put(0xFF.toByte())
                    .putShort(0x2345)
                    .putInt(0x12345678)
                    .putLong(0x123456789ABCDEF0)
                expected.order(ByteOrder.LITTLE_ENDIAN).putInt(0x12345678).putLong(0x123456789ABCDEF0)
                expected
                    .put(bytes)
                    .put(bytes, 3, 5)
                    .put(bytes)
                    .put(bytes, 90, 10)
                expected.put("caf?".toByteArray()).put("€".toByteArray()).put("-120".toByteArray())
                sink.written() shouldBe expected.array().copyOf(expected.position())
            }
        }

        test("decimal text is Long.toString, at every edge") {
            val edges = mutableListOf(Long.MIN_VALUE, Long.MIN_VALUE + 1, Long.MAX_VALUE, Long.MAX_VALUE - 1, 0L)
            var power = 1L
            repeat(19) {
                edges += listOf(power - 1, power, power + 1, -power - 1, -power, -power + 1)
                power *= 10
            }
            for (value in edges) {
                decimal(value) shouldBe value.toString()
                ByteSink.decimalDigits(value) shouldBe value.toString().removePrefix("-").length
            }
            checkAll(2_000, Arb.long()) { decimal(it) shouldBe it.toString() }
        }

        test("a number that fits exactly needs no more room than its digits") {
            for (value in listOf(0L, 7L, -7L, 123L, Long.MIN_VALUE)) {
                val text = value.toString()
                val sink = FixedSink(Arena.ofAuto().allocate(text.length.toLong()))
                sink.putDecimal(value)
                sink.view().toUtf8() shouldBe text
            }
        }

        test("UTF-8 is what String.getBytes makes of it, unpaired surrogates included") {
            val texts =
                listOf(
                    "",
                    "\u0000\u007F\u0080\u07FF\u0800\uFFFF",
                    "a€😀z",
                    "\uD83D",
                    "\uDE00",
                    "\uDE00\uD83D",
                    "x\uD83D\uD83D\uDE00y",
                    "\uD7FF\uE000",
                    String(Character.toChars(0x10FFFF)),
                    String(Character.toChars(0x10000)),
                )
            for (text in texts) utf8(text) shouldBe text.toByteArray()
            // UTF-16 units drawn freely: one in eight is a surrogate, mostly unpaired.
            val units = Arb.string(0..60, Codepoint.anyUnit())
            checkAll(2_000, units) { utf8(it) shouldBe it.toByteArray() }
        }

        test("ASCII replaces everything else") {
            val sink = ChunkedSink(32)
            sink.putAscii("\u0000a\u007F\u0080€😀")
            String(sink.written(), Charsets.ISO_8859_1) shouldBe "\u0000a\u007F????"
        }

        test("arguments outside their array or view are refused before anything is written") {
            for ((from, count) in listOf(-1 to 1, 0 to 5, 5 to 0, 3 to 2, 0 to -1, 1 to Int.MAX_VALUE)) {
                val sink = ChunkedSink(32)
                shouldThrow<IndexOutOfBoundsException> { sink.putBytes(ByteArray(4), from, count) }
                shouldThrow<IndexOutOfBoundsException> { sink.putView(ByteWindow.copyOf(ByteArray(4)), from, count) }
                sink.written().size shouldBe 0
            }
        }
    })

/** Any UTF-16 unit, half of them from the blocks where the encodings change. */
private fun Codepoint.Companion.anyUnit(): Arb<Codepoint> {
    val blocks = listOf(0..0x7F, 0x80..0x7FF, 0x800..0xD7FF, 0xD800..0xDBFF, 0xDC00..0xDFFF, 0xE000..0xFFFF)
    return arbitrary { random ->
        val block = blocks[random.random.nextInt(blocks.size)]
        Codepoint(block.first + random.random.nextInt(block.last - block.first + 1))
    }
}

private fun decimal(value: Long): String =
    String(
        ChunkedSink(32)
            .apply {
                putByte('x'.code).putDecimal(value)
            }.written(),
    ).drop(1)

private fun utf8(text: String): ByteArray = ChunkedSink(32).apply { putUtf8(text) }.written()

/** A sink whose owner gives chunks of one size, surrounded by guard bytes that must not change. */
private class ChunkedSink(
    private val chunkBytes: Int,
) : ByteSink() {
    private val done = ByteArrayOutputStream()
    private var memory: MemorySegment? = null

    override fun refill(bytesWanted: Int) {
        collect()
        memory = Arena.ofAuto().allocate(chunkBytes + 2L * GUARD_BYTES).fill(GUARD)
        chunk(memory, GUARD_BYTES.toLong(), (GUARD_BYTES + chunkBytes).toLong())
    }

    fun written(): ByteArray {
        collect()
        memory = null
        return done.toByteArray()
    }

    private fun collect() {
        val chunk = memory?.toArray(ValueLayout.JAVA_BYTE) ?: return
        val until = chunkPosition().toInt()
        done.write(chunk, GUARD_BYTES, until - GUARD_BYTES)
        val guards = chunk.take(GUARD_BYTES) + chunk.takeLast(GUARD_BYTES)
        check(guards.all { it == GUARD }) { "written outside the chunk" }
    }

    private companion object {
        const val GUARD_BYTES = 40
        const val GUARD: Byte = 0x5A
    }
}
