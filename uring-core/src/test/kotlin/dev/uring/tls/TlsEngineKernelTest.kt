package dev.uring.tls

import dev.uring.bytes.ByteView
import dev.uring.net.Connection
import dev.uring.net.ConnectionHandler
import dev.uring.net.SendGuard
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.TestCertificates
import dev.uring.testing.TestServer
import dev.uring.testing.smallConfig
import dev.uring.testing.tlsTest
import dev.uring.testing.withServer
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldHaveAtLeastSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.io.ByteArrayOutputStream
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout
import java.net.Socket
import java.nio.ByteBuffer
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult

private val PROVIDERS = listOf(TlsProvider.JDK, TlsProvider.CONSCRYPT)

/** What engines are allowed to answer, and what the layer then does; the engines here encrypt nothing. */
class TlsEngineKernelTest :
    FunSpec({
        tlsTest("an engine that ends its output with its input is asked without room, so that replies still leave") {
            withEngine(TlsProvider.CONSCRYPT, KeepingEngine()) { client ->
                client.getOutputStream().write(record("question") + record(KeepingEngine.FAREWELL))
                client.readRecord() shouldBe "question"
                client.getInputStream().read() shouldBe -1
            }
        }

        tlsTest("an engine in C reads and writes native memory, and what was handed over comes to it as such too") {
            val engine = Watched()
            withEngine(TlsProvider.CONSCRYPT, engine, Handed()) { client ->
                client.getOutputStream().write(record("whole"))
                client.readRecord() shouldBe "handed over"
                // Behind a whole one a part, whose rest comes when that was answered.
                val cut = record("in parts")
                client.getOutputStream().write(record("whole") + cut.copyOf(7))
                client.readRecord() shouldBe "handed over"
                client.getOutputStream().write(cut, 7, cut.size - 7)
                client.readRecord() shouldBe "handed over"
            }
            engine.onHeap shouldBe emptyList()
        }

        for (provider in PROVIDERS) {
            tlsTest("what is handed over with a buffer is encoded where it lies, with the ways of $provider") {
                Arena.ofShared().use { arena ->
                    val reply = Lent(arena.allocate(LENT_BYTES))
                    val engine = Sources()
                    withEngine(provider, engine, reply) { client ->
                        client.getOutputStream().write(record("more"))
                        client.readContent(LENT_BYTES) shouldBe reply.content()
                    }
                    engine.seen.forEach { it shouldBeSameInstanceAs reply.buffer() }
                    engine.seen shouldHaveAtLeastSize 1
                }
            }

            tlsTest("an engine that wants more room for a record's content gets it, with the ways of $provider") {
                withEngine(provider, Demanding()) { client ->
                    client.getOutputStream().write(record("first") + record("second"))
                    client.readRecord(11) shouldBe "firstsecond"
                }
            }

            tlsTest("an engine that wants more room for a record than any has gets it, with the ways of $provider") {
                withEngine(provider, Spacious()) { client ->
                    client.getOutputStream().write(record("roomy"))
                    client.readRecord() shouldBe "roomy"
                }
            }

            tlsTest("an engine that takes nothing at first is asked again, with the ways of $provider") {
                // An engine that was asked without room holds the record already.
                val engine = Hesitant(if (provider == TlsProvider.JDK) ATTEMPTS - 1 else 0, wraps = ATTEMPTS)
                withEngine(provider, engine) { client ->
                    client.getOutputStream().write(record("patience"))
                    client.readRecord() shouldBe "patience"
                }
            }
        }

        tlsTest("an engine that never takes a record is not asked for ever") {
            val collector = Collector()
            withEngine(TlsProvider.JDK, Hesitant(unwraps = ATTEMPTS, wraps = 0), collector) { client ->
                client.getOutputStream().write(record("in vain"))
                collector.awaitClosed()!!.message!! shouldContain "engine does not take a record of 12 bytes"
            }
        }

        tlsTest("an engine that never takes what is to be sent is not asked for ever") {
            val collector = Collector(onOpen = { it.writeUtf8("in vain") })
            withEngine(TlsProvider.JDK, Hesitant(unwraps = 0, wraps = ATTEMPTS + 1), collector) {
                collector.awaitClosed()!!.message!! shouldContain "engine does not take 7 bytes to send"
            }
        }
    })

/** How often the layer asks an engine that takes nothing. */
private const val ATTEMPTS = 4

/** More than one send is given. */
private const val LENT_BYTES = 300_000L

/** Wants room for the largest content, whatever the record has. */
private class Demanding : KeepingEngine() {
    override fun unwrap(
        src: ByteBuffer,
        dst: ByteBuffer,
    ): SSLEngineResult =
        when {
            // Asked without room it keeps the content, as every one of its kind.
            !dst.hasRemaining() -> super.unwrap(src, dst)

            dst.remaining() < session.applicationBufferSize -> NO_ROOM

            else -> super.unwrap(src, dst)
        }
}

