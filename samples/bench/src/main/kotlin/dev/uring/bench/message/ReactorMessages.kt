package dev.uring.bench.message

import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.StandardProtocolFamily
import java.net.UnixDomainSocketAddress
import java.nio.ByteBuffer
import java.nio.channels.SelectionKey
import java.nio.channels.Selector
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.nio.file.Path
import java.util.concurrent.ArrayBlockingQueue
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/**
 * Baseline: tofu's own architecture, rebuilt from its description. One reactor thread, which calls poll(2); a program's
 * thread at each end that puts messages into a mailbox under a lock and sends one byte over a loopback socket for each; one
 * such byte and one message handled in each round of the loop; three passes over all channels in each round; header and body
 * sent and read by separate calls, and one more read that finds nothing; Nagle's algorithm left on. What differs: its
 * buffers and the thread of a program are Java's.
 */
class ReactorMessages(
    private val directory: Path,
) : MessageEnds {
    private class Post(
        val link: ReactorLink,
        val body: ByteArray,
    )

    private val selector = Selector.open()
    private val mailbox = LinkedBlockingQueue<Post>()
    private val notify: SocketChannel
    private val notified: SocketChannel
    private val atServer = ArrayBlockingQueue<Post>(QUEUE_MAX)
    private val atClient = ArrayBlockingQueue<Post>(QUEUE_MAX)
    private val lock = Any()
    private val clients = HashMap<Pair<Boolean, Int>, List<ReactorLink>>()
    private val byte = ByteBuffer.allocateDirect(1)
    private val notice = ByteBuffer.allocateDirect(1)

    // All of the reactor's; a link comes by way of its key.
    private val all = ArrayList<ReactorLink>()

    @Volatile
    private var load: MessageLoad? = null

    init {
        ServerSocketChannel.open().use { listening ->
            listening.bind(InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            notify = SocketChannel.open(listening.localAddress)
            notified = listening.accept()
        }
        notified.configureBlocking(false)
        notified.register(selector, SelectionKey.OP_READ)
        thread(name = "reactor", isDaemon = true) { react() }
        thread(name = "server-program", isDaemon = true) { serve() }
    }

    override val settings =
        "BASELINE, tofu's architecture rebuilt: one reactor thread, poll, a byte of wake-up for each message, " +
            "a send and a read for each part, Nagle on"

    override fun run(load: MessageLoad) {
        this.load = load
        val ends = clients.getOrPut(load.workload.isUnix to load.workload.channels) { open(load.workload) }
        if (load.isRoundTrip) roundTrips(ends, load) else stream(ends, load)
        load.awaitArrivals()
    }

    private fun roundTrips(
        ends: List<ReactorLink>,
        load: MessageLoad,
    ) {
        val began = LongArray(ends.size) { System.nanoTime() }
        ends.forEach { ask(it, load) }
        var open = ends.size
        while (open > 0 && load.fault == null) {
            val answer = atClient.poll(1, TimeUnit.SECONDS) ?: continue
            load.check(answer.body)
            began[answer.link.index] = load.returned(began[answer.link.index])
            if (load.isOver) open-- else ask(answer.link, load)
        }
    }

    private fun stream(
        ends: List<ReactorLink>,
        load: MessageLoad,
    ) {
        var next = 0
        while (!load.isOver) {
            // Its own queue has no bound; without one here the round would never end.
            while (mailbox.size > QUEUE_MAX) Thread.sleep(1)
            ask(ends[next++ % ends.size], load)
        }
    }

    private fun ask(
        link: ReactorLink,
        load: MessageLoad,
    ) {
        load.sending()
        post(Post(link, load.body))
    }

    private fun post(post: Post) {
        synchronized(lock) {
            mailbox.add(post)
            byte.clear()
            notify.write(byte)
        }
    }

    private fun serve() {
        while (true) {
            val post = atServer.take()
            val present = load ?: continue
            present.check(post.body)
            if (present.isRoundTrip) post(Post(post.link, present.body)) else present.arrived()
        }
    }

    private fun open(workload: MessageWorkload): List<ReactorLink> {
        val listening =
            if (workload.isUnix) {
                val file = directory.resolve("baseline-${workload.channels}")
                ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(file))
            } else {
                ServerSocketChannel.open().bind(InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            }
        return listening.use {
            List(workload.channels) { index ->
                val client = register(SocketChannel.open(listening.localAddress), false, index)
                register(listening.accept(), true, index)
                client
            }
        }
    }

    private fun register(
        channel: SocketChannel,
        isServer: Boolean,
        index: Int,
    ): ReactorLink {
        channel.configureBlocking(false)
        val link = ReactorLink(channel, isServer, index)
        channel.register(selector, SelectionKey.OP_READ, link)
        selector.wakeup()
        return link
    }

    private fun react() {
        try {
            while (true) turn()
        } catch (failure: Throwable) {
            load?.fail("$failure")
        }
    }

    private fun turn() {
        passOverAll()
        selector.select()
        var isNotified = false
        for (key in selector.selectedKeys()) {
            val link = key.attachment() as ReactorLink?
            if (link == null) {
                isNotified = true
                continue
            }
            if (key.isWritable) link.send()
            if (key.isReadable) link.receive { received(link, it) }
        }
        selector.selectedKeys().clear()
        if (!isNotified) return
        notice.clear()
        notified.read(notice)
        val post = mailbox.poll() ?: return
        post.link.queue(post.body)
        post.link.send()
    }

    private fun received(
        link: ReactorLink,
        body: ByteArray,
    ) = (if (link.isServer) atServer else atClient).put(Post(link, body))

    // What to wait for of each, whether it is still valid, and whether it is to be deleted.
    private fun passOverAll() {
        val keys = selector.keys()
        if (all.size + 1 != keys.size) {
            all.clear()
            keys.mapNotNullTo(all) { key -> (key.attachment() as ReactorLink?)?.also { it.key = key } }
        }
        all.forEach(ReactorLink::awaitWhatItNeeds)
        all.forEach { check(it.isValid) { "a channel ended" } }
        all.removeIf { it.isToDelete }
    }

    private companion object {
        const val QUEUE_MAX = 1 shl 16
    }
}
