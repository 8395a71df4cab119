package dev.uring.memcache.codec

import dev.uring.bytes.ByteWindow
import dev.uring.codec.DecodeStatus
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain

class MemcacheReplyDecoderTest :
    FunSpec({
        val everyKind =
            listOf(
                "VALUE foo 42 3\r\nbar\r\n" to "VALUE key=foo flags=42 cas=0 bar",
                "VALUE f 4294967295 0 18446744073709551615\r\n\r\n" to "VALUE key=f flags=-1 cas=-1 ",
                "VALUE a 0 2\r\n\r\n\r\n" to "VALUE key=a flags=0 cas=0 \r\n",
                "END\r\n" to "END",
                "STORED\r\n" to "STORED",
                "NOT_STORED\r\n" to "NOT_STORED",
                "EXISTS\r\n" to "EXISTS",
                "NOT_FOUND\r\n" to "NOT_FOUND",
                "DELETED\r\n" to "DELETED",
                "TOUCHED\r\n" to "TOUCHED",
                "OK\r\n" to "OK",
                "RESET\r\n" to "RESET",
                "BUSY currently processing crawler request\r\n" to "BUSY [currently processing crawler request]",
                "VERSION 1.6.18\r\n" to "VERSION [1.6.18]",
                "STAT pid 1\r\n" to "STAT [pid 1]",
                "ITEM k [3 b; 0 s]\r\n" to "STAT [k [3 b; 0 s]]",
                "18446744073709551615\r\n" to "NUMBER 18446744073709551615",
                "7  \r\n" to "NUMBER 7",
                "ERROR\r\n" to "ERROR",
                "ERROR unknown\r\n" to "ERROR [unknown]",
                "CLIENT_ERROR bad data chunk\r\n" to "CLIENT_ERROR [bad data chunk]",
                "SERVER_ERROR out of memory\r\n" to "SERVER_ERROR [out of memory]",
                "HD\r\n" to "META_DONE",
                "HD c5 Oabc\r\n" to "META_DONE [c5 Oabc]",
                "VA 3 f1 t-1\r\nbar\r\n" to "META_VALUE [f1 t-1] bar",
                "VA 0\r\n\r\n" to "META_VALUE [] ",
                "EN\r\n" to "META_MISS",
                "NF Oq\r\n" to "META_NOT_FOUND [Oq]",
                "NS\r\n" to "META_NOT_STORED",
                "EX\r\n" to "META_EXISTS",
                "MN\r\n" to "META_NOOP",
                "ME foo exp=-1 la=0\r\n" to "META_DEBUG [foo exp=-1 la=0]",
            )

        test("every kind of line is understood, wherever the bytes are cut") {
            val all = everyKind.joinToString("") { it.first }
            val expected = Decoded(everyKind.map { it.second }, null)
            for (feed in Feed.entries) withClue({ feed.name }) { feed.replies(all) shouldBe expected }
            for (cut in 0..all.length) withClue({ "cut at $cut" }) { repliesCutAt(all, cut) shouldBe expected }
        }

        test("a large value moves into the decoder's own memory and is whole there, wherever the bytes are cut") {
            val limits = MemcacheLimits.defaults().withGatherBytesMin(10)
            val all = "VALUE k 1 50 7\r\n${"0123456789".repeat(5)}\r\nVA 20 kk s20\r\n${"x".repeat(20)}\r\nEND\r\n"
            val expected =
                Decoded(
                    listOf(
                        "VALUE key=k flags=1 cas=7 ${"0123456789".repeat(5)}",
                        "META_VALUE [kk s20] ${"x".repeat(20)}",
                        "END",
                    ),
                    null,
                )
            for (feed in Feed.entries) withClue({ feed.name }) { feed.replies(all, limits) shouldBe expected }
            for (cut in 0..all.length) withClue({ "cut at $cut" }) { repliesCutAt(all, cut, limits) shouldBe expected }
        }

        test("flags of a meta reply are found by letter, with numbers and text") {
            decode("VA 2 f7 c18446744073709551615 t-1 Oop4 kZm9v b W\r\nhi\r\n") {
                clientFlags() shouldBe 7
                cas() shouldBe -1L
                number('t', 0) shouldBe -1
                text('O') shouldBe "op4"
                metaKey() shouldBe "foo".toByteArray()
                hasFlag('W') shouldBe true
                hasFlag('X') shouldBe false
                text('X') shouldBe null
                number('s', 99) shouldBe 99
            }
        }

        val bad =
            listOf(
                "HELLO\r\n" to "'HELLO' is no reply",
                "\r\n" to "'' is no reply",
                "STORED now\r\n" to "'STORED now' is no reply",
                "VALUE k 1\r\n" to "'VALUE k 1' is no reply",
                "VALUE k x 1\r\n" to "'VALUE k x 1' is no reply",
                "VALUE k 4294967296 1\r\n" to "'VALUE k 4294967296 1' is no reply",
                "VALUE  1 1\r\n" to "'VALUE  1 1' is no reply",
                "VALUE k 1 1 x\r\n" to "'VALUE k 1 1 x' is no reply",
                "VA\r\n" to "'VA' is no reply",
                "VA -1\r\n" to "'VA -1' is no reply",
                "VA 1x\r\n" to "'VA 1x' is no reply",
                "12a\r\n" to "'12a' is no reply",
                "18446744073709551616\r\n" to "'18446744073709551616' is no reply",
                "\u0000\u00ff\r\n" to "'\\x00\\xff' is no reply",
                "END\n" to "a line feed is not preceded by a carriage return",
                "VA 1\r\nabc\r\n" to "a value of 1 bytes is not followed by a line end",
                "VA 1073741825\r\n" to "value of 1073741825 bytes exceeds limit valueBytesMax=1073741824",
            )
        test("what is no reply is told with what it was and where it stood, however it is cut") {
            for ((text, fault) in bad) {
                for (feed in Feed.entries) {
                    withClue({ "$text $feed" }) {
                        feed.replies("OK\r\n$text") shouldBe
                            Decoded(listOf("OK"), "memcache: $fault, at offset 4 of what the peer sent")
                    }
                }
            }
        }

        test("a line without an end is refused at its limit") {
            val limits = MemcacheLimits(512, 100, 100)
            Feed.ONE_BYTE_AT_A_TIME.replies("STAT " + "x".repeat(600), limits).errorText shouldContain
                "lineBytesMax=512"
            Feed.ONE_BYTE_AT_A_TIME
                .replies("STAT " + "x".repeat(507) + "\r\n", limits)
                .messages.size shouldBe 1
        }

        test("a line is understood alone, and what is behind it is left to be read in pieces") {
            val wire = latin1("VALUE key 7 3 99\r\nabc\r\nEND\r\n")
            val lineBytes = 18
            MemcacheReplyDecoder().use { decoder ->
                for (there in 0 until lineBytes) {
                    decoder.decodeHead(ByteWindow.copyOf(wire.copyOf(there)), 0) shouldBe DecodeStatus.NEED_MORE
                    decoder.consumedBytes() shouldBe 0
                }
                decoder.decodeHead(ByteWindow.copyOf(wire), 0) shouldBe DecodeStatus.DONE
                decoder.consumedBytes() shouldBe lineBytes
                val value = decoder.reply()
                listOf(value.kind(), value.key(), value.valueBytes(), value.clientFlags(), value.cas()) shouldBe
                    listOf(ReplyKind.VALUE, "key", 3, 7, 99L)
                // Behind the value the caller has gone on by itself.
                decoder.decodeHead(ByteWindow.copyOf(wire), lineBytes + 5) shouldBe DecodeStatus.DONE
                decoder.reply().kind() shouldBe ReplyKind.END
                decoder.decodeHead(ByteWindow.copyOf(latin1("nonsense\r\n")), 0) shouldBe DecodeStatus.BAD
                decoder.errorText() shouldContain "'nonsense' is no reply"
                decoder.decodeHead(ByteWindow.copyOf(wire), 0) shouldBe DecodeStatus.BAD
            }
        }

        test("after something bad nothing is understood any more") {
            Feed.WHOLE.replies("nonsense\r\nOK\r\n").messages shouldBe emptyList()
            MemcacheReplyDecoder().use { decoder ->
                decoder.decode(ByteWindow.copyOf(latin1("nonsense\r\n")), 0) shouldBe DecodeStatus.BAD
                decoder.decode(ByteWindow.copyOf(latin1("OK\r\n")), 0) shouldBe DecodeStatus.BAD
                decoder.consumedBytes() shouldBe 0
                decoder.errorText() shouldContain "'nonsense' is no reply"
            }
        }
    })

private fun decode(
    text: String,
    look: MemcacheReply.() -> Unit,
) {
    MemcacheReplyDecoder().use { decoder ->
        decoder.decode(
            dev.uring.bytes.ByteWindow
                .copyOf(latin1(text)),
            0,
        )
        decoder.reply().look()
    }
}