/** Wants more room for a record than the largest one needs. */
private class Spacious : KeepingEngine() {
    override fun wrap(
        src: ByteBuffer,
        dst: ByteBuffer,
    ): SSLEngineResult = if (dst.remaining() < 40_000) NO_ROOM else super.wrap(src, dst)
}

/** Notes what it is given that lies on the heap, but for the handshake's. */
private class Watched : KeepingEngine() {
    val onHeap: MutableList<String> = CopyOnWriteArrayList()

    override fun unwrap(
        src: ByteBuffer,
        dst: ByteBuffer,
    ): SSLEngineResult {
        if (!src.isDirect) onHeap += "a record"
        if (dst.hasRemaining() && !dst.isDirect) onHeap += "room for content"
        return super.unwrap(src, dst)
    }

    override fun wrap(
        src: ByteBuffer,
        dst: ByteBuffer,
    ): SSLEngineResult {
        if (src.hasRemaining() && !src.isDirect) onHeap += "content"
        if (!dst.isDirect) onHeap += "room for a record"
        return super.wrap(src, dst)
    }
}

/** Answers each arrival with memory that it hands over. */
private class Handed :
    ConnectionHandler,
    SendGuard {
    private val memory = Arena.ofAuto().allocateFrom("handed over").asSlice(0, 11)

    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int {
        connection.write(this)
        return bytes.size()
    }

    override fun memory(): MemorySegment = memory

    override fun released() = Unit
}

/** Answers each arrival with memory that it hands over, and has as a buffer too. */
private class Lent(
    private val memory: MemorySegment,
) : ConnectionHandler,
    SendGuard {
    private val buffer = memory.asByteBuffer()

    init {
        for (at in 0 until LENT_BYTES) buffer.put(at.toInt(), (at * 31 + at / 251).toByte())
    }

    fun content(): ByteArray = memory.toArray(ValueLayout.JAVA_BYTE)

    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int {
        connection.write(this)
        return bytes.size()
    }

    override fun memory(): MemorySegment = memory

    override fun buffer(): ByteBuffer = buffer

    override fun released() = Unit
}

/** Notes where the content of records is read. */
private class Sources : KeepingEngine() {
    val seen: MutableList<ByteBuffer> = CopyOnWriteArrayList()

    override fun wrap(
        src: ByteBuffer,
        dst: ByteBuffer,
    ): SSLEngineResult {
        if (src.hasRemaining()) seen += src
        return super.wrap(src, dst)
    }
}

/** Takes nothing so many times, and from then on everything. */
private class Hesitant(
    private var unwraps: Int,
    private var wraps: Int,
) : KeepingEngine() {
    override fun unwrap(
        src: ByteBuffer,
        dst: ByteBuffer,
    ): SSLEngineResult = if (dst.hasRemaining() && unwraps-- > 0) NOTHING_DONE else super.unwrap(src, dst)

    override fun wrap(
        src: ByteBuffer,
        dst: ByteBuffer,
    ): SSLEngineResult = if (src.hasRemaining() && wraps-- > 0) NOTHING_DONE else super.wrap(src, dst)
}

private fun withEngine(
    provider: TlsProvider,
    engine: SSLEngine,
    handler: ConnectionHandler = echo,
    block: (Socket) -> Unit,
) {
    val settings =
        TlsServerOptions
            .builder()
            .credentials(TestCertificates.ec.credentials)
            .provider(provider)
            .build()
    withServer(smallConfig().build(), { TlsOpening(settings, engine, { handler }, null) }) { server: TestServer ->
        val client = server.connect()
        client.soTimeout = TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS).toInt()
        block(client)
        client.shutdownOutput()
    }
}

private fun record(content: String) = record(content.toByteArray())

private fun record(content: ByteArray) = byteArrayOf(23, 3, 3, 0, content.size.toByte()) + content

/** The content of records until there are so many bytes of it, or of one record. */
private fun Socket.readRecord(bytes: Int = 1): String {
    val text = StringBuilder()
    while (text.length < bytes) {
        val header = getInputStream().readNBytes(HEADER_BYTES)
        check(header.size == HEADER_BYTES) { "the connection ended after \"$text\"" }
        text.append(getInputStream().readNBytes(header[4].toInt()).decodeToString())
    }
    return text.toString()
}

/** The content of records, which are to end where [bytes] do. */
private fun Socket.readContent(bytes: Long): ByteArray {
    val content = ByteArrayOutputStream()
    while (content.size() < bytes) {
        val header = getInputStream().readNBytes(HEADER_BYTES)
        check(header.size == HEADER_BYTES) { "the connection ended after ${content.size()} bytes" }
        val length = (header[3].toInt() and 0xFF shl 8) or (header[4].toInt() and 0xFF)
        content.write(getInputStream().readNBytes(length))
    }
    return content.toByteArray()
}
