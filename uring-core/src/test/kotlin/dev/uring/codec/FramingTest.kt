package dev.uring.codec

import dev.uring.base.FramingException
import dev.uring.bytes.ByteWindow
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.random.Random

class FramingTest :
    FunSpec({
        val prefixes =
            listOf(1, 2, 4, 8).flatMap { size ->
                listOf(ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN).flatMap { order ->
                    listOf(LengthPrefix.of(size, order, 200), LengthPrefix.of(size, order, 200).countingItself())
                        .mapIndexed { i, framing ->
                            framing to { payload: ByteArray -> prefix(size, order, payload.size + i * size) + payload }
                        }
                }
            } + (LengthPrefix.varint(200) to { payload: ByteArray -> varint(payload.size) + payload })
        val delimiters =
            listOf(
                Delimiter.of("\u0000".toByteArray(), 200) to { payload: ByteArray -> payload + 0 },
                Delimiter.of("\r\n\r\n".toByteArray(), 200) to
                    { payload: ByteArray -> payload + "\r\n\r\n".toByteArray() },
                Delimiter.line(200) to { payload: ByteArray -> payload + '\n'.code.toByte() },
                Delimiter.line(200) to { payload: ByteArray -> payload + "\r\n".toByteArray() },
            )

        for ((index, case) in (prefixes + delimiters).withIndex()) {
            val (framing, encode) = case
            test("$index, $framing: payloads come out as they went in, however the bytes arrive") {
                val seed = System.nanoTime()
                withClue("seed=$seed") {
                    val random = Random(seed)
                    // No delimiter in them, and no end that a line would take for its own.
                    val payloads =
                        List(50) { ByteArray(random.nextInt(0, 201)) { ('a'.code + random.nextInt(26)).toByte() } }
                    val stream = ByteArrayOutputStream()
                    payloads.forEach { stream.write(encode(it)) }
                    decode(framing, stream.toByteArray(), random).map { String(it) } shouldContainExactly
                        payloads.map { String(it) }
                }
            }
        }

        test("a payload of the limit passes, one byte more is refused with both numbers") {
            LengthPrefix.of(2, 3).measure(ByteWindow.copyOf(byteArrayOf(0, 3, 1, 1, 1)), 0) shouldBe 5
            shouldThrow<FramingException> {
                LengthPrefix.of(2, 3).measure(ByteWindow.copyOf(byteArrayOf(0, 4)), 0)
            }.message shouldBe
                "length-prefixed message of 4 bytes exceeds payloadBytesMax=3 bytes " +
                "(prefix of 2 bytes, big-endian).\n" +
                "  Likely cause: the peer writes another format, or longer messages than this side takes. " +
                "Raise the limit of the framing."
        }

        test("lengths that overflow an int, or a long, are above every limit") {
            for (prefix in listOf(LengthPrefix.of(4, 1000), LengthPrefix.of(8, Int.MAX_VALUE - 8))) {
                shouldThrow<FramingException> { prefix.measure(ByteWindow.copyOf(ByteArray(8) { -1 }), 0) }
            }
            shouldThrow<FramingException> {
                LengthPrefix.varint(1000).measure(ByteWindow.copyOf(ByteArray(5) { -1 }), 0)
            }.message shouldBe
                "length-prefixed message: a varint of more than 5 bytes.\n" +
                "  Likely cause: the peer writes another format."
        }

        test("a length that counts the prefix is at least the prefix") {
            shouldThrow<FramingException> {
                LengthPrefix.of(4, 100).countingItself().measure(ByteWindow.copyOf(byteArrayOf(0, 0, 0, 3)), 0)
            }.message!!.lineSequence().first() shouldBe
                "length-prefixed message says length=3 bytes, less than its prefix " +
                "(prefix of 4 bytes, big-endian, counting itself)."
        }

        test("a delimiter that does not come is refused where the limit is, not earlier and not later") {
            fun measure(
                framing: Delimiter,
                text: String,
            ) = framing.measure(ByteWindow.copyOf(text.toByteArray()), 0)
            measure(Delimiter.line(4), "abcd\n") shouldBe 5
            measure(Delimiter.line(4), "abcd\r\n") shouldBe 6
            measure(Delimiter.line(4), "abcd\r") shouldBe -6
            shouldThrow<FramingException> { measure(Delimiter.line(4), "abcde\n") }
            val failure = shouldThrow<FramingException> { measure(Delimiter.line(4), "abcdef") }
            failure.message!!.lineSequence().first() shouldBe
                "line of >= 5 bytes exceeds payloadBytesMax=4 bytes."
            measure(Delimiter.of("--".toByteArray(), 4), "abcd-") shouldBe -6
            measure(Delimiter.of("--".toByteArray(), 4), "ab-c--") shouldBe 6
            shouldThrow<FramingException> { measure(Delimiter.of("--".toByteArray(), 4), "abcde-") }
        }
    })

private fun decode(
    framing: Framing,
    stream: ByteArray,
    random: Random,
): List<ByteArray> {
    val payloads = ArrayList<ByteArray>()
    var from = 0
    var until = 0
    var seen = 0
    while (from < stream.size) {
        val view = ByteWindow.copyOf(stream.copyOfRange(from, until))
        val total = framing.measure(view, seen)
        if (total > 0) {
            payloads += view.toByteArray(framing.payloadFrom(view), framing.payloadBytes(view, total))
            from += total
            seen = 0
        } else {
            // It asks for more than there is, and never for more than the frame has.
            -total shouldBeGreaterThan view.size()
            seen = view.size()
            until = minOf(maxOf(until + random.nextInt(1, 40), 1), stream.size)
            -total shouldBeLessThanOrEqual stream.size - from
        }
    }
    return payloads
}

private fun prefix(
    size: Int,
    order: ByteOrder,
    length: Int,
): ByteArray {
    val number = ByteBuffer.allocate(8).order(order)
    if (order == ByteOrder.LITTLE_ENDIAN) return number.putLong(length.toLong()).array().copyOf(size)
    return number.putLong(length.toLong()).array().copyOfRange(8 - size, 8)
}

private fun varint(value: Int): ByteArray =
    if (value < 128) byteArrayOf(value.toByte()) else byteArrayOf((value or 0x80).toByte(), (value ushr 7).toByte())
