package dev.uring.fuzz

import dev.uring.DriverChoice
import dev.uring.RuntimeConfig
import dev.uring.base.ConfigException
import dev.uring.base.FramingException
import dev.uring.bytes.ByteWindow
import dev.uring.codec.Delimiter
import dev.uring.codec.Framing
import dev.uring.codec.LengthPrefix
import dev.uring.socket.Endpoint
import dev.uring.socket.EndpointName
import dev.uring.tls.TlsCredentials
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * What this module reads of strangers and of users: addresses, settings, frames, PEM. Any input is parsed or refused with
 * the exception that its method names; anything else is a finding.
 *
 * The first byte of an input chooses the parser, so that one run of a fuzzer serves all of them.
 */
internal object ParserFuzz {
    /** What the fuzzer calls. */
    @JvmStatic
    fun fuzzerTestOneInput(input: ByteArray) {
        if (input.isEmpty()) return
        val rest = input.copyOfRange(1, input.size)
        when (input[0].toInt().toChar()) {
            'a' -> address(String(rest, Charsets.ISO_8859_1))
            'c' -> config(rest)
            'f' -> frames(rest)
            'p' -> pem(String(rest, Charsets.ISO_8859_1))
        }
    }

    private inline fun refusedOr(parse: () -> Unit) {
        try {
            parse()
        } catch (refused: ConfigException) {
            check(!refused.message.isNullOrBlank()) { "refused without a word" }
        }
    }

    private fun address(text: String) {
        refusedOr {
            val endpoint = Endpoint.parse(text)
            // What was read is written in a form that reads as the same.
            val again = Endpoint.parse(Endpoint.text(endpoint.address()))
            check(again.address() == endpoint.address()) { "${endpoint.address()} reads as ${again.address()}" }
        }
        refusedOr { Endpoint.parseUdp(text) }
        refusedOr {
            EndpointName.find(text).ifPresent { name ->
                check(name.port() in 0..65_535) { "port=${name.port()}" }
                check(name.host().isNotEmpty()) { "a name without letters" }
            }
        }
    }

    private fun config(bytes: ByteArray) {
        refusedOr { DriverChoice.parse("uring.driver", String(bytes, Charsets.ISO_8859_1)) }
        val numbers = ByteBuffer.wrap(bytes.copyOf(NUMBERS * Int.SIZE_BYTES))
        refusedOr {
            val config =
                RuntimeConfig
                    .builder()
                    .workersCount(numbers.getInt())
                    .sqEntries(numbers.getInt())
                    .recvBuffersCount(numbers.getInt())
                    .recvBufferBytes(numbers.getInt())
                    .recvHeadroomBytes(numbers.getInt())
                    .frameBytesMax(numbers.getInt())
                    .recvHighWaterBytes(numbers.getInt())
                    .mailboxCapacity(numbers.getInt())
                    .build()
            check(config.toBuilder().build().mailboxCapacity() == config.mailboxCapacity()) { "a copy is another" }
        }
    }

    private const val NUMBERS = 8
    private const val PAYLOAD_BYTES_MAX = 1_000

    private val framings: List<Framing> =
        listOf(1, 2, 4, 8).flatMap { size ->
            listOf(ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN).flatMap { order ->
                val plain = LengthPrefix.of(size, order, PAYLOAD_BYTES_MAX)
                listOf<Framing>(plain, plain.countingItself())
            }
        } + LengthPrefix.varint(PAYLOAD_BYTES_MAX) + Delimiter.line(PAYLOAD_BYTES_MAX) +
            Delimiter.of("\r\n\r\n".toByteArray(), PAYLOAD_BYTES_MAX)

    private sealed interface Measured {
        data class Frame(
            val bytes: Int,
        ) : Measured

        data object NeedsMore : Measured

        data object Refused : Measured
    }

    // A frame is the same whether it comes whole or byte by byte, and what is asked for is never what is there already.
    private fun frames(bytes: ByteArray) {
        if (bytes.isEmpty()) return
        val framing = framings[bytes[0].toUByte().toInt() % framings.size]
        val stream = bytes.copyOfRange(1, minOf(bytes.size, 1 + 2 * PAYLOAD_BYTES_MAX))
        val whole = measure(framing, stream, stream.size, seen = 0)
        var seen = 0
        var first: Measured = Measured.NeedsMore
        for (count in 1..stream.size) {
            first = measure(framing, stream, count, seen)
            if (first != Measured.NeedsMore) break
            seen = count
        }
        check(first == whole || (whole == Measured.Refused && first is Measured.Frame)) {
            "$framing: whole $whole, byte by byte $first"
        }
    }

    private fun measure(
        framing: Framing,
        stream: ByteArray,
        count: Int,
        seen: Int,
    ): Measured {
        val view = ByteWindow.copyOf(stream.copyOf(count))
        val size =
            try {
                framing.measure(view, seen)
            } catch (refused: FramingException) {
                check("Likely cause: " in refused.message.orEmpty()) { "${refused.message}: and what now?" }
                return Measured.Refused
            }
        if (size <= 0) {
            check(-size > count) { "$framing asks for ${-size} bytes and has $count" }
            return Measured.NeedsMore
        }
        check(size <= count) { "$framing: frame of $size in $count bytes" }
        val from = framing.payloadFrom(view)
        val payload = framing.payloadBytes(view, size)
        check(from >= 0 && payload in 0..PAYLOAD_BYTES_MAX && from + payload <= size) {
            "$framing: payload at $from of $payload bytes in a frame of $size"
        }
        return Measured.Frame(size)
    }

    private fun pem(text: String) = refusedOr { TlsCredentials.pemText(text, text) }
}
