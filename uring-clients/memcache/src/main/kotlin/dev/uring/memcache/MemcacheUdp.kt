package dev.uring.memcache

import dev.uring.bytes.ByteView
import dev.uring.bytes.ByteWindow
import dev.uring.codec.DecodeStatus
import dev.uring.dsl.ReceiveTimeoutException
import dev.uring.dsl.UdpSocket
import dev.uring.dsl.UringScope
import dev.uring.dsl.bindUdp
import dev.uring.memcache.codec.CommandWord
import dev.uring.memcache.codec.MemcacheReplyDecoder
import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.memcache.codec.ReplyKind
import dev.uring.memcache.codec.Transcoder
import dev.uring.net.UdpOptions
import java.net.InetSocketAddress
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource

/**
 * Reads over UDP: no connection, and no answer when a datagram is lost.
 *
 * ### Shapes and units
 * A value of up to about 64 MiB: 65535 datagrams of 1400 bytes; one that loses any of them is not read.
 * ### Threading and cancellation
 * On the worker that made it, by one coroutine at a time. After a cancelled or late get, what still comes is dropped.
 * ### Source
 * protocol.txt, "UDP protocol": eight bytes before the command and before each datagram of the answer.
 */
public class MemcacheUdp<V : Any> internal constructor(
    private val socket: UdpSocket,
    private val transcoder: Transcoder<V>,
    private val timeout: Duration,
) {
    private val writer = MemcacheWriter()
    private var lastRequest = 0

    /**
     * The value of [key], or null.
     *
     * ### Errors
     * [MemcacheTimeoutException] the answer, or a part of it, has not come in time · [MemcacheException] the server refuses ·
     * `IllegalArgumentException` a key that is none, or longer than a datagram.
     */
    public suspend fun get(key: String): V? {
        writer
            .clear()
            .command(CommandWord.GET)
            .key(key)
            .end()
        val request = ++lastRequest and REQUEST_MASK
        socket.send(datagram(request))
        val answer = Answered(request)
        val began = TimeSource.Monotonic.markNow()
        while (!answer.isWhole) {
            val left = timeout - began.elapsedNow()
            if (!left.isPositive()) throw late()
            try {
                if (!socket.receive(left) { payload, _ -> answer.take(payload) }) throw closed()
            } catch (_: ReceiveTimeoutException) {
                throw late()
            }
        }
        return read(answer.bytes())
    }

    private fun datagram(request: Int): ByteArray {
        val command = writer.toByteArray()
        val datagram = ByteArray(FRAME_BYTES + command.size)
        // Request, number of this datagram, how many there are, nothing.
        putShort(datagram, 0, request)
        putShort(datagram, COUNT_AT, 1)
        command.copyInto(datagram, FRAME_BYTES)
        return datagram
    }

    private fun putShort(
        target: ByteArray,
        at: Int,
        value: Int,
    ) {
        target[at] = (value shr Byte.SIZE_BITS).toByte()
        target[at + 1] = value.toByte()
    }

    private fun late() =
        MemcacheTimeoutException("GET", timeout, wasSent = true, " over UDP.\n  Likely cause: a datagram was lost.")

    private fun closed() = MemcacheConnectionException("GET: the UDP socket is closed", wasSent = true)

    private fun read(bytes: ByteArray): V? =
        MemcacheReplyDecoder().use { decoder ->
            val status = decoder.decode(ByteWindow.copyOf(bytes), 0)
            val reply = decoder.reply()
            when {
                status != DecodeStatus.DONE -> {
                    val fault = decoder.errorText() ?: "memcache: an answer ends in the middle"
                    throw MemcacheConnectionException(fault, wasSent = true)
                }

                reply.kind().isError -> {
                    throw MemcacheFailures.refused("GET", reply)
                }

                reply.kind() == ReplyKind.VALUE -> {
                    transcoder.read(reply.value(), reply.clientFlags())
                }

                else -> {
                    null
                }
            }
        }

    /** The datagrams of the answer to one request; others, and repetitions, are dropped. */
    private class Answered(
        private val request: Int,
    ) {
        private var parts: Array<ByteArray?>? = null
        private var missing = -1

        val isWhole: Boolean get() = missing == 0

        fun take(payload: ByteView) {
            if (payload.size() < FRAME_BYTES || unsigned(payload, 0) != request) return
            val count = unsigned(payload, COUNT_AT)
            val number = unsigned(payload, NUMBER_AT)
            val all = parts ?: arrayOfNulls<ByteArray>(count).also { parts = it }.also { missing = count }
            if (number >= all.size || count != all.size || all[number] != null) return
            all[number] = payload.toByteArray(FRAME_BYTES, payload.size() - FRAME_BYTES)
            missing--
        }

        fun bytes(): ByteArray {
            val all = parts.orEmpty().filterNotNull()
            val joined = ByteArray(all.sumOf { it.size })
            var at = 0
            for (part in all) {
                part.copyInto(joined, at)
                at += part.size
            }
            return joined
        }

        private fun unsigned(
            payload: ByteView,
            at: Int,
        ) = payload.getShort(at).toInt() and REQUEST_MASK
    }

    private companion object {
        const val FRAME_BYTES = 8
        const val NUMBER_AT = 2
        const val COUNT_AT = 4
        const val REQUEST_MASK = 0xFFFF
    }
}

/**
 * Reads over UDP from the server at [host] and [port], started with `memcached -U`, as long as [block] runs.
 *
 * ### Shapes and units
 * [host] is an address. [timeout] is that of each get.
 * ### Ownership
 * The socket is closed when [block] has returned.
 *
 * @sample samples.memcache.overUdp
 */
public suspend fun <V : Any, R> UringScope.memcacheUdp(
    host: String,
    port: Int,
    transcoder: Transcoder<V>,
    timeout: Duration = 1.seconds,
    block: suspend (MemcacheUdp<V>) -> R,
): R {
    val options = UdpOptions.builder().remote(InetSocketAddress(host, port)).build()
    return bindUdp(options = options) { block(MemcacheUdp(it, transcoder, timeout)) }
}
