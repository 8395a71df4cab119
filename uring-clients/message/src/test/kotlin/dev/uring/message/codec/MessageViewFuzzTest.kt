package dev.uring.message.codec

import dev.uring.bytes.ByteWindow
import dev.uring.bytes.FixedSink
import dev.uring.codec.DecodeStatus
import dev.uring.testing.leastAllocatedBytesOfEach
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.lang.foreign.Arena
import kotlin.random.Random

/** Replay a failure with `-During.fuzz.seed=SEED`; the failing case prints its own seed. */
class MessageViewFuzzTest :
    FunSpec({
        val seed = System.getProperty("uring.fuzz.seed")?.toLong()
        val rounds = if (seed != null) 1 else 3_000
        val first = seed ?: System.nanoTime()

        test("a stream cut at every byte gives the same messages, and asks for no byte too many") {
            for (format in WireFormat.entries) {
                val messages = List(3) { randomMessage(Random(first + it), bytesMax = 20) }
                val wire = messages.fold(ByteArray(0)) { bytes, message -> bytes + message.encode(format) }
                for (cut in 0..wire.size) {
                    withClue({ "-During.fuzz.seed=$first cut=$cut" }) {
                        val start = decodeAll(wire.copyOf(cut), format)
                        val rest = decodeAll(wire.copyOfRange(start.consumed, wire.size), format)
                        start.messages + rest.messages shouldBe messages.map { it.seen() }
                        if (start.consumed < cut) start.needed shouldBeGreaterThan cut - start.consumed
                    }
                }
            }
        }

        test("any message is read back as what was written, in both versions") {
            repeat(rounds) { round ->
                val caseSeed = first + round
                val message = randomMessage(Random(caseSeed), bytesMax = 300)
                for (format in WireFormat.entries) {
                    withClue({ "-During.fuzz.seed=$caseSeed $format" }) {
                        message.encode(format).decode(format).seen() shouldBe message.seen()
                    }
                }
            }
        }

        test(
            "noise is a message, the beginning of one, or bad: never an exception, and never more than its lengths say",
        ) {
            repeat(rounds) { round ->
                val caseSeed = first + round
                val random = Random(caseSeed)
                val noise = random.nextBytes(random.nextInt(0, 200))
                val format = WireFormat.entries.random(random)
                withClue({ "-During.fuzz.seed=$caseSeed $format" }) {
                    val found = decodeAll(noise, format)
                    check(found.consumed <= noise.size)
                    check(found.needed in 0..16 + 2 * 65_535)
                }
            }
        }

        test("bytes of the other version that say nothing in this one are bad, and the text says so") {
            val helloOfV2 = hex("12 34 03 00 00000000 00000001 0000 0000")
            val view = MessageView(WireFormat.V1)
            view.decode(ByteWindow.copyOf(helloOfV2), 0) shouldBe DecodeStatus.BAD
            view.problem() shouldBe "byte 2 of a header is 0x3, which is no message of V1.\n" +
                "  Likely cause: the peer speaks the other version, or another protocol. See EngineConfig.wireFormat."
            val unknown = hex("12 34 0a 00 00000000 00000001 0000 0000")
            MessageView(WireFormat.V2).decode(ByteWindow.copyOf(unknown), 0) shouldBe DecodeStatus.BAD
            val reserved = hex("12 34 84 00 00000000 00000001 0000 0000")
            for (format in WireFormat.entries) {
                MessageView(format).decode(ByteWindow.copyOf(reserved), 0) shouldBe DecodeStatus.BAD
            }
        }

        test("an engine's origin that a peer claims is not believed") {
            val claimed = hex("12 34 1c 17 00000000 00000003 0000 0000")
            val view = MessageView(WireFormat.V1)
            view.decode(ByteWindow.copyOf(claimed), 0) shouldBe DecodeStatus.DONE
            view.isFromEngine shouldBe true
            val message = Message()
            view.copyTo(message, 77)
            message.isFromEngine shouldBe false
            message.status() shouldBe MessageStatus.SUCCESS
            message.channel() shouldBe 77
        }

        test("parts are lent where they lie, until the view ends them") {
            val message = Message().operation(MessageOperation.SIGNAL).channel(1).id(2)
            message.headers().append("a", "b")
            message.body().appendUtf8("body")
            val view = MessageView(WireFormat.V1)
            view.decode(ByteWindow.copyOf(message.encode()), 0)
            view.headers().toUtf8() shouldBe "a:b\r\n"
            val body = view.body()
            body.toUtf8() shouldBe "body"
            view.end()
            runCatching { body.get(0) }.exceptionOrNull()!!.message shouldContain "MessageView.body"
        }

        test("encoding, decoding and pooling allocate nothing") {
            val sink = FixedSink(Arena.ofAuto().allocate(4096))
            val pool = MessagePool(1, 1, 1 shl 20) { }
            val sent = Message().operation(MessageOperation.REQUEST).channel(1).id(2)
            sent.body().append(ByteArray(64))
            val wire = ByteWindow.copyOf(sent.encode())
            val view = MessageView(WireFormat.V1)
            leastAllocatedBytesOfEach {
                sink.reset()
                MessageEncoder.write(sent, WireFormat.V1, sink)
                view.decode(wire, 0)
                val message = pool.take(PoolStrategy.POOL_ONLY)
                view.copyTo(message, 5)
                MessageRules.checkAndPrepare(message, WireFormat.V1)
                pool.put(message)
            } shouldBe 0
        }
    })

private class Found(
    val messages: List<Seen>,
    val consumed: Int,
    val needed: Int,
)

private fun decodeAll(
    wire: ByteArray,
    format: WireFormat,
): Found {
    val view = MessageView(format)
    val window = ByteWindow.copyOf(wire)
    val messages = ArrayList<Seen>()
    var at = 0
    while (true) {
        val status = view.decode(window, at)
        if (status != DecodeStatus.DONE) {
            return Found(messages, at, if (status == DecodeStatus.NEED_MORE) view.neededBytes() else 0)
        }
        messages += Message().also(view::copyTo).seen()
        at += view.neededBytes()
    }
}

private fun randomMessage(
    random: Random,
    bytesMax: Int,
) = Message()
    .operation(MessageOperation.entries.random(random))
    .channel(random.nextInt(0, 65_536))
    .id(random.nextLong())
    .more(random.nextBoolean())
    .oob(random.nextBoolean())
    .also {
        it.headers().bytes().append(random.nextBytes(random.nextInt(0, bytesMax)))
        it.body().append(random.nextBytes(random.nextInt(0, bytesMax)))
    }
