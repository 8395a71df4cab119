package dev.uring.redis.codec

import dev.uring.bytes.ByteWindow
import dev.uring.codec.DecodeStatus
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout
import java.lang.management.ManagementFactory
import kotlin.random.Random

class RespRequestDecoderTest :
    FunSpec({
        // One suite × every way to cut the input × waiting in the view or moving into the decoder's own memory.
        val gatherAlways = RespLimits.defaults().withGatherBytesMin(0)
        val gatherSome = RespLimits.defaults().withGatherBytesMin(20)

        fun eachFeed(
            name: String,
            input: String,
            check: (Decoded) -> Unit,
        ) {
            for (feed in Feed.entries) {
                test("$name, fed ${feed.name.lowercase()}") { check(feed.decode(latin1(input))) }
                test("$name, fed ${feed.name.lowercase()}, gathered") {
                    check(feed.decode(latin1(input), gatherAlways).copy(unconsumed = 0))
                    check(feed.decode(latin1(input), gatherSome).copy(unconsumed = 0))
                }
            }
        }

        fun decodes(
            name: String,
            input: String,
            vararg requests: List<String>,
        ) = eachFeed(name, input) { it shouldBe Decoded(requests.toList(), null, 0) }

        fun refuses(
            name: String,
            input: String,
            text: String,
            vararg requests: List<String>,
        ) = eachFeed(name, input) { it shouldBe Decoded(requests.toList(), "Protocol error: $text", 0) }

        decodes("a multibulk request", multibulk("GET", "key"), listOf("GET", "key"))
        decodes(
            "a pipeline keeps its order",
            multibulk("SET", "k", "v".repeat(300)) + "PING\r\n" + multibulk("GET", "k") + "ECHO a\n",
            listOf("SET", "k", "v".repeat(300)),
            listOf("PING"),
            listOf("GET", "k"),
            listOf("ECHO", "a"),
        )
        decodes("empty arguments", multibulk("ECHO", ""), listOf("ECHO", ""))
        decodes("arguments of binary data", multibulk("\r\n\u0000", "*1\r\n$4"), listOf("\r\n\u0000", "*1\r\n$4"))
        decodes(
            "argument lengths of one, two, three and four digits",
            multibulk("a".repeat(9), "b".repeat(10), "c".repeat(99), "d".repeat(100), "e".repeat(1234)),
            listOf("a".repeat(9), "b".repeat(10), "c".repeat(99), "d".repeat(100), "e".repeat(1234)),
        )
        val many = List(300) { "argument$it" }
        decodes("more arguments than any request before", multibulk(*many.toTypedArray()), many)
        decodes("empty requests are skipped", "*0\r\n\r\n*-1\r\n  \r\nPING\r\n*0\r\n", listOf("PING"))
        decodes("the byte after a carriage return is not looked at", "*1\rX$4\rYPINGzz", listOf("PING"))

        decodes("inline words and their blanks", "  SET\ta  b \r\n", listOf("SET", "a", "b"))
        decodes("inline line without carriage return", "PING\nPING\n", listOf("PING"), listOf("PING"))
        decodes("inline double quotes and escapes", """ECHO "\x41\n\q\xZZ" """ + "\r\n", listOf("ECHO", "A\nqxZZ"))
        decodes("inline single quotes know one escape", """ECHO 'it\'s \n'""" + "\r\n", listOf("ECHO", """it's \n"""))
        decodes("inline quotes in the middle of a word", "ECHO foo\"b ar\"\r\n", listOf("ECHO", "foob ar"))
        decodes("inline empty quotes are an empty argument", "ECHO \"\" ''\r\n", listOf("ECHO", "", ""))
        decodes(
            "vertical tabs separate words but do not end one",
            "ECHO \u000Ba\u000Bb\r\n",
            listOf("ECHO", "a\u000Bb"),
        )
        decodes(
            "a quoted line between multibulk requests",
            multibulk("GET", "a") + "ECHO 'x y'\r\n" + multibulk("GET", "b"),
            listOf("GET", "a"),
            listOf("ECHO", "x y"),
            listOf("GET", "b"),
        )

        refuses("an argument count that is no number", "*x\r\n", "invalid multibulk length")
        refuses("an empty argument count", "*\r\n", "invalid multibulk length")
        refuses("a leading zero", "*01\r\n", "invalid multibulk length")
        refuses("a plus sign", "*+1\r\n", "invalid multibulk length")
        refuses("too many arguments", "*1048577\r\n", "invalid multibulk length")
        refuses("a count beyond 64 bits", "*99999999999999999999\r\n", "invalid multibulk length")
        refuses("a negative argument length", "*1\r\n$-1\r\n", "invalid bulk length")
        refuses("an argument of 1 GiB", "*2\r\n$3\r\nSET\r\n$1073741824\r\n", "invalid bulk length")
        refuses("an argument of one byte too many", "*1\r\n$536870913\r\n", "invalid bulk length")
        refuses("another marker than a dollar", "*1\r\nX4\r\nPING\r\n", "expected '$', got 'X'")
        refuses("a wrong marker before a wrong length", "*1\r\n:x\r\n", "expected '$', got ':'")
        refuses("unbalanced double quotes", "PING \"a\r\n", "unbalanced quotes in request")
        refuses("a closing quote inside a word", "PING 'a'b\r\n", "unbalanced quotes in request")
        refuses("an endless inline request", "a".repeat(65_537), "too big inline request")
        refuses("an endless count", "*" + "1".repeat(65_537), "too big mbulk count string")
        refuses("an endless argument length", "*1\r\n$" + "1".repeat(65_537), "too big bulk count string")
        refuses(
            "nothing after an error",
            multibulk("GET", "a") + "*1\r\n!\r\n" + multibulk("GET", "b"),
            "expected '$', got '!'",
            listOf("GET", "a"),
        )

        test("requests in total beyond requestBytesMax are refused before their bytes arrive") {
            val limits = RespLimits(64, 16, 128, 150, 1 shl 20)
            val input = multibulk("SET", "k".repeat(90)) + "*2\r\n$90\r\n" + "v".repeat(90) + "\r\n$90\r\n"
            Feed.WHOLE.decode(latin1(input), limits) shouldBe
                Decoded(listOf(listOf("SET", "k".repeat(90))), "Protocol error: too big request", 0)
        }

        test("an announced length of 512 MiB costs no memory before its bytes arrive") {
            val memory = ManagementFactory.getMemoryMXBean()
            val heapBefore = memory.heapMemoryUsage.used
            RespRequestDecoder(gatherAlways).use { decoder ->
                val head = ByteWindow.copyOf(latin1("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nbeginning"))
                val residentBefore = residentKilobytes()
                decoder.decode(head, 0) shouldBe DecodeStatus.NEED_MORE
                decoder.consumedBytes() shouldBe head.size()
                (residentKilobytes() - residentBefore) shouldBeLessThan 64_000L
            }
            (memory.heapMemoryUsage.used - heapBefore) shouldBeLessThan 64_000_000L
        }

        test("a value larger than any view arrives whole") {
            val value = Random(7).nextBytes(3_000_000)
            val input =
                latin1("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${value.size}\r\n") + value +
                    latin1("\r\n" + multibulk("PING"))
            val view = ByteWindow("test")
            Arena.ofConfined().use { arena ->
                val memory = arena.allocate(32_768)
                RespRequestDecoder().use { decoder ->
                    val requests = mutableListOf<List<ByteArray>>()
                    var unconsumed = ByteArray(0)
                    var offered = 0
                    // The view never grows: what is offered again stays below the limit at which gathering begins.
                    val growing = arena.allocate(RespLimits.GATHER_BYTES_MIN + memory.byteSize())
                    while (offered < input.size) {
                        val piece = minOf(memory.byteSize().toInt(), input.size - offered)
                        val offer = unconsumed + input.copyOfRange(offered, offered + piece)
                        MemorySegment.copy(offer, 0, growing, ValueLayout.JAVA_BYTE, 0, offer.size)
                        view.lend(growing, 0, offer.size)
                        offered += piece
                        var at = 0
                        while (decoder.decode(view, at) == DecodeStatus.DONE) {
                            at += decoder.consumedBytes()
                            requests += decoder.argumentsAsBytes()
                        }
                        at += decoder.consumedBytes()
                        unconsumed = offer.copyOfRange(at, offer.size)
                    }
                    requests.size shouldBe 2
                    requests[0][2].contentEquals(value) shouldBe true
                    requests[1].single() shouldBe latin1("PING")
                }
            }
        }

        test("a million arguments, one byte at a time, cost their bytes once") {
            // Looking at a byte again for each byte that arrives would be 10^13 steps: days, not a second.
            val arguments = 500_000
            val input = latin1("*$arguments\r\n" + "$2\r\nab\r\n".repeat(arguments))
            for (limits in listOf(RespLimits.defaults().withGatherBytesMin(1 shl 30), gatherAlways)) {
                Arena.ofConfined().use { arena ->
                    val memory = arena.allocateFrom(ValueLayout.JAVA_BYTE, *input)
                    val view = ByteWindow("test")
                    RespRequestDecoder(limits).use { decoder ->
                        var consumed = 0
                        for (arrived in 1..input.size) {
                            view.lend(memory, consumed.toLong(), arrived - consumed)
                            val status = decoder.decode(view, 0)
                            consumed += decoder.consumedBytes()
                            status shouldBeFast if (arrived < input.size) DecodeStatus.NEED_MORE else DecodeStatus.DONE
                        }
                        decoder.argumentsCount() shouldBe arguments
                        consumed shouldBe input.size
                    }
                }
            }
        }

        test("detached arguments outlive the view") {
            val view = ByteWindow.copyOf(latin1("xx" + multibulk("SET", "key", "value") + "ECHO 'a b'\r\n"))
            RespRequestDecoder().use { decoder ->
                decoder.decode(view, 2) shouldBe DecodeStatus.DONE
                val next = 2 + decoder.consumedBytes()
                decoder.detach()
                decoder.consumedBytes() shouldBe next - 2
                decoder.decode(view, next) shouldBe DecodeStatus.DONE
                decoder.detach()
                view.end()
                decoder.requestAsLatin1() shouldBe listOf("ECHO", "a b")
            }
        }
    })

private infix fun DecodeStatus.shouldBeFast(expected: DecodeStatus) {
    if (this !== expected) this shouldBe expected // kotest's own call is too slow for millions
}

private fun RespRequestDecoder.argumentsAsBytes(): List<ByteArray> =
    List(argumentsCount()) { arguments().toByteArray(argumentFrom(it), argumentBytes(it)) }

private fun residentKilobytes(): Long =
    java.io
        .File("/proc/self/status")
        .readLines()
        .first { it.startsWith("VmRSS:") }
        .filter(Char::isDigit)
        .toLong()
