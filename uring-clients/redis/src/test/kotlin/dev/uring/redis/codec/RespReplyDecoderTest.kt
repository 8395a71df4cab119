package dev.uring.redis.codec

import dev.uring.bytes.ByteWindow
import dev.uring.codec.DecodeStatus
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.math.BigInteger

class RespReplyDecoderTest :
    FunSpec({
        test("every kind of reply is read as what it says, whole and cut at every byte") {
            for ((wire, value) in VECTORS) {
                withClue(wire) {
                    val bytes = latin1(wire)
                    for (feed in ReplyFeed.entries) feed.decode(bytes) shouldBe DecodedReplies(listOf(value), null)
                    for (cut in 1 until bytes.size) {
                        decodeReplies(bytes, listOf(cut, bytes.size - cut)) shouldBe DecodedReplies(listOf(value), null)
                    }
                }
            }
        }

        test("replies that are moved into the decoder's memory are the same, and what follows them is not lost") {
            val wire = VECTORS.keys.joinToString("")
            val expected = DecodedReplies(VECTORS.values.toList(), null)
            for (gatherBytesMin in listOf(0, 3, 20)) {
                for (feed in ReplyFeed.entries) {
                    feed.decode(latin1(wire), ReplyLimits.defaults().withGatherBytesMin(gatherBytesMin)) shouldBe
                        expected
                }
            }
        }

        test("what is no RESP is refused with the fault and its place, however it arrives") {
            for ((wire, fault) in FAULTS) {
                withClue(wire) {
                    for (feed in ReplyFeed.entries) {
                        val decoded = feed.decode(latin1(":7\r\n$wire"), TIGHT)
                        decoded.values shouldBe listOf(7L)
                        decoded.errorText!! shouldContain fault
                    }
                }
            }
        }

        test("a length beyond its limit is refused with its numbers, before any of it arrives") {
            val decoded = ReplyFeed.WHOLE.decode(latin1("+OK\r\n$536870913\r\n"))
            decoded.errorText shouldBe
                "RESP: bulk length 536870913 exceeds limit bulkBytesMax=536870912, " +
                "before offset 17 of what the server sent"
        }

        test("after a fault every later call answers the same") {
            RespReplyDecoder().use { decoder ->
                decoder.decode(ByteWindow.copyOf(latin1("?\r\n")), 0) shouldBe DecodeStatus.BAD
                decoder.decode(ByteWindow.copyOf(latin1("+OK\r\n")), 0) shouldBe DecodeStatus.BAD
                decoder.consumedBytes() shouldBe 0
            }
        }

        test("attributes are passed over, and given to those who ask") {
            read("|1\r\n+ttl\r\n:3\r\n$1\r\nv\r\n") { it.readString() } shouldBe "v"
            read("|1\r\n+ttl\r\n:3\r\n$1\r\nv\r\n") { it.readAttributes() to it.readString() } shouldBe
                (mapOf<Any, Any>("ttl" to 3L) to "v")
        }

        test("RESP2 forms are read as what they stand for in RESP3") {
            read("*2\r\n$1\r\nk\r\n$1\r\nv\r\n", Reply.map(Reply.STRING, Reply.STRING)::read) shouldBe mapOf("k" to "v")
            read("$3\r\n1.5\r\n") { it.readDouble() } shouldBe 1.5
            read(":1\r\n") { it.readBoolean() } shouldBe true
            read("$2\r\n42\r\n") { it.readLong() } shouldBe 42
            read("*-1\r\n", Reply.listOrNull(Reply.LONG)::read) shouldBe null
        }

        test("a view lends the bytes where they lie") {
            read("$5\r\nhello\r\n") { it.readView().run { size() to get(1).toInt().toChar() } } shouldBe (5 to 'e')
        }

        test("skipping passes over a value with all of its elements") {
            read("*2\r\n*2\r\n:1\r\n|1\r\n+a\r\n:2\r\n:3\r\n+x\r\n") {
                it.readArrayHeader()
                it.skip()
                it.readString()
            } shouldBe "x"
        }

        test("a reply of another type says what was expected and what came") {
            shouldThrow<UnexpectedReplyException> { read("$3\r\nabc\r\n") { it.readLong() } }.message shouldBe
                "expected an integer, but the server answered STRING 'abc'.\n" +
                "  Likely cause: the command's options change its reply, or the server is newer than the command's " +
                "table. Read it with another Reply, for instance Reply.ANY."
        }

        test("an error inside a reply is thrown with the server's text") {
            shouldThrow<ErrorReplyException> {
                read("*1\r\n-ERR no\r\n") {
                    it.readArrayHeader()
                    it.readLong()
                }
            }.text() shouldBe "ERR no"
        }

        test("a reply that is used after its loan says so") {
            RespReplyDecoder().use { decoder ->
                decoder.decode(ByteWindow.copyOf(latin1(":1\r\n")), 0)
                decoder.decode(ByteWindow.copyOf(latin1(":")), 0)
                shouldThrow<IllegalStateException> { decoder.reader().readLong() }.message!! shouldContain "loan ended"
            }
        }
    })

private fun <T> read(
    wire: String,
    block: (ReplyReader) -> T,
): T =
    RespReplyDecoder().use { decoder ->
        decoder.decode(ByteWindow.copyOf(latin1(wire)), 0) shouldBe DecodeStatus.DONE
        block(decoder.reader())
    }

