package dev.uring.dns

import org.xbill.DNS.Message
import java.io.Closeable
import java.io.DataInputStream
import java.io.DataOutputStream
import java.io.IOException
import java.net.InetAddress
import java.net.Socket
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.atomic.AtomicInteger
import javax.net.ssl.SSLServerSocket
import kotlin.concurrent.thread

/** A name server over TLS under the test's control, of the JDK's sockets. What [reply] gives is sent, in its order. */
internal class FakeTlsDnsServer(
    key: OwnKey,
    private val reply: Session.(AskedQuestion) -> List<ByteArray>,
) : Closeable {
    /** One client's connection. */
    class Session(
        val number: Int,
        private val socket: Socket,
    ) {
        fun end() = socket.close()
    }

    private val listener =
        key.context().serverSocketFactory.createServerSocket(0, 50, InetAddress.getLoopbackAddress())
            as SSLServerSocket
    private val open = CopyOnWriteArrayList<Socket>()
    private val servers = CopyOnWriteArrayList<Thread>()
    private val acceptor: Thread
    private val count = AtomicInteger()

    val port: Int get() = listener.localPort
    val connectionsCount: Int get() = count.get()
    val asked = ConcurrentLinkedQueue<AskedQuestion>()
    val questionSizes = ConcurrentLinkedQueue<Int>()

    init {
        acceptor =
            thread(isDaemon = true, name = "fake-tls-dns") {
                while (!listener.isClosed) {
                    runCatching {
                        val socket = listener.accept()
                        open += socket
                        servers +=
                            thread(isDaemon = true, name = "fake-tls-dns-connection") { runCatching { serve(socket) } }
                    }
                }
            }
    }

    /** When this returns every socket of the server's is closed: tests count them. */
    override fun close() {
        listener.close()
        acceptor.join()
        open.forEach { it.close() }
        servers.forEach { it.join() }
    }

    private fun serve(socket: Socket) {
        val input = DataInputStream(socket.getInputStream())
        val output = DataOutputStream(socket.getOutputStream().buffered())
        var session: Session? = null
        while (true) {
            val bytes =
                try {
                    ByteArray(input.readUnsignedShort()).also(input::readFully)
                } catch (_: IOException) {
                    return socket.close()
                }
            // Counted when it asks something: a client that refuses the certificate does not.
            val present = session ?: Session(count.incrementAndGet(), socket).also { session = it }
            val question = AskedQuestion(Message(bytes), true, socket.remoteSocketAddress)
            asked += question
            questionSizes += bytes.size
            present.reply(question).forEach {
                output.writeShort(it.size)
                output.write(it)
            }
            output.flush()
        }
    }
}
