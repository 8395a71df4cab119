package dev.uring.redis.codec

import dev.uring.bytes.ByteWindow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class RespReplyFrameTest :
    FunSpec({
        val frame = RespReplyFrame()

        val replies =
            listOf(
                "+OK\r\n",
                "-ERR no\r\n",
                ":-12\r\n",
                "$-1\r\n",
                "$0\r\n\r\n",
                "$12\r\n*1\r\n$3\r\nabc!\r\n",
                "*-1\r\n",
                "*0\r\n",
                "*3\r\n:1\r\n*2\r\n$1\r\na\r\n$-1\r\n+b\r\n",
                "%1\r\n+k\r\n*1\r\n:2\r\n",
                "~2\r\n#t\r\n,1.5\r\n",
                ">1\r\n(123\r\n",
                "_\r\n",
                "=7\r\ntxt:a b\r\n",
                "!5\r\nERR x\r\n",
                "|1\r\n+ttl\r\n:3\r\n*1\r\n+value\r\n",
            )

        for (reply in replies) {
            test("the end of ${reply.replace("\r\n", "|")} is found, and no earlier end") {
                val bytes = ByteWindow.copyOf(latin1("xx$reply+NEXT\r\n"))
                frame.end(bytes, 2) shouldBe 2 + reply.length
                for (cut in 1 until reply.length) {
                    withClue("cut after $cut bytes") {
                        frame.end(ByteWindow.copyOf(latin1(reply.take(cut))), 0) shouldBe RespReplyFrame.INCOMPLETE
                    }
                }
            }
        }

        test("deep nesting costs no stack") {
            val deep = "*1\r\n".repeat(200_000) + ":1\r\n"
            frame.end(ByteWindow.copyOf(latin1(deep)), 0) shouldBe deep.length
        }

        test("what is no reply is malformed, and huge lengths do not overflow") {
            for (text in listOf(
                "?\r\n",
                "PING\r\n",
                "*x\r\n",
                "$1a\r\n",
                "*9223372036854775807\r\n",
                "$9223372036854775807\r\n",
            )) {
                withClue(text) { frame.end(ByteWindow.copyOf(latin1(text)), 0) shouldBe RespReplyFrame.MALFORMED }
            }
        }

        test("the number of a reply") {
            frame.number(ByteWindow.copyOf(latin1("x:-42\r\n")), 1) shouldBe -42
            frame.number(ByteWindow.copyOf(latin1("+OK\r\n")), 0) shouldBe Long.MIN_VALUE
        }
    })
