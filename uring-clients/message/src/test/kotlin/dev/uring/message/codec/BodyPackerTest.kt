package dev.uring.message.codec

import dev.uring.bytes.ByteWindow
import dev.uring.bytes.FixedSink
import dev.uring.codec.DecodeStatus
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.lang.foreign.Arena
import java.util.zip.Deflater
import kotlin.random.Random

/** Bodies that are smaller on their way. */
class BodyPackerTest :
    FunSpec({
        for (format in WireFormat.entries) {
            test("bodies of all sizes come out as they went in, with the rest of their message, in $format") {
                BodyPacker().use { packer ->
                    for (size in listOf(16, 255, 256, 1_000, 4_096, 65_534, 65_535)) {
                        val message = message(ByteArray(size) { (it % 7).toByte() })
                        val wire = checkNotNull(message.packed(packer, format))
                        check(wire.size < 16 + 5 + size)
                        val view = MessageView(format).also { it.allowPacked(true) }
                        view.decode(ByteWindow.copyOf(wire), 0) shouldBe DecodeStatus.DONE
                        view.neededBytes() shouldBe wire.size
                        view.isPacked shouldBe true
                        view.unpack(packer) shouldBe true
                        view.bodyBytes() shouldBe size
                        view.body().contentEquals(0, size, message.body().toByteArray()) shouldBe true
                        Message().also(view::copyTo).seen() shouldBe message.seen()
                    }
                }
            }
        }

        test("what would save less than an eighth stays as it is") {
            BodyPacker().use { packer ->
                message(Random(1).nextBytes(10_000)).packed(packer) shouldBe null
                message(ByteArray(2)).packed(packer) shouldBe null
                message(ByteArray(0)).packed(packer) shouldBe null
            }
        }

        test("to those who have not agreed, a packed message is none") {
            BodyPacker().use { packer ->
                val wire = checkNotNull(message(ByteArray(1_000)).packed(packer))
                MessageView(WireFormat.V1).decode(ByteWindow.copyOf(wire), 0) shouldBe DecodeStatus.BAD
            }
        }

        test("a body that is not what its size says is garbage, however large it would become") {
            BodyPacker().use { packer ->
                // 64 MiB of zeros in 64 KiB, which claim to be as much as a body may have, less, or nothing.
                val bomb = deflated(ByteArray(64 shl 20)).copyOf(65_000)
                for (claimed in listOf(65_535, 100, 0)) packer.unpack(claimed, bomb) shouldBe BodyPacker.GARBAGE
                val hundred = deflated(ByteArray(100))
                packer.unpack(100, hundred) shouldBe 100
                for (claimed in listOf(99, 101, 0, 65_535)) packer.unpack(claimed, hundred) shouldBe BodyPacker.GARBAGE
                packer.unpack(100, hundred + 0) shouldBe BodyPacker.GARBAGE
                packer.unpack(100, hundred.copyOf(hundred.size - 1)) shouldBe BodyPacker.GARBAGE
                packer.unpack(ByteWindow.copyOf(byteArrayOf(0, 1))) shouldBe BodyPacker.GARBAGE
                // And it goes on as if nothing had been.
                packer.unpack(100, hundred) shouldBe 100
            }
        }

        test("noise is unpacked or refused, and never thrown") {
            val seed = System.getProperty("uring.test.seed")?.toLong() ?: System.nanoTime()
            println("seed=$seed; again with -During.test.seed=$seed")
            val random = Random(seed)
            BodyPacker().use { packer ->
                repeat(5_000) {
                    val bytes = deflated(random.nextBytes(random.nextInt(1, 200)))
                    if (it % 3 != 0) bytes[random.nextInt(bytes.size)] = random.nextInt().toByte()
                    val size = packer.unpack(random.nextInt(0, 300), bytes)
                    check(size in BodyPacker.GARBAGE..65_535)
                }
            }
        }
    })

private fun message(body: ByteArray): Message {
    val message = Message().operation(MessageOperation.SIGNAL).channel(5).id(9)
    message.headers().append("a", "b")
    message.body().append(body)
    return message
}

private fun Message.packed(
    packer: BodyPacker,
    format: WireFormat = WireFormat.V1,
): ByteArray? {
    val sink = FixedSink(Arena.ofAuto().allocate(MessageEncoder.sizeBytes(this).toLong()))
    val count = MessageEncoder.writePacked(this, format, sink, packer)
    return if (count == BodyPacker.NOT_WORTH_IT) null else sink.view().toByteArray()
}

private fun BodyPacker.unpack(
    claimed: Int,
    deflated: ByteArray,
): Int = unpack(ByteWindow.copyOf(byteArrayOf((claimed shr 8).toByte(), claimed.toByte()) + deflated))

private fun deflated(bytes: ByteArray): ByteArray {
    val deflater = Deflater(Deflater.BEST_COMPRESSION, true)
    deflater.setInput(bytes)
    deflater.finish()
    val out = ByteArray(bytes.size + 100)
    return out.copyOf(deflater.deflate(out)).also { deflater.end() }
}
