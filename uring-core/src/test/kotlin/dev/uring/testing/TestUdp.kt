package dev.uring.testing

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.bytes.ByteView
import dev.uring.net.UdpHandler
import dev.uring.net.UdpOptions
import dev.uring.net.UdpPeer
import dev.uring.net.UdpSocket
import java.net.DatagramPacket
import java.net.DatagramSocket
import java.net.InetAddress
import java.net.InetSocketAddress
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

/** Does in each call of a UDP socket what the test wants done, and keeps what it heard. */
internal class UdpRecorder(
    private val onWritable: (UdpSocket) -> Unit = {},
    private val onDatagram: (UdpSocket, ByteView, UdpPeer) -> Unit = { _, _, _ -> },
) : UdpHandler {
    val errors = LinkedBlockingQueue<Int>()
    private val closed = CompletableFuture<Throwable?>()
    private val texts = LinkedBlockingQueue<String>()

    override fun onDatagram(
        socket: UdpSocket,
        payload: ByteView,
        peer: UdpPeer,
    ) {
        val text = payload.toUtf8()
        try {
            onDatagram.invoke(socket, payload, peer)
        } finally {
            // Last: whoever waits for it looks at what was done with it.
            texts += text
        }
    }

    override fun onWritable(socket: UdpSocket) = onWritable.invoke(socket)

    override fun onError(
        socket: UdpSocket,
        errno: Int,
    ) {
        errors += errno
    }

    override fun onClosed(
        socket: UdpSocket,
        cause: Throwable?,
    ) {
        check(closed.complete(cause)) { "onClosed twice" }
    }

    /** The next datagram that was offered; one that was postponed comes again. */
    fun text(): String = texts.poll(PATIENCE_SECONDS, TimeUnit.SECONDS) ?: error("no datagram")

    /** Whether [text] is offered before no other datagram is for so long. */
    fun hears(
        text: String,
        withinMillis: Long,
    ): Boolean {
        while (true) {
            val heard = texts.poll(withinMillis, TimeUnit.MILLISECONDS) ?: return false
            if (heard == text) return true
        }
    }

    fun error(): Int = errors.poll(PATIENCE_SECONDS, TimeUnit.SECONDS) ?: error("no error")

    val offeredCount: Int get() = texts.size

    fun closed(): Throwable? = closed.get(PATIENCE_SECONDS, TimeUnit.SECONDS)
}

/** A runtime of one worker, the sockets opened on it, and java.net's sockets for the other side. */
internal class TestUdp(
    config: RuntimeConfig,
) : AutoCloseable {
    val runtime: UringRuntime = UringRuntime.start(config)
    private val peers = ConcurrentLinkedQueue<DatagramSocket>()

    fun open(
        handler: UdpHandler,
        options: UdpOptions = UdpOptions.defaults(),
        address: String = "127.0.0.1:0",
    ): UdpSocket =
        runtime
            .openUdp(runtime.worker(0), address, options) { handler }
            .toCompletableFuture()
            .get(PATIENCE_SECONDS, TimeUnit.SECONDS)

    fun peer(
        host: String = "127.0.0.1",
        receiveBufferBytes: Int = 0,
    ): DatagramSocket {
        val peer = DatagramSocket(InetSocketAddress(InetAddress.getByName(host), 0))
        if (receiveBufferBytes > 0) peer.receiveBufferSize = receiveBufferBytes
        peer.soTimeout = TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS).toInt()
        peers += peer
        return peer
    }

    fun awaitNothingHeld() =
        await({ "still held: ${runtime.snapshots()}" }) {
            runtime.snapshots().all { it.receiveBuffersHeld() == 0 && it.blocksHeld() == 0 }
        }

    override fun close() {
        peers.forEach { it.close() }
        runtime.closeInTime()
    }
}

/** Runs [block], then sees to it that the runtime holds nothing and leaves nothing behind. */
internal fun <T> withUdp(
    config: RuntimeConfig = smallConfig().build(),
    block: (TestUdp) -> T,
): T {
    // The JDK's datagram sockets keep nothing, but its addresses read the interfaces once.
    return leavesNothingBehind {
        TestUdp(config).use { udp ->
            val result = block(udp)
            udp.awaitNothingHeld()
            result
        }
    }
}

internal fun <T> UdpSocket.call(body: UdpSocket.() -> T): T = worker().call { body() }

internal val UdpSocket.peerAddress: UdpPeer get() = UdpPeer.of(localAddress())

internal val DatagramSocket.asPeer: UdpPeer get() = UdpPeer.of(localSocketAddress as InetSocketAddress)

internal fun DatagramSocket.send(
    text: String,
    to: UdpSocket,
) = send(text.toByteArray(), to)

internal fun DatagramSocket.send(
    bytes: ByteArray,
    to: UdpSocket,
) = send(DatagramPacket(bytes, bytes.size, to.localAddress()))

internal fun DatagramSocket.receiveBytes(): ByteArray {
    val packet = DatagramPacket(ByteArray(1 shl 16), 1 shl 16)
    receive(packet)
    return packet.data.copyOf(packet.length)
}

internal fun DatagramSocket.receiveText(): String = String(receiveBytes())
