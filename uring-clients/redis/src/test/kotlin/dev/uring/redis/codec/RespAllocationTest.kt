package dev.uring.redis.codec

import dev.uring.bytes.ByteWindow
import dev.uring.bytes.FixedSink
import dev.uring.codec.DecodeStatus
import dev.uring.testing.leastAllocatedBytesOfEach
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.lang.foreign.Arena

class RespAllocationTest :
    FunSpec({
        test("decoding a pipeline of requests allocates nothing") {
            val pipeline =
                ByteWindow.copyOf(
                    latin1(
                        multibulk("SET", "key:000000000001", "xxx") + multibulk("GET", "key:000000000001") +
                            multibulk("SET", "k", "v".repeat(300)) + "PING\r\n",
                    ),
                )
            RespRequestDecoder().use { decoder ->
                leastAllocatedBytesOfEach {
                    var at = 0
                    while (decoder.decode(pipeline, at) == DecodeStatus.DONE) at += decoder.consumedBytes()
                } shouldBe 0
            }
        }

        test("decoding a request cut in its middle allocates nothing") {
            val request = ByteWindow.copyOf(latin1(multibulk("SET", "key:000000000001", "v".repeat(300))))
            val part = ByteWindow("test").apply { lend(request, 0, 50) }
            RespRequestDecoder().use { decoder ->
                leastAllocatedBytesOfEach {
                    decoder.decode(part, 0)
                    decoder.decode(request, 0)
                } shouldBe 0
            }
        }

        test("encoding replies allocates nothing") {
            val sink = FixedSink(Arena.ofAuto().allocate(4096))
            val value = ByteArray(100)
            val view = ByteWindow.copyOf(value)
            leastAllocatedBytesOfEach {
                sink.reset()
                for (protocol in 2..3) {
                    RespReplyEncoder.nil(sink, protocol)
                    RespReplyEncoder.map(sink, protocol, 3)
                    RespReplyEncoder.bool(sink, protocol, true)
                    RespReplyEncoder.floating(sink, protocol, 1234.5)
                }
                RespReplyEncoder.simpleString(sink, "OK")
                RespReplyEncoder.error(sink, "ERR syntax error")
                RespReplyEncoder.integer(sink, 123_456_789)
                RespReplyEncoder.array(sink, 300)
                RespReplyEncoder.bulk(sink, value, 0, value.size)
                RespReplyEncoder.bulk(sink, view)
                RespReplyEncoder.bulk(sink, "text")
                RespReplyEncoder.bulkDecimal(sink, -42)
            } shouldBe 0
        }

        test("finding the end of a reply allocates nothing") {
            val reply = ByteWindow.copyOf(latin1("*3\r\n:1\r\n*2\r\n$1\r\na\r\n$-1\r\n+b\r\n"))
            val frame = RespReplyFrame()
            leastAllocatedBytesOfEach { frame.end(reply, 0) } shouldBe 0
        }
    })
