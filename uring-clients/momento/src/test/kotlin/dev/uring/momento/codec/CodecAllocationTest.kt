package dev.uring.momento.codec

import com.sun.management.ThreadMXBean
import dev.uring.bytes.ByteWindow
import dev.uring.bytes.FixedSink
import dev.uring.codec.DecodeStatus
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.lang.foreign.Arena
import java.lang.management.ManagementFactory

class CodecAllocationTest :
    FunSpec({
        test("writing commands allocates nothing") {
            val sink = FixedSink(Arena.ofAuto().allocate(4096))
            val frame = MomentoCommandFrame()
            val namespace = FieldBytes.of("cache")
            val value = ByteArray(100)
            var id = 0L
            allocatedBytesPerRound {
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
                allocatedBytesPerRound {
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
                allocatedBytesPerRound {
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

private const val ROUNDS = 20_000
private const val SERIES_MAX = 30

private val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean

// Whole bytes per round: what a compiler thread or a counter's own call adds once is far below one. Of several series the best
// counts: on a busy machine it takes some until the optimizer is done. What the codec itself allocated would be in each.
internal inline fun allocatedBytesPerRound(round: () -> Unit): Long {
    var best = Long.MAX_VALUE
    var series = 0
    while (best > 0 && series++ < SERIES_MAX) {
        val before = threads.currentThreadAllocatedBytes
        repeat(ROUNDS) { round() }
        best = minOf(best, (threads.currentThreadAllocatedBytes - before) / ROUNDS)
    }
    return best
}
