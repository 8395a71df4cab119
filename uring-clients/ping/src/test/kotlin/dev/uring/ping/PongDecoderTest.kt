package dev.uring.ping

import dev.uring.bytes.ByteWindow
import dev.uring.bytes.FixedSink
import dev.uring.codec.DecodeStatus
import dev.uring.ping.codec.PingCodec
import dev.uring.ping.codec.PongDecoder
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.lang.foreign.Arena

class PongDecoderTest :
    FunSpec({
        // A tutorial: this is all that a codec does. Bytes go in, answers come out, and nothing is read or waited for.
        test("a decoder is given bytes and says what it found, and how far it went") {
            val decoder = PongDecoder()
            val first = bytes("PONG\r\n-ER")

            decoder.decode(first, 0) shouldBe DecodeStatus.DONE
            decoder.pong().isGood shouldBe true
            decoder.consumedBytes() shouldBe 6

            decoder.decode(first, 6) shouldBe DecodeStatus.NEED_MORE
            decoder.consumedBytes() shouldBe 0 // It stays in the connection, and is offered again with what follows.

            decoder.decode(bytes("-ERR busy\r\n"), 0) shouldBe DecodeStatus.DONE
            decoder.pong().errorText() shouldBe "ERR busy"

            decoder.decode(bytes("HTTP/1.1 400\r\n"), 0) shouldBe DecodeStatus.BAD
            decoder.errorText() shouldBe "ping: 'HTTP/1.1 400' is no answer to PING"
        }

        test("answers are the same wherever the bytes are cut") {
            val all = "PONG\r\n+PONG\r\n+\n-\r\n-ERR\r\n+fine, thank you\r\n"
            val expected = listOf(null, null, null, "", "ERR", null)
            for (cut in 0..all.length) {
                withClue({ "cut at $cut" }) {
                    val decoder = PongDecoder()
                    val found = mutableListOf<String?>()
                    var at = 0
                    for (until in listOf(cut, all.length)) {
                        val shown = bytes(all.substring(at, until))
                        var from = 0
                        while (from < shown.size() && decoder.decode(shown, from) == DecodeStatus.DONE) {
                            found += decoder.pong().errorText()
                            from += decoder.consumedBytes()
                        }
                        at += from
                    }
                    found shouldBe expected
                    at shouldBe all.length
                }
            }
        }

        test("a line without an end is refused at its limit") {
            val decoder = PongDecoder()
            decoder.decode(bytes("+" + "x".repeat(PingCodec.LINE_BYTES_MAX)), 0) shouldBe DecodeStatus.NEED_MORE
            decoder.decode(bytes("+" + "x".repeat(PingCodec.LINE_BYTES_MAX + 1)), 0) shouldBe DecodeStatus.BAD
            decoder.errorText() shouldBe "ping: line is longer than lineBytesMax=65536"
            decoder.decode(bytes("PONG\r\n"), 0) shouldBe DecodeStatus.BAD
        }

        test("requests and answers are written as the protocol says, and an error cannot be two lines") {
            Arena.ofConfined().use { arena ->
                val sink = FixedSink(arena.allocate(100))
                PingCodec.ping(sink)
                PingCodec.pong(sink)
                PingCodec.error(sink, "ERR no")
                sink.view().toUtf8() shouldBe "PING\r\nPONG\r\n-ERR no\r\n"
                shouldThrow<IllegalArgumentException> { PingCodec.error(sink, "a\r\nb") }
            }
            PingCodec.isPing(bytes("PING")) shouldBe true
            PingCodec.isPing(bytes("PINGS")) shouldBe false
            PingCodec.isPing(bytes("ping")) shouldBe false
        }
    })

private fun bytes(text: String) = ByteWindow.copyOf(text.toByteArray())
