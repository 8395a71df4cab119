package dev.uring.bench.message

import org.zeromq.SocketType
import org.zeromq.ZContext
import org.zeromq.ZMQ
import kotlin.concurrent.thread

/**
 * JeroMQ: one I/O thread, a program's thread at each end; DEALER and ROUTER for round trips, PUSH and PULL for streams.
 */
class JeroMessages : MessageEnds {
    private val context = ZContext(1)
    private val links = HashMap<Pair<Boolean, Int>, List<ZMQ.Socket>>()

    @Volatile
    private var load: MessageLoad? = null

    override val settings = "one I/O thread, a thread for each end, high-water mark $HIGH_WATER messages"

    override fun run(load: MessageLoad) {
        this.load = load
        val sockets = links.getOrPut(load.isRoundTrip to load.workload.channels) { open(load) }
        if (load.isRoundTrip) askAll(sockets, load) else streamAll(sockets, load)
        load.awaitArrivals()
    }

    private fun open(load: MessageLoad): List<ZMQ.Socket> {
        val server = socket(if (load.isRoundTrip) SocketType.ROUTER else SocketType.PULL)
        val port = server.bindToRandomPort("tcp://127.0.0.1")
        thread(name = "jeromq-server", isDaemon = true) { if (load.isRoundTrip) echo(server) else take(server) }
        return List(load.workload.channels) {
            val type = if (load.isRoundTrip) SocketType.DEALER else SocketType.PUSH
            socket(type).also { it.connect("tcp://127.0.0.1:$port") }
        }
    }

    private fun socket(type: SocketType): ZMQ.Socket =
        context.createSocket(type).also {
            it.sndHWM = HIGH_WATER
            it.rcvHWM = HIGH_WATER
            it.linger = 0
        }

    private fun echo(server: ZMQ.Socket) {
        while (true) {
            val peer = server.recv()
            val body = server.recv()
            load?.check(body)
            server.send(peer, ZMQ.SNDMORE)
            server.send(body)
        }
    }

    private fun take(server: ZMQ.Socket) {
        while (true) {
            val body = server.recv()
            load?.check(body)
            load?.arrived()
        }
    }

    private fun askAll(
        sockets: List<ZMQ.Socket>,
        load: MessageLoad,
    ) {
        val poller = context.createPoller(sockets.size)
        sockets.forEach { poller.register(it, ZMQ.Poller.POLLIN) }
        val began = LongArray(sockets.size) { System.nanoTime() }
        var open = sockets.size
        sockets.forEach { ask(it, load) }
        while (open > 0) {
            poller.poll(POLL_MILLIS)
            for (i in sockets.indices) {
                if (!poller.pollin(i)) continue
                load.check(sockets[i].recv())
                began[i] = load.returned(began[i])
                if (load.isOver) open-- else ask(sockets[i], load)
            }
        }
        poller.close()
    }

    private fun ask(
        socket: ZMQ.Socket,
        load: MessageLoad,
    ) {
        load.sending()
        socket.send(load.body)
    }

    private fun streamAll(
        sockets: List<ZMQ.Socket>,
        load: MessageLoad,
    ) {
        var next = 0
        while (!load.isOver) ask(sockets[next++ % sockets.size], load)
    }

    private companion object {
        // Twice as many are under way of ours, which has one queue less.
        const val HIGH_WATER = 256
        const val POLL_MILLIS = 1_000L
    }
}
