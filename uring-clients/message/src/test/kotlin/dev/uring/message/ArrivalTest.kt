package dev.uring.message

import dev.uring.bytes.ByteWindow
import dev.uring.codec.DecodeStatus
import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageEncoder
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageView
import dev.uring.message.codec.WireFormat
import dev.uring.message.codec.encode
import dev.uring.message.codec.seen
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlin.random.Random

class ArrivalTest :
    FunSpec({
        test("a message cut anywhere is what was sent, and what is behind it is left") {
            val seed = System.getProperty("uring.test.seed")?.toLong() ?: System.nanoTime()
            val random = Random(seed)
            val sent = Message().operation(MessageOperation.SIGNAL).channel(7).id(9)
            sent.headers().append("name", "value")
            sent.body().append(random.nextBytes(100))
            val expected = sent.copy().channel(3).seen()
            val wire = sent.encode() + ByteArray(5)
            val front = MessageEncoder.HEADER_BYTES + sent.headers().bytes().size()
            for (cut in 0 until wire.size - 5) {
                withClue("-During.test.seed=$seed cut=$cut") {
                    val view = MessageView(WireFormat.V1)
                    view.decode(ByteWindow.copyOf(wire.copyOf(cut)), 0) shouldBe DecodeStatus.NEED_MORE
                    view.hasFront() shouldBe (cut >= front)
                    if (cut >= front) {
                        val arrival = Arrival()
                        val target = Message().also { it.body().appendUtf8("what it had before") }
                        arrival.begin(view, target, 3)
                        var at = cut
                        while (arrival.poll() == null) {
                            val some = wire.copyOfRange(at, minOf(at + random.nextInt(1, 50), wire.size))
                            at += arrival.take(ByteWindow.copyOf(some))
                        }
                        at shouldBe wire.size - 5
                        arrival.isUnderWay shouldBe false
                        target.seen() shouldBe expected
                    }
                }
            }
        }

        test("a body that is packed does not arrive in parts") {
            val sent = Message().operation(MessageOperation.SIGNAL).channel(7).id(9)
            sent.body().append(ByteArray(100))
            val wire = sent.encode().also { it[2] = (it[2].toInt() or PACKED_BIT).toByte() }
            val view = MessageView(WireFormat.V1).also { it.allowPacked(true) }
            view.decode(ByteWindow.copyOf(wire.copyOf(50)), 0) shouldBe DecodeStatus.NEED_MORE
            view.isPacked shouldBe true
            view.hasFront() shouldBe false
        }
    })

private const val PACKED_BIT = 1 shl 7
