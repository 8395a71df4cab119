package dev.uring.momento.codec

import com.google.protobuf.CodedInputStream
import com.google.protobuf.CodedOutputStream
import com.google.protobuf.UnsafeByteOperations
import com.google.protobuf.WireFormat
import com.sun.management.ThreadMXBean
import dev.uring.bytes.ByteWindow
import dev.uring.bytes.FixedSink
import dev.uring.codec.DecodeStatus
import java.lang.foreign.Arena
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer

/**
 * Question: what does a message cost with this codec, and with protobuf-java's streams over the same memory?
 *
 * Both write Get and Set of 64 bytes into native memory and read their replies from it, in turns, in one process. The
 * streams are used as closely as they can be: over a direct buffer, sizes computed first, values aliased on reading.
 * Prints the median of the rounds and the bytes allocated. A program of its own and not a test: run it on a quiet machine.
 */
fun main() {
    val memory = Arena.global().allocate(1 shl 16)
    val buffer = memory.asByteBuffer()
    val frame = MomentoCommandFrame()
    val namespace = FieldBytes.of("my-cache")
    val namespaceArray = "my-cache".toByteArray()
    val key = "key:000001".toByteArray()
    val value = ByteArray(VALUE_BYTES) { (it + 1).toByte() }
    val replies =
        written(1 shl 16) { sink ->
            for (id in 1L..BATCH.toLong()) {
                MomentoReplyWriter.writeHit(sink, id, value)
                MomentoReplyWriter.writeEmpty(sink, id, ReplyKind.SET)
            }
        }
    val received = Arena.global().allocate(replies.size.toLong())
    received.copyFrom(
        java.lang.foreign.MemorySegment
            .ofArray(replies),
    )
    val window = ByteWindow("measurement").apply { lend(received, 0, replies.size) }
    val decoder = MomentoReplyDecoder()
    val cases =
        listOf(
            Case("write, this codec") {
                val sink = FixedSink(memory)
                for (id in 1L..BATCH.toLong()) {
                    frame.begin(CommandKind.GET).namespace(namespace).key(key)
                    frame.writeTo(sink, id)
                    frame
                        .begin(CommandKind.SET)
                        .namespace(namespace)
                        .key(key)
                        .value(value)
                    frame.ttlMillis(TTL_MILLIS).writeTo(sink, id)
                }
                sink.size().toLong()
            },
            Case("write, CodedOutputStream") {
                val output = CodedOutputStream.newInstance(buffer.clear())
                for (id in 1L..BATCH.toLong()) {
                    writeGet(output, id, namespaceArray, key)
                    writeSet(output, id, namespaceArray, key, value)
                }
                output.flush()
                buffer.position().toLong()
            },
            Case("read, this codec") {
                var at = 0
                var seen = 0L
                while (decoder.decode(window, at) == DecodeStatus.DONE) {
                    at += decoder.consumedBytes()
                    val reply = decoder.reply()
                    seen += reply.messageId() + (reply.value()?.size() ?: 0)
                }
                seen
            },
            Case("read, CodedInputStream") { readAll(received.asByteBuffer()) },
        )
    repeat(ROUNDS) { for (case in cases) case.round() }
    for (case in cases) println(case)
}

private class Case(
    private val name: String,
    private val body: () -> Long,
) {
    private val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
    private val nanos = ArrayList<Double>()
    private var allocated = 0L
    private var result = 0L

    fun round() {
        val allocatedBefore = threads.currentThreadAllocatedBytes
        val began = System.nanoTime()
        repeat(REPEATS) { result = body() }
        nanos += (System.nanoTime() - began).toDouble() / REPEATS / MESSAGES
        allocated = (threads.currentThreadAllocatedBytes - allocatedBefore) / REPEATS / MESSAGES
    }

    override fun toString() =
        "%-26s %6.1f ns and %4d B for each message (check %d)"
            .format(name, nanos.drop(ROUNDS / 2).sorted()[ROUNDS / 4], allocated, result)
}

private fun writeGet(
    output: CodedOutputStream,
    id: Long,
    namespace: ByteArray,
    key: ByteArray,
) {
    val inner = CodedOutputStream.computeByteArraySize(1, namespace) + CodedOutputStream.computeByteArraySize(2, key)
    head(output, id, inner, CommandKind.GET.field)
    output.writeByteArray(1, namespace)
    output.writeByteArray(2, key)
}

private fun writeSet(
    output: CodedOutputStream,
    id: Long,
    namespace: ByteArray,
    key: ByteArray,
    value: ByteArray,
) {
    val inner =
        CodedOutputStream.computeByteArraySize(1, namespace) + CodedOutputStream.computeByteArraySize(2, key) +
            CodedOutputStream.computeByteArraySize(3, value) + CodedOutputStream.computeUInt64Size(4, TTL_MILLIS)
    head(output, id, inner, CommandKind.SET.field)
    output.writeByteArray(1, namespace)
    output.writeByteArray(2, key)
    output.writeByteArray(3, value)
    output.writeUInt64(4, TTL_MILLIS)
}

private fun head(
    output: CodedOutputStream,
    id: Long,
    inner: Int,
    kind: Int,
) {
    val unary = 1 + CodedOutputStream.computeUInt32SizeNoTag(inner) + inner
    val size =
        CodedOutputStream.computeUInt64Size(2, id) + 2 + 1 + CodedOutputStream.computeUInt32SizeNoTag(unary) + unary
    output.writeUInt32NoTag(size)
    output.writeUInt64(2, id)
    output.writeUInt64(3, 0)
    output.writeTag(10, WireFormat.WIRETYPE_LENGTH_DELIMITED)
    output.writeUInt32NoTag(unary)
    output.writeTag(kind, WireFormat.WIRETYPE_LENGTH_DELIMITED)
    output.writeUInt32NoTag(inner)
}

private fun readAll(buffer: ByteBuffer): Long {
    val input = UnsafeByteOperations.unsafeWrap(buffer).newCodedInput()
    input.enableAliasing(true)
    var seen = 0L
    while (!input.isAtEnd) {
        val outer = input.pushLimit(input.readRawVarint32())
        while (true) {
            when (val tag = input.readTag()) {
                0 -> break
                8 -> seen += input.readUInt64()
                16 -> input.readUInt64()
                90, 98 -> seen += readContent(input)
                else -> input.skipField(tag)
            }
        }
        input.popLimit(outer)
    }
    return seen
}

private fun readContent(input: CodedInputStream): Long {
    val inner = input.pushLimit(input.readRawVarint32())
    var seen = 0L
    while (true) {
        when (val tag = input.readTag()) {
            0 -> break
            10 -> seen += input.readByteBuffer().remaining()
            else -> input.skipField(tag)
        }
    }
    input.popLimit(inner)
    return seen
}

private const val VALUE_BYTES = 64
private const val TTL_MILLIS = 60_000L
private const val BATCH = 128
private const val MESSAGES = 2 * BATCH
private const val REPEATS = 400
private const val ROUNDS = 40