private val VECTORS =
    mapOf(
        "+OK\r\n" to "OK",
        "+\r\n" to "",
        "-ERR wrong\r\n" to RespErrorValue("ERR wrong"),
        ":0\r\n" to 0L,
        ":+12\r\n" to 12L,
        ":-9223372036854775808\r\n" to Long.MIN_VALUE,
        "$0\r\n\r\n" to "",
        "$5\r\na\r\nbc\r\n" to "a\r\nbc",
        "$-1\r\n" to null,
        "*-1\r\n" to null,
        "_\r\n" to null,
        "#t\r\n" to true,
        "#f\r\n" to false,
        ",1.23\r\n" to 1.23,
        ",-1e-5\r\n" to -1e-5,
        ",10\r\n" to 10.0,
        ",0.1\r\n" to 0.1,
        ",2.2250738585072014E-308\r\n" to 2.2250738585072014E-308,
        ",123456789012345678\r\n" to 123456789012345678.0,
        ",-inf\r\n" to Double.NEGATIVE_INFINITY,
        ",nan\r\n" to "NaN",
        "(3492890328409238509324850943\r\n" to BigInteger("3492890328409238509324850943"),
        "(-1\r\n" to BigInteger.ONE.negate(),
        "!5\r\nERR x\r\n" to RespErrorValue("ERR x"),
        "=8\r\ntxt:some\r\n" to "some",
        "*0\r\n" to emptyList<Any>(),
        "*3\r\n:1\r\n*1\r\n+a\r\n$-1\r\n" to listOf(1L, listOf("a"), null),
        "%2\r\n+a\r\n:1\r\n+b\r\n*0\r\n" to mapOf("a" to 1L, "b" to emptyList<Any>()),
        "~2\r\n+a\r\n+b\r\n" to setOf("a", "b"),
        ">2\r\n+message\r\n+x\r\n" to listOf("message", "x"),
        "|1\r\n+k\r\n:1\r\n:2\r\n" to 2L,
        "|0\r\n:2\r\n" to 2L,
        "*2\r\n|1\r\n+k\r\n*1\r\n:1\r\n:2\r\n:3\r\n" to listOf(2L, 3L),
        "$?\r\n;4\r\nHell\r\n;5\r\no wor\r\n;1\r\nd\r\n;0\r\n" to "Hello word",
        "$?\r\n;0\r\n" to "",
        "*?\r\n:1\r\n*?\r\n.\r\n$?\r\n;1\r\nx\r\n;0\r\n.\r\n" to listOf(1L, emptyList<Any>(), "x"),
        "%?\r\n+a\r\n:1\r\n.\r\n" to mapOf("a" to 1L),
        "~?\r\n+a\r\n.\r\n" to setOf("a"),
    )

private val TIGHT = ReplyLimits(3, 20, 100, 64, 200, 1 shl 20)

private val FAULTS =
    mapOf(
        "?\r\n" to "unknown marker '?'",
        "\u0001\r\n" to "unknown marker 0x01",
        "\r\n" to "an empty line",
        "+OK\rx" to "not followed by a line feed",
        ":1x\r\n" to "'1x' is no integer",
        ":\r\n" to "'' is no integer",
        "$02\r\nab\r\n" to "'02' is no length",
        "$064\r\n${"x".repeat(64)}\r\n" to "'064' is no length",
        "_x\r\n" to "'x' is no null",
        "#x\r\n" to "'x' is no boolean",
        ",1.\r\n" to "'1.' is no double",
        ",.5\r\n" to "'.5' is no double",
        ",1e\r\n" to "'1e' is no double",
        "(1.5\r\n" to "'1.5' is no big number",
        "\$x\r\n" to "'x' is no length",
        "$-2\r\n" to "bulk length -2",
        "$101\r\n" to "bulk length 101 exceeds limit bulkBytesMax=100",
        "$3\r\nabcd\r\n" to "a string of 3 bytes is not followed by a line end",
        "=3\r\nabc\r\n" to "verbatim",
        "*21\r\n" to "aggregate length 21 exceeds limit valuesMax=20",
        "%11\r\n" to "aggregate length 11 exceeds limit valuesMax=20",
        "*-2\r\n" to "aggregate length -2",
        "*9223372036854775807\r\n" to "exceeds limit valuesMax",
        "*1\r\n*1\r\n*1\r\n*1\r\n" to "nested deeper than depthMax=3",
        "*1\r\n>1\r\n" to "a push stands inside another reply",
        ">?\r\n" to "'?' is no length",
        ".\r\n" to "where none can end",
        "*1\r\n.\r\n" to "where none can end",
        "%?\r\n+a\r\n.\r\n" to "where none can end",
        "*?\r\n|1\r\n+a\r\n+b\r\n.\r\n" to "where none can end",
        ";1\r\n" to "stands outside of a streamed string",
        "$?\r\n+x\r\n" to "stands inside a streamed string",
        "+" + "x".repeat(70) + "\r\n" to "longer than lineBytesMax=64",
        "*?\r\n" + ":1\r\n".repeat(30) to "more values than valuesMax=20",
        "*3\r\n$99\r\n" + "x".repeat(99) + "\r\n$99\r\n" + "x".repeat(99) + "\r\n" to "longer than replyBytesMax=200",
    )
