package dev.uring.memcache.codec

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class MemcacheRequestDecoderTest :
    FunSpec({
        val limits = MemcacheLimits(512, 30, 10)

        fun same(
            text: String,
            vararg expected: String,
        ) {
            for (feed in Feed.entries) {
                withClue({ "$text $feed" }) { feed.requests(text, limits) shouldBe Decoded(expected.toList(), null) }
            }
        }

        test("commands of both protocols are cut into their tokens") {
            same(
                "get a b\r\nset k 1 2 3\r\nabc\r\n  gets   x \nms k 2 T0 c\r\nhi\r\nmn\r\nflush_all noreply\r\n",
                "GET a b",
                "SET k 1 2 3 <abc>",
                "GETS x",
                "MS k 2 T0 c <hi>",
                "MN",
                "FLUSH_ALL noreply",
            )
        }

        test("a value that is too large is dropped, and what follows is understood") {
            same("set k 0 0 31\r\n${"x".repeat(31)}\r\nget k\r\n", "SET k 0 0 31 too large", "GET k")
        }

        test("where something bad stood is told, with the bytes that were dropped counted") {
            val limits = MemcacheLimits(512, 10, 10)
            val tooLarge = "set k 0 0 20\r\n" + "x".repeat(20) + "\r\n"
            for (feed in Feed.entries) {
                feed.requests(tooLarge + "get " + "k".repeat(600), limits).errorText shouldBe
                    "memcache: line is longer than lineBytesMax=512, at offset ${tooLarge.length} of what the peer sent"
            }
        }

        test("a value with another end is a fault, and what follows is understood") {
            same("set k 0 0 3\r\nabcdeget k\r\n", "SET k 0 0 3 <abc> fault: CLIENT_ERROR bad data chunk", "GET k")
        }

        test("unknown commands and lines with too little are faults") {
            same(
                "foo\r\n\r\nset k 0 0\r\nset k 0 0 -1\r\nGET k\r\nsetx k 0 0 1\r\n",
                "unknown fault: ERROR",
                "unknown fault: ERROR",
                "SET k 0 0 fault: ERROR",
                "SET k 0 0 -1 fault: CLIENT_ERROR bad command line format",
                "unknown k fault: ERROR",
                "unknown k 0 0 1 fault: ERROR",
            )
        }

        test("a line without an end is refused at its limit") {
            Feed.ONE_BYTE_AT_A_TIME.requests("get " + "k ".repeat(300), limits).errorText shouldBe
                "memcache: line is longer than lineBytesMax=512, at offset 0 of what the peer sent"
        }
    })
