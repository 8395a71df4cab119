package dev.uring.bench.message

import io.aeron.Aeron
import io.aeron.ExclusivePublication
import io.aeron.FragmentAssembler
import io.aeron.Publication
import io.aeron.Subscription
import io.aeron.driver.MediaDriver
import io.aeron.driver.ThreadingMode
import org.agrona.concurrent.UnsafeBuffer
import java.net.DatagramSocket
import java.net.InetAddress
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.io.path.ExperimentalPathApi
import kotlin.io.path.deleteRecursively

/**
 * Aeron over UDP or over shared memory, in the way that costs least on one CPU: one thread is publisher, subscriber and
 * media driver by turns, and never sleeps, so nothing is ever woken. A channel is a stream of its own in each direction.
 */
class AeronMessages(
    directory: Path,
    private val isIpc: Boolean,
) : MessageEnds {
    private val home = inMemory(directory)
    private val driver =
        MediaDriver.launch(
            MediaDriver
                .Context()
                .aeronDirectoryName("$home")
                .threadingMode(ThreadingMode.INVOKER)
                .termBufferSparseFile(true)
                // Between rounds nobody turns it.
                .clientLivenessTimeoutNs(REST_NANOS)
                .imageLivenessTimeoutNs(REST_NANOS)
                .publicationConnectionTimeoutNs(REST_NANOS)
                .publicationUnblockTimeoutNs(2 * REST_NANOS)
                .driverTimeoutMs(TimeUnit.NANOSECONDS.toMillis(REST_NANOS)),
        )
    private val aeron =
        Aeron.connect(
            Aeron
                .Context()
                .aeronDirectoryName("$home")
                .useConductorAgentInvoker(true)
                .driverAgentInvoker(driver.sharedAgentInvoker())
                .driverTimeoutMs(TimeUnit.NANOSECONDS.toMillis(REST_NANOS)),
        )
    private val serverAddress = address()
    private val clientAddress = address()
    private val links = HashMap<Int, Link>()
    private var body = UnsafeBuffer(ByteArray(0))
    private var turns = 0

    override val settings =
        "${if (isIpc) "shared memory" else "UDP"}, one thread for both ends and the media driver, which never sleeps"

    override fun run(load: MessageLoad) {
        val link = links.getOrPut(load.workload.channels) { open(load.workload.channels) }
        body = UnsafeBuffer(load.body)
        link.begin(load)
        if (load.isRoundTrip) roundTrips(link, load) else stream(link, load)
    }

    private fun roundTrips(
        link: Link,
        load: MessageLoad,
    ) {
        while (link.open > 0 && load.fault == null) {
            turn()
            for (end in link.ends) {
                if (end.isToAsk && isOffered(end.requests)) {
                    end.isToAsk = false
                    load.sending()
                }
                end.atServer.poll(end.server, POLLED_MAX)
                if (end.isToAnswer && isOffered(end.responses)) end.isToAnswer = false
                end.atClient.poll(end.client, POLLED_MAX)
            }
        }
    }

    private fun stream(
        link: Link,
        load: MessageLoad,
    ) {
        while (!load.isDone || !load.isOver) {
            turn()
            for (end in link.ends) {
                var count = 0
                while (count++ < POLLED_MAX && !load.isOver && isOffered(end.requests)) load.sending()
                end.atServer.poll(end.server, POLLED_MAX)
            }
        }
    }

    private fun isOffered(publication: ExclusivePublication): Boolean {
        val position = publication.offer(body, 0, body.capacity())
        check(position != Publication.CLOSED && position != Publication.MAX_POSITION_EXCEEDED) { "ended: $position" }
        return position > 0
    }

    // Between two programs the driver only moves limits along, which can wait a little.
    private fun turn() {
        if (isIpc && turns++ % IPC_TURNS != 0) return
        driver.sharedAgentInvoker().invoke()
        aeron.conductorAgentInvoker().invoke()
    }

    private fun open(channels: Int): Link {
        val streams = links.size * STREAMS_OF_LINK
        val (toServer, atServer) = direction(serverAddress, streams, channels)
        val (toClient, atClient) = direction(clientAddress, streams + STREAMS_OF_LINK / 2, channels)
        return Link(List(channels) { Ends(toServer[it], atServer[it], toClient[it], atClient[it]) })
    }

    private fun direction(
        address: String,
        streams: Int,
        channels: Int,
    ): Pair<List<ExclusivePublication>, List<Subscription>> {
        val subscriptions = List(channels) { aeron.addSubscription(address, streams + it) }
        val publications = List(channels) { aeron.addExclusivePublication("$address|term-length=$TERM", streams + it) }
        val until = System.nanoTime() + CONNECT_NANOS
        while (!publications.all { it.isConnected } || !subscriptions.all { it.isConnected }) {
            check(System.nanoTime() < until) { "$channels streams over $address did not connect" }
            driver.sharedAgentInvoker().invoke()
            aeron.conductorAgentInvoker().invoke()
        }
        return publications to subscriptions
    }

    // A port that was free a moment ago: streams share it, which they cannot if the driver is to choose.
    private fun address(): String {
        if (isIpc) return "aeron:ipc?alias=bench"
        val port = DatagramSocket(0, InetAddress.getLoopbackAddress()).use { it.localPort }
        return "aeron:udp?endpoint=127.0.0.1:$port"
    }

    @OptIn(ExperimentalPathApi::class)
    override fun close() {
        aeron.close()
        driver.close()
        home.deleteRecursively()
    }

    private class Link(
        val ends: List<Ends>,
    ) {
        var open = 0

        fun begin(load: MessageLoad) {
            open = ends.size
            for (end in ends) end.begin(this, load)
        }
    }

    /** Both ends of one channel. */
    private class Ends(
        val requests: ExclusivePublication,
        val atServer: Subscription,
        val responses: ExclusivePublication,
        val atClient: Subscription,
    ) {
        var isToAsk = false
        var isToAnswer = false
        private lateinit var link: Link
        private lateinit var load: MessageLoad
        private var began = 0L

        val server =
            FragmentAssembler { buffer, offset, length, _ ->
                load.check(length, if (length == 0) 0 else buffer.getByte(offset + length - 1))
                if (load.isRoundTrip) isToAnswer = true else load.arrived()
            }
        val client =
            FragmentAssembler { buffer, offset, length, _ ->
                load.check(length, if (length == 0) 0 else buffer.getByte(offset + length - 1))
                began = load.returned(began)
                if (load.isOver) link.open-- else isToAsk = true
            }

        fun begin(
            link: Link,
            load: MessageLoad,
        ) {
            this.link = link
            this.load = load
            isToAsk = true
            began = System.nanoTime()
        }
    }

    companion object {
        /** Most channels that it is measured with: sixteen take 100 MB of memory. */
        const val CHANNELS_MAX = 16

        // The least with room for the largest bodies, which may be an eighth.
        private const val TERM = "512k"
        private const val POLLED_MAX = 16
        private const val IPC_TURNS = 16
        private const val STREAMS_OF_LINK = 1000
        private val CONNECT_NANOS = TimeUnit.SECONDS.toNanos(20)
        private const val SHARED_BYTES_MIN = 1L shl 29
        private val REST_NANOS = TimeUnit.HOURS.toNanos(1)

        /** Where its logs are: in memory if there is enough, as its manual recommends. */
        private fun inMemory(directory: Path): Path {
            val shared = Path.of("/dev/shm")
            val isThere = Files.isDirectory(shared) && Files.getFileStore(shared).usableSpace >= SHARED_BYTES_MIN
            return if (isThere) Files.createTempDirectory(shared, "uring-bench") else directory.resolve("aeron")
        }
    }
}
