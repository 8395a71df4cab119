package dev.uring.redis.codec

import dev.uring.bytes.ByteSink
import dev.uring.bytes.ByteWindow
import dev.uring.bytes.FixedSink
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.lang.foreign.Arena
import kotlin.random.Random

class RespReplyEncoderTest :
    FunSpec({
        fun encoded(encode: (ByteSink) -> Unit): String {
            val sink = FixedSink(Arena.ofAuto().allocate(4096))
            encode(sink)
            return sink.view().toLatin1(0, sink.size())
        }

        fun inBothProtocols(encode: (ByteSink, Int) -> Unit): Pair<String, String> =
            encoded { encode(it, RespReplyEncoder.RESP2) } to encoded { encode(it, RespReplyEncoder.RESP3) }

        test("simple strings, errors and integers look the same in both protocols") {
            encoded { RespReplyEncoder.simpleString(it, "OK") } shouldBe "+OK\r\n"
            encoded { RespReplyEncoder.error(it, "ERR no") } shouldBe "-ERR no\r\n"
            encoded { RespReplyEncoder.integer(it, 0) } shouldBe ":0\r\n"
            encoded { RespReplyEncoder.integer(it, -1) } shouldBe ":-1\r\n"
            encoded { RespReplyEncoder.integer(it, Long.MIN_VALUE) } shouldBe ":-9223372036854775808\r\n"
        }

        test("an error cannot end its own line, and keeps bytes above 127") {
            encoded { RespReplyEncoder.error(it, "ERR got '\r\n\u00E4'") } shouldBe "-ERR got '  \u00E4'\r\n"
            encoded { RespReplyEncoder.error(it, "ERR got \n x\r\n\n") } shouldBe "-ERR got   x\r\n"
        }

        test("bulk strings of an array, a view, a text and a number") {
            encoded { RespReplyEncoder.bulk(it, latin1("xabcx"), 1, 3) } shouldBe "$3\r\nabc\r\n"
            encoded { RespReplyEncoder.bulk(it, ByteWindow.copyOf(ByteArray(10) { 'v'.code.toByte() })) } shouldBe
                "$10\r\nvvvvvvvvvv\r\n"
            encoded { RespReplyEncoder.bulk(it, "") } shouldBe "$0\r\n\r\n"
            encoded { RespReplyEncoder.bulk(it, "\u00E4") } shouldBe "$2\r\n\u00C3\u00A4\r\n"
            encoded { RespReplyEncoder.bulk(it, "\uD83D?\uD83D\uDE00") } shouldBe
                "$6\r\n??\u00F0\u009F\u0098\u0080\r\n"
            encoded { RespReplyEncoder.bulkDecimal(it, -1234) } shouldBe "$5\r\n-1234\r\n"
        }

        test("no value is a null in RESP3, and in RESP2 a bulk or an array of length -1") {
            inBothProtocols(RespReplyEncoder::nil) shouldBe ("$-1\r\n" to "_\r\n")
            inBothProtocols(RespReplyEncoder::nilArray) shouldBe ("*-1\r\n" to "_\r\n")
        }

        test("aggregates write their own type in RESP3 and an array in RESP2") {
            encoded { RespReplyEncoder.array(it, 12) } shouldBe "*12\r\n"
            inBothProtocols { sink, protocol -> RespReplyEncoder.map(sink, protocol, 7) } shouldBe
                ("*14\r\n" to "%7\r\n")
            inBothProtocols { sink, protocol -> RespReplyEncoder.set(sink, protocol, 2) } shouldBe
                ("*2\r\n" to "~2\r\n")
            inBothProtocols { sink, protocol -> RespReplyEncoder.push(sink, protocol, 2) } shouldBe
                ("*2\r\n" to ">2\r\n")
            encoded { RespReplyEncoder.attribute(it, 1) } shouldBe "|1\r\n"
        }

        test("truth values, big numbers and verbatim text fall back to RESP2 as Redis does") {
            inBothProtocols { sink, protocol -> RespReplyEncoder.bool(sink, protocol, true) } shouldBe
                (":1\r\n" to "#t\r\n")
            inBothProtocols { sink, protocol -> RespReplyEncoder.bool(sink, protocol, false) } shouldBe
                (":0\r\n" to "#f\r\n")
            inBothProtocols {
                sink,
                protocol,
                ->
                RespReplyEncoder.bigNumber(sink, protocol, "-12345678901234567890")
            } shouldBe
                ("$21\r\n-12345678901234567890\r\n" to "(-12345678901234567890\r\n")
            inBothProtocols { sink, protocol -> RespReplyEncoder.verbatim(sink, protocol, "txt", "a b") } shouldBe
                ("$3\r\na b\r\n" to "=7\r\ntxt:a b\r\n")
        }

        test("a verbatim format that is not three characters is refused") {
            shouldThrow<IllegalArgumentException> {
                encoded { RespReplyEncoder.verbatim(it, 3, "text", "") }
            }.message shouldBe "verbatim format='text' has not three characters: use txt or mkd"
        }

        test("doubles are written with the fewest digits, infinities and not-a-number as words") {
            fun floating(value: Double) =
                inBothProtocols { sink, protocol -> RespReplyEncoder.floating(sink, protocol, value) }
            floating(1.5) shouldBe ("$3\r\n1.5\r\n" to ",1.5\r\n")
            floating(-0.000001) shouldBe ("$9\r\n-0.000001\r\n" to ",-0.000001\r\n")
            floating(10.0) shouldBe ("$2\r\n10\r\n" to ",10\r\n")
            floating(123456789.25) shouldBe ("$12\r\n123456789.25\r\n" to ",123456789.25\r\n")
            floating(0.1 + 0.2) shouldBe ("$19\r\n0.30000000000000004\r\n" to ",0.30000000000000004\r\n")
            floating(1e300) shouldBe ("$7\r\n1.0E300\r\n" to ",1.0E300\r\n")
            floating(Double.POSITIVE_INFINITY) shouldBe ("$3\r\ninf\r\n" to ",inf\r\n")
            floating(Double.NEGATIVE_INFINITY) shouldBe ("$4\r\n-inf\r\n" to ",-inf\r\n")
            floating(Double.NaN) shouldBe ("$3\r\nnan\r\n" to ",nan\r\n")
        }

        test("any double read back is the same double") {
            val seed = System.nanoTime()
            val random = Random(seed)
            repeat(50_000) {
                val value =
                    if (it % 2 == 0) random.nextInt() / 1e5 else Double.fromBits(random.nextLong())
                if (value.isFinite()) {
                    val text = encoded { sink -> RespReplyEncoder.floating(sink, 3, value) }.drop(1).trimEnd()
                    if (text.toDouble() != value) error("seed=$seed: $value was written as $text")
                    val framed = encoded { sink -> RespReplyEncoder.floating(sink, 2, value) }
                    if (framed != "$${text.length}\r\n$text\r\n") error("seed=$seed: $value was framed as $framed")
                }
            }
        }
    })
