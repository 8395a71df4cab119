package dev.uring.dns

import org.xbill.DNS.AAAARecord
import org.xbill.DNS.ARecord
import org.xbill.DNS.CNAMERecord
import org.xbill.DNS.DClass
import org.xbill.DNS.Flags
import org.xbill.DNS.Message
import org.xbill.DNS.Name
import org.xbill.DNS.Rcode
import org.xbill.DNS.Record
import org.xbill.DNS.SOARecord
import org.xbill.DNS.SRVRecord
import org.xbill.DNS.Section
import org.xbill.DNS.Type
import java.io.Closeable
import java.io.DataInputStream
import java.io.DataOutputStream
import java.io.IOException
import java.net.BindException
import java.net.DatagramPacket
import java.net.DatagramSocket
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.net.SocketAddress
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.concurrent.thread

/** A question as the server under the test's control got it. */
internal class AskedQuestion(
    val message: Message,
    val isTcp: Boolean,
    val peer: SocketAddress,
) {
    val name: String = HostName.lower(message.question.name.toString(true))
    val nameAsSent: String = message.question.name.toString(true)
    val type: String = Type.string(message.question.type)
    val hasEdns: Boolean get() = message.opt != null

    /** An answer to this question with [records]. */
    fun answer(
        vararg records: Record,
        rcode: Int = Rcode.NOERROR,
        soaMinimumSeconds: Long? = null,
        change: (Message) -> Unit = {},
    ): ByteArray {
        val reply = Message(message.header.id)
        reply.header.setFlag(Flags.QR.toInt())
        reply.header.rcode = rcode
        reply.addRecord(message.question, Section.QUESTION)
        records.forEach { reply.addRecord(it, Section.ANSWER) }
        soaMinimumSeconds?.let { reply.addRecord(soa(it), Section.AUTHORITY) }
        change(reply)
        return reply.toWire()
    }

    fun noSuchName(soaMinimumSeconds: Long? = null) =
        answer(rcode = Rcode.NXDOMAIN, soaMinimumSeconds = soaMinimumSeconds)

    /** What [v4] and [v6] have for the type that was asked for. */
    fun addresses(
        vararg addresses: String,
        ttl: Long = 60,
    ): ByteArray =
        answer(
            *addresses
                .map(InetAddress::ofLiteral)
                .filter { (it.address.size == 4) == (type == "A") }
                .map { address(name, it, ttl) }
                .toTypedArray(),
        )

    override fun toString(): String = "$type $name"

    private fun soa(minimumSeconds: Long) =
        SOARecord(fqdn("test"), DClass.IN, 3600, fqdn("ns.test"), fqdn("root.test"), 1, 1, 1, 1, minimumSeconds)
}

internal fun fqdn(name: String): Name = if (name.isEmpty()) Name.root else Name.fromString(name, Name.root)

internal fun address(
    name: String,
    address: InetAddress,
    ttl: Long = 60,
): Record =
    if (address.address.size == 4) {
        ARecord(fqdn(name), DClass.IN, ttl, address)
    } else {
        AAAARecord(fqdn(name), DClass.IN, ttl, address)
    }

internal fun alias(
    name: String,
    target: String,
    ttl: Long = 60,
): Record = CNAMERecord(fqdn(name), DClass.IN, ttl, fqdn(target))

internal fun service(
    name: String,
    target: String,
    port: Int,
    priority: Int = 0,
    weight: Int = 0,
): Record = SRVRecord(fqdn(name), DClass.IN, 60, priority, weight, port, fqdn(target))

/**
 * A name server on the loopback, over UDP and TCP on one port, that answers each question with what [reply] makes of it:
 * none, one or several datagrams. Of java.net, so that it shares no transport with what is tested.
 */
internal class FakeDnsServer(
    private val reply: FakeDnsServer.(AskedQuestion) -> List<ByteArray>,
) : Closeable {
    private val tcp: ServerSocket
    val udp: DatagramSocket
    val asked = ConcurrentLinkedQueue<AskedQuestion>()
    val failures = ConcurrentLinkedQueue<Throwable>()
    private val threads: List<Thread>

    init {
        val (stream, datagrams) = bindBoth()
        tcp = stream
        udp = datagrams
        threads = listOf(serving("fake-dns-udp", ::serveUdp), serving("fake-dns-tcp", ::serveTcp))
    }

    val address: InetSocketAddress = udp.localSocketAddress as InetSocketAddress

    fun send(
        bytes: ByteArray,
        peer: SocketAddress,
    ) = udp.send(DatagramPacket(bytes, bytes.size, peer))

    override fun close() {
        udp.close()
        tcp.close()
        threads.forEach { it.join() }
        failures.firstOrNull()?.let { throw AssertionError("the fake server failed", it) }
    }

    private fun serveUdp() {
        val packet = DatagramPacket(ByteArray(4096), 4096)
        while (true) {
            udp.receive(packet)
            val question = AskedQuestion(Message(packet.data.copyOf(packet.length)), false, packet.socketAddress)
            asked += question
            reply(question).forEach { send(it, question.peer) }
        }
    }

    private fun serveTcp() {
        while (true) {
            tcp.accept().use { socket ->
                try {
                    val input = DataInputStream(socket.getInputStream())
                    val bytes = ByteArray(input.readUnsignedShort()).also(input::readFully)
                    val question = AskedQuestion(Message(bytes), true, socket.remoteSocketAddress)
                    asked += question
                    val output = DataOutputStream(socket.getOutputStream())
                    reply(question).forEach {
                        output.writeShort(it.size)
                        output.write(it)
                    }
                } catch (_: IOException) {
                    // A client that gave up; the next one counts.
                }
            }
        }
    }

    private fun serving(
        name: String,
        serve: () -> Unit,
    ) = thread(name = name, isDaemon = true) {
        try {
            serve()
        } catch (end: IOException) {
            if (!udp.isClosed) failures += end
        } catch (failure: Throwable) {
            failures += failure
        }
    }

    private companion object {
        // The port that TCP got may be taken for UDP: then another.
        fun bindBoth(): Pair<ServerSocket, DatagramSocket> {
            repeat(100) {
                val stream = ServerSocket(0, 50, InetAddress.getLoopbackAddress())
                try {
                    return stream to
                        DatagramSocket(InetSocketAddress(InetAddress.getLoopbackAddress(), stream.localPort))
                } catch (_: BindException) {
                    stream.close()
                }
            }
            error("no port is free for both UDP and TCP")
        }
    }
}
