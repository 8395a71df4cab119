package dev.uring.tls

import java.lang.reflect.Proxy
import java.nio.ByteBuffer
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult
import javax.net.ssl.SSLEngineResult.HandshakeStatus
import javax.net.ssl.SSLPeerUnverifiedException
import javax.net.ssl.SSLSession

/** Bytes in front of the content of a record. */
internal const val HEADER_BYTES = 5

/** Puts what it is given into records as it is, and is through with its handshake from the beginning. */
internal open class ClearEngine : SSLEngine() {
    private val session =
        Proxy.newProxyInstance(javaClass.classLoader, arrayOf(SSLSession::class.java)) { _, method, _ ->
            when (method.name) {
                "getProtocol" -> "TLSv1.3"
                "getCipherSuite" -> "TLS_NULL"
                "getCreationTime" -> 0L
                "getApplicationBufferSize", "getPacketBufferSize" -> 1 shl 14
                "getPeerCertificates" -> throw SSLPeerUnverifiedException("none")
                else -> error(method.name)
            }
        } as SSLSession

    private val unwrapped = ClearResults()
    private val wrapped = ClearResults()

    override fun wrap(
        srcs: Array<ByteBuffer>,
        offset: Int,
        length: Int,
        dst: ByteBuffer,
    ): SSLEngineResult {
        val src = srcs[offset]
        return wrap(src, dst)
    }

    override fun wrap(
        src: ByteBuffer,
        dst: ByteBuffer,
    ): SSLEngineResult {
        val count = minOf(src.remaining(), 1 shl 14)
        if (count == 0) return wrapped.of(0, 0)
        dst
            .put(23)
            .put(3)
            .put(3)
            .putShort(count.toShort())
        val limit = src.limit()
        src.limit(src.position() + count)
        dst.put(src)
        src.limit(limit)
        return wrapped.of(count, count + HEADER_BYTES)
    }

    override fun unwrap(
        src: ByteBuffer,
        dsts: Array<ByteBuffer>,
        offset: Int,
        length: Int,
    ): SSLEngineResult = unwrap(src, dsts[offset])

    override fun unwrap(
        src: ByteBuffer,
        dst: ByteBuffer,
    ): SSLEngineResult {
        src.position(src.position() + HEADER_BYTES)
        val count = src.remaining()
        dst.put(src)
        return unwrapped.of(count + HEADER_BYTES, count)
    }

    override fun getHandshakeStatus() = HandshakeStatus.NOT_HANDSHAKING

    override fun beginHandshake() = Unit

    override fun getSession() = session

    override fun getApplicationProtocol() = ""

    override fun closeOutbound() = Unit

    override fun isOutboundDone() = false

    override fun isInboundDone() = false

    override fun closeInbound() = Unit

    override fun getDelegatedTask(): Runnable? = null

    override fun getSupportedCipherSuites(): Array<String> = emptyArray()

    override fun getEnabledCipherSuites(): Array<String> = emptyArray()

    override fun setEnabledCipherSuites(suites: Array<String>) = Unit

    override fun getSupportedProtocols(): Array<String> = emptyArray()

    override fun getEnabledProtocols(): Array<String> = emptyArray()

    override fun setEnabledProtocols(protocols: Array<String>) = Unit

    override fun setUseClientMode(mode: Boolean) = Unit

    override fun getUseClientMode() = false

    override fun setNeedClientAuth(need: Boolean) = Unit

    override fun getNeedClientAuth() = false

    override fun setWantClientAuth(want: Boolean) = Unit

    override fun getWantClientAuth() = false

    override fun setEnableSessionCreation(flag: Boolean) = Unit

    override fun getEnableSessionCreation() = true
}

/** Results by the bytes that were consumed: as many objects as there are sizes, and no more. */
private class ClearResults {
    private val bySize = arrayOfNulls<SSLEngineResult>(1 shl 15)

    fun of(
        consumed: Int,
        produced: Int,
    ): SSLEngineResult =
        bySize[consumed]
            ?: SSLEngineResult(SSLEngineResult.Status.OK, HandshakeStatus.NOT_HANDSHAKING, consumed, produced)
                .also { bySize[consumed] = it }
}

/**
 * As Conscrypt's: it keeps the content of a record for which there is no room and says so, and it lets nothing more out once
 * the peer's farewell has been taken with room.
 */
internal open class KeepingEngine : ClearEngine() {
    private val kept = ByteBuffer.allocateDirect(1 shl 14).limit(0)
    private var isInputDone = false
    private var isOutputDone = false

    override fun unwrap(
        src: ByteBuffer,
        dst: ByteBuffer,
    ): SSLEngineResult {
        if (src.hasRemaining()) {
            src.position(src.position() + HEADER_BYTES)
            kept.clear().put(src).flip()
            isInputDone = kept.remaining() == FAREWELL.size && kept.get(0) == FAREWELL[0]
        }
        if (isInputDone) {
            kept.limit(0)
            if (!dst.hasRemaining()) return NOTHING_DONE
            isOutputDone = true
            return CLOSED
        }
        if (dst.remaining() < kept.remaining()) return NO_ROOM
        val count = kept.remaining()
        dst.put(kept)
        return taken.of(count, count)
    }

    override fun wrap(
        src: ByteBuffer,
        dst: ByteBuffer,
    ): SSLEngineResult = if (isOutputDone) CLOSED else super.wrap(src, dst)

    override fun isInboundDone() = isInputDone

    private val taken = ClearResults()

    companion object {
        /** The content of the record that is the peer's end. */
        val FAREWELL = byteArrayOf(1, 0, 21)
    }
}

internal val NO_ROOM = SSLEngineResult(SSLEngineResult.Status.BUFFER_OVERFLOW, HandshakeStatus.NOT_HANDSHAKING, 0, 0)
internal val NOTHING_DONE = SSLEngineResult(SSLEngineResult.Status.OK, HandshakeStatus.NOT_HANDSHAKING, 0, 0)
private val CLOSED = SSLEngineResult(SSLEngineResult.Status.CLOSED, HandshakeStatus.NOT_HANDSHAKING, 0, 0)
