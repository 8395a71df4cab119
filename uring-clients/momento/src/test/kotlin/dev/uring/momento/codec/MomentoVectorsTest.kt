package dev.uring.momento.codec

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

private class Vector(
    val name: String,
    hex: String,
    val written: ByteArray,
    val says: String,
) {
    val bytes: ByteArray = hex(hex)
}

private val COMMANDS =
    listOf(
        Vector(
            "authenticate",
            "0b 10 01 18 00 52 05 0a 03 0a 01 74",
            authenticate(1, "t"),
            "#1 NORMAL AUTHENTICATE <t>",
        ),
        Vector(
            "get",
            "1a 10 2a 18 00 52 14 12 12 0a 08 6d792d6361636865 12 06 6d792d6b6579",
            get(42, "my-cache", "my-key"),
            "#42 NORMAL GET <my-cache> <my-key>",
        ),
        Vector(
            "set",
            "1f 10 01 18 00 52 19 1a 17 0a 05 6361636865 12 03 6b6579 1a 05 76616c7565 20 e0d403",
            set(1, "cache", "key", "value", 60_000),
            "#1 NORMAL SET <cache> <key> <value> 60000",
        ),
        Vector(
            "delete",
            "1a 10 03 18 00 52 14 22 12 0a 05 6361636865 12 09 64656c6574652d6d65",
            delete(3, "cache", "delete-me"),
            "#3 NORMAL DELETE <cache> <delete-me>",
        ),
        Vector("cancel", "04 10 63 18 01", control(99, ControlCode.CANCEL), "#99 CANCEL NONE"),
    )

private val REPLIES =
    listOf(
        Vector(
            "authenticated",
            "06 08 01 10 00 52 00",
            written { MomentoReplyWriter.writeEmpty(it, 1, ReplyKind.AUTHENTICATE) },
            "#1 NORMAL AUTHENTICATE",
        ),
        Vector(
            "hit",
            "0d 08 02 10 00 5a 07 0a 05 76616c7565",
            written { MomentoReplyWriter.writeHit(it, 2, "value".toByteArray()) },
            "#2 NORMAL GET <value>",
        ),
        Vector(
            "miss",
            "06 08 03 10 00 5a 00",
            written { MomentoReplyWriter.writeEmpty(it, 3, ReplyKind.GET) },
            "#3 NORMAL GET null",
        ),
        Vector(
            "stored",
            "06 08 04 10 00 62 00",
            written { MomentoReplyWriter.writeEmpty(it, 4, ReplyKind.SET) },
            "#4 NORMAL SET",
        ),
        Vector(
            "deleted",
            "06 08 05 10 00 6a 00",
            written { MomentoReplyWriter.writeEmpty(it, 5, ReplyKind.DELETE) },
            "#5 NORMAL DELETE",
        ),
        Vector(
            "error",
            "13 08 06 10 00 4a 0d 08 05 12 09 6e6f7420666f756e64",
            written { MomentoReplyWriter.writeError(it, 6, StatusCode.NOT_FOUND, "not found") },
            "#6 NORMAL ERROR NOT_FOUND <not found>",
        ),
    )

class MomentoVectorsTest :
    FunSpec({
        for (vector in COMMANDS) {
            test("the command ${vector.name} is written byte for byte as the vector, and read back") {
                vector.written.toHex() shouldBe vector.bytes.toHex()
                Feed.WHOLE.commands(vector.bytes) shouldBe Decoded(listOf(vector.says))
            }
        }

        for (vector in REPLIES) {
            test("the reply ${vector.name} is written byte for byte as the vector, and read back") {
                vector.written.toHex() shouldBe vector.bytes.toHex()
                Feed.WHOLE.replies(vector.bytes) shouldBe Decoded(listOf(vector.says))
            }
        }

        // Waiting in the connection, and in the decoder's own memory.
        for (limits in listOf(MomentoLimits.defaults(), MomentoLimits.defaults().withGatherBytesMin(0))) {
            test(
                "all vectors in a row are read the same wherever they are cut, gatherBytesMin=${limits.gatherBytesMin}",
            ) {
                val commands = COMMANDS.map { it.bytes }.reduce(ByteArray::plus)
                for (cut in 0..commands.size) {
                    withClue("cut at $cut") {
                        commandsCutAt(commands, cut, limits) shouldBe Decoded(COMMANDS.map { it.says })
                    }
                }
                val replies = REPLIES.map { it.bytes }.reduce(ByteArray::plus)
                for (cut in 0..replies.size) {
                    withClue("cut at $cut") {
                        repliesCutAt(replies, cut, limits) shouldBe Decoded(REPLIES.map { it.says })
                    }
                }
            }
        }

        test("a value of no bytes is a hit") {
            val bytes = written { MomentoReplyWriter.writeHit(it, 7, ByteArray(0)) }
            bytes.toHex() shouldBe "08080710005a020a00"
            Feed.WHOLE.replies(bytes) shouldBe Decoded(listOf("#7 NORMAL GET <>"))
        }

        test("an unknown status is UNKNOWN, an unknown control code NORMAL") {
            Feed.WHOLE.replies(frame(hex("0801 1009 4a02 0863"))) shouldBe Decoded(listOf("#1 NORMAL ERROR UNKNOWN <>"))
            Feed.WHOLE.replies(frame(hex("0801 1002"))) shouldBe Decoded(listOf("#1 END NONE"))
            StatusCode.entries.map { StatusCode.of(it.ordinal.toLong()) } shouldBe StatusCode.entries
            StatusCode.entries.last() shouldBe StatusCode.UNAUTHENTICATED
            StatusCode.UNAUTHENTICATED.ordinal shouldBe 16
        }

        test("text is counted as it is written, whatever is in it") {
            for (text in listOf("", "plain", "ä", "€", "😀", "a😀b", "\uD83D", "\uDE00x", "x\uD83Dy")) {
                val bytes = FieldBytes.of(text)
                written { bytes.writeTo(it) }.size shouldBe bytes.size()
            }
        }
    })
