package dev.uring.momento.codec

import dev.uring.bytes.ByteWindow
import dev.uring.bytes.FixedSink
import dev.uring.codec.DecodeStatus
import dev.uring.testing.leastAllocatedBytesOfEach
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.lang.foreign.Arena

class CodecAllocationTest :
    FunSpec({
        test("writing commands allocates nothing") {
            val sink = FixedSink(Arena.ofAuto().allocate(4096))
            val frame = MomentoCommandFrame()
            val namespace = FieldBytes.of("cache")
            val value = ByteArray(100)
            var id = 0L
            leastAllocatedBytesOfEach {
                sink.reset()
                frame.begin(CommandKind.GET).namespace(namespace).key("key:000001")
                frame.writeTo(sink, ++id)
                frame
                    .begin(CommandKind.SET)
                    .namespace(namespace)
                    .key("key:000001")
                    .value(value)
                frame.ttlMillis(60_000).writeTo(sink, ++id)
                MomentoCommandFrame.writeControl(sink, id, ControlCode.CANCEL)
            } shouldBe 0
        }

        test("reading replies allocates nothing, nor does a reply cut in its middle") {
            val bytes =
                written { sink ->
                    MomentoReplyWriter.writeHit(sink, 1, ByteArray(100))
                    MomentoReplyWriter.writeEmpty(sink, 2, ReplyKind.SET)
                    MomentoReplyWriter.writeError(sink, 3, StatusCode.NOT_FOUND, "no such cache")
                }
            val whole = ByteWindow.copyOf(bytes)
            val part = ByteWindow("test").apply { lend(whole, 0, 50) }
            var seen = 0L
            MomentoReplyDecoder().use { decoder ->
                leastAllocatedBytesOfEach {
                    decoder.decode(part, 0)
                    var at = 0
                    while (decoder.decode(whole, at) == DecodeStatus.DONE) {
                        at += decoder.consumedBytes()
                        seen += decoder.reply().value()?.size() ?: 0
                    }
                } shouldBe 0
            }
            check(seen > 0)
        }

        test("reading commands and writing replies allocates nothing") {
            val bytes = ByteWindow.copyOf(get(1, "cache", "key") + set(2, "cache", "key", "value", 1000))
            val sink = FixedSink(Arena.ofAuto().allocate(4096))
            val value = ByteArray(100)
            MomentoCommandDecoder().use { decoder ->
                leastAllocatedBytesOfEach {
                    sink.reset()
                    var at = 0
                    while (decoder.decode(bytes, at) == DecodeStatus.DONE) {
                        at += decoder.consumedBytes()
                        MomentoReplyWriter.writeHit(sink, decoder.command().messageId(), value)
                        MomentoReplyWriter.writeEmpty(sink, decoder.command().messageId(), ReplyKind.DELETE)
                    }
                } shouldBe 0
            }
        }
    })
