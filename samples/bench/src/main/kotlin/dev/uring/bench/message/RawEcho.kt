package dev.uring.bench.message

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.bytes.ByteView
import dev.uring.net.Connection
import dev.uring.net.ConnectionAcceptor
import dev.uring.net.ConnectionHandler
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.CountDownLatch

/** As many bytes as a message has, there and back, by callbacks on one worker: what is left when there are no messages. */
class RawEcho(
    private val directory: Path,
) : MessageEnds {
    private val runtime = UringRuntime.start(RuntimeConfig.builder().workersCount(1).build())
    private val links = HashMap<Pair<Boolean, Int>, List<Client>>()

    override val settings = "callbacks, one worker for both ends, no messages, driver ${runtime.driverName()}"

    override fun run(load: MessageLoad) {
        val workload = load.workload
        val clients = links.getOrPut(workload.isUnix to workload.channels) { open(workload) }
        val over = CountDownLatch(clients.size)
        runtime.worker(0).execute { clients.forEach { it.begin(load, over) } }
        over.await()
    }

    private fun open(workload: MessageWorkload): List<Client> {
        val file = directory.resolve("raw-${workload.channels}")
        val listener = runtime.listen(if (workload.isUnix) "unix:$file" else "127.0.0.1:0", ConnectionAcceptor { Echo })
        val address = if (workload.isUnix) "unix:$file" else "127.0.0.1:${listener.port()}"
        return List(workload.channels) {
            val client = Client()
            val attempt = runtime.connect(runtime.worker(0), address, CONNECT_LIMIT, ConnectionAcceptor { client })
            attempt.result().toCompletableFuture().get()
            client
        }
    }

    private object Echo : ConnectionHandler {
        override fun onReceive(
            connection: Connection,
            bytes: ByteView,
        ): Int {
            connection.write(bytes)
            return bytes.size()
        }
    }

    private class Client : ConnectionHandler {
        private lateinit var connection: Connection
        private lateinit var load: MessageLoad
        private lateinit var over: CountDownLatch
        private var began = 0L
        private var missing = 0

        override fun onOpen(connection: Connection) {
            this.connection = connection
        }

        fun begin(
            load: MessageLoad,
            over: CountDownLatch,
        ) {
            this.load = load
            this.over = over
            began = System.nanoTime()
            ask()
        }

        private fun ask() {
            load.sending()
            missing = HEADER_BYTES + load.body.size
            val output = connection.output()
            repeat(HEADER_BYTES / Long.SIZE_BYTES) { output.putLong(load.body.size.toLong()) }
            if (load.body.isNotEmpty()) output.putBytes(load.body, 0, load.body.size)
        }

        override fun onReceive(
            connection: Connection,
            bytes: ByteView,
        ): Int {
            val size = bytes.size()
            missing -= size
            if (missing > 0) return size
            if (missing < 0) load.fail("${-missing} bytes more came than were sent")
            load.check(load.body.size, if (load.body.isEmpty()) 0 else bytes.get(size - 1))
            began = load.returned(began)
            if (load.isOver) over.countDown() else ask()
            return size
        }

        override fun onClosed(
            connection: Connection,
            cause: Throwable?,
        ) {
            if (over.count > 0) {
                load.fail("a connection ended: $cause")
                over.countDown()
            }
        }
    }

    private companion object {
        const val HEADER_BYTES = 16
        val CONNECT_LIMIT: Duration = Duration.ofSeconds(10)
    }
}
