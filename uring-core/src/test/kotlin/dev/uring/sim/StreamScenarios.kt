package dev.uring.sim

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.bytes.ByteView
import dev.uring.net.Connection
import dev.uring.net.ConnectionHandler
import dev.uring.net.Relay
import dev.uring.worker.Timer
import java.time.Duration
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

internal const val PORT = 7000
internal val PATIENCE: Duration = Duration.ofSeconds(30)

/** How bad it gets is drawn too: most bugs show under some faults and hide under too many. */
internal fun Simulation.drawWeather() {
    link(latency = (20 + random(5_000)).microseconds)
    val chance = listOf(0.0, 0.02, 0.1, 0.3)[random(4)]
    faults { harmless(chance) }
}

internal fun SimHost.listenEcho(configure: RuntimeConfig.Builder.() -> Unit = {}): UringRuntime =
    start(configure).also { it.listen("0.0.0.0:$PORT") { EchoHandler } }

internal fun Simulation.fail(finding: String): Nothing = throw world.fail(finding)

internal fun UringRuntime.anyWorker(simulation: Simulation) = worker(simulation.random(workersCount()))

internal fun Simulation.callers(
    server: SimHost,
    count: Int,
    bytesMax: Int,
): List<EchoCaller> {
    val runtime = host("client").start()
    return List(count) { number ->
        val caller =
            EchoCaller(StreamPattern(seed * CALLERS_MAX + number), random(bytesMax).toLong()) { 1 + random(it) }
        runtime.connect(runtime.anyWorker(this), "${server.address}:$PORT", PATIENCE) { caller }
        caller
    }
}

internal fun Simulation.echoAll() {
    drawWeather()
    val server = host("server")
    server.listenEcho()
    val callers = callers(server, count = 1 + random(6), bytesMax = 20_000)
    runUntil("every echo is back") { callers.all { it.isClosed } }
    for (caller in callers) {
        caller.failure?.let { fail(it) }
        caller.lostBy?.let { fail("a connection was lost though nothing ends one: $it") }
        if (!caller.isDone) fail("an echo of ${caller.sent} bytes ended after ${caller.received}")
    }
}

internal fun Simulation.churn() {
    drawWeather()
    faults { cruel(listOf(0.05, 0.2, 0.5)[random(3)]) }
    val server = host("server")
    server.listenEcho { workersCount(1 + random(3)) }
    val runtime = host("client").start()
    val callers = mutableListOf<EchoCaller>()
    var ended = 0
    val rounds = 5 + random(15)
    repeat(rounds) { number ->
        val caller = Hasty(StreamPattern(seed * CALLERS_MAX + number), random(4_000).toLong(), random(8_000).toLong())
        val worker = runtime.anyWorker(this)
        val attempt =
            runtime.connect(worker, "${server.address}:$PORT", Duration.ofSeconds(3)) {
                caller.also {
                    callers +=
                        it
                }
            }
        attempt.result().whenComplete { _, failure -> if (failure != null) ended++ }
        if (random(3) == 0) runFor(random(3_000).microseconds)
        if (random(8) == 0) resetConnections(server)
    }
    runUntil("every connection has ended", limit = 300.seconds) { ended + callers.count { it.isClosed } >= rounds }
    callers.forEach { caller ->
        caller.failure?.let { if (caller.lostBy == null) fail(it) }
    }
}

// Aborts when so many bytes have come back.
private class Hasty(
    pattern: StreamPattern,
    total: Long,
    private val abortsAt: Long,
) : EchoCaller(pattern, total, { it }) {
    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int = super.onReceive(connection, bytes).also { if (received > abortsAt) connection.abort() }
}

internal fun Simulation.slowReaders() {
    drawWeather()
    val server = host("server")
    val highWater = 4_096L
    val runtime =
        server.start {
            sendHighWaterBytes(highWater)
            sendLowWaterBytes(highWater / 2)
            sendQueueBytesMax(QUEUE_BYTES_MAX)
            recvHighWaterBytes(2_048)
        }
    runtime.listen("0.0.0.0:$PORT") { EchoHandler }
    val client = host("client").start { recvHighWaterBytes(2_048) }
    val callers =
        List(1 + random(4)) { number ->
            val pattern = StreamPattern(seed * CALLERS_MAX + number)
            val caller =
                if (number % 2 ==
                    0
                ) {
                    Sluggish(pattern, 1L + random(60_000))
                } else {
                    EchoCaller(pattern, 1L + random(30_000)) { it }
                }
            client.connect(client.anyWorker(this), "${server.address}:$PORT", PATIENCE) { caller }
            caller
        }
    val bound = QUEUE_BYTES_MAX
    runUntil("every echo is back") {
        runtime.snapshots().forEach {
            if (it.unsentBytesPeak() >
                bound
            ) {
                fail("${it.unsentBytesPeak()} bytes are unsent of at most $bound")
            }
        }
        callers.all { it.isClosed }
    }
    for (caller in callers) {
        caller.failure?.let { fail(it) }
        if (!caller.isDone) fail("an echo ended after ${caller.received} bytes: ${caller.lostBy}")
        if (caller is Sluggish) caller.overrun?.let { fail(it) }
    }
}

// Reads a little, pauses for a while, and reads on.
private class Sluggish(
    pattern: StreamPattern,
    total: Long,
) : EchoCaller(pattern, total, { it }) {
    private var isPausing = false

    /** What was offered though it had paused. */
    var overrun: String? = null
        private set

    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int {
        if (isPausing) overrun = "bytes are offered to a handler that has paused"
        val taken = super.onReceive(connection, bytes)
        isPausing = true
        connection.pauseReceive()
        val timer =
            object : Timer() {
                override fun fire() {
                    val kept = connection.readableBytes()
                    if (kept > KEPT_BYTES_MAX) overrun = "$kept bytes are kept for a handler that has paused"
                    isPausing = false
                    connection.resumeReceive()
                }
            }
        connection.worker().arm(timer, PAUSE_NANOS)
        return taken
    }
}

internal fun Simulation.flood() {
    drawWeather()
    val server = host("server")
    val pattern = StreamPattern(seed)
    val runtime =
        server.start {
            sendQueueBytesMax(QUEUE_BYTES_MAX).sendHighWaterBytes(QUEUE_BYTES_MAX).sendLowWaterBytes(0)
        }
    runtime.listen("0.0.0.0:$PORT") { Flooder(pattern) }
    val client = host("client").start()
    val takers =
        List(1 + random(3)) {
            Taker(
                pattern,
            ).also { client.connect(client.anyWorker(this), "${server.address}:$PORT", PATIENCE) { _ -> it } }
        }
    runUntil("every connection has ended") { takers.all { it.isClosed } }
    takers.forEach { taker -> taker.failure?.let { fail(it) } }
    val peak = runtime.snapshots().maxOf { it.unsentBytesPeak() }
    // The bound may be passed by one block.
    if (peak > QUEUE_BYTES_MAX * 2) fail("$peak bytes are unsent of at most $QUEUE_BYTES_MAX")
}

// Writes far more than the queue holds, whatever it is told.
private class Flooder(
    private val pattern: StreamPattern,
) : ConnectionHandler {
    override fun onOpen(connection: Connection) {
        var offset = 0L
        while (offset < QUEUE_BYTES_MAX * FLOODS) {
            connection.write(pattern.bytes(offset, FLOOD_BYTES))
            offset += FLOOD_BYTES
        }
        connection.close()
    }

    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int = bytes.size()
}

internal fun Simulation.relayAll() {
    drawWeather()
    val server = host("server")
    server.listenEcho()
    val proxy = host("proxy")
    val runtime = proxy.start()
    runtime.listen("0.0.0.0:$PORT") { ProxyHandler(runtime, "${server.address}:$PORT") }
    val callers = callers(proxy, count = 1 + random(4), bytesMax = 30_000)
    runUntil("every echo is back through the proxy") { callers.all { it.isClosed } }
    for (caller in callers) {
        caller.failure?.let { fail(it) }
        if (!caller.isDone) fail("an echo ended after ${caller.received} bytes: ${caller.lostBy}")
    }
}

// Holds the bytes until the way on is open, then lets the relay have them.
private class ProxyHandler(
    private val runtime: UringRuntime,
    private val target: String,
) : ConnectionHandler {
    override fun onOpen(connection: Connection) {
        connection.pauseReceive()
        runtime
            .connect(connection.worker(), target, PATIENCE) { ConnectionHandler { _, bytes -> bytes.size() } }
            .result()
            .whenComplete { onward, failure ->
                when {
                    failure != null -> connection.abort()
                    !connection.isOpen -> onward.abort()
                    else -> relay(connection, onward)
                }
            }
    }

    private fun relay(
        connection: Connection,
        onward: Connection,
    ) {
        Relay.start(connection, onward) { _, _ -> }
        connection.resumeReceive()
    }

    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int = 0
}

internal fun Simulation.partitions() {
    drawWeather()
    val server = host("server")
    server.listenEcho()
    val callers = callers(server, count = 1 + random(3), bytesMax = 10_000)
    val client = hosts.last()
    runFor(random(3_000).microseconds)
    partition(server, client)
    val before = callers.sumOf { it.received }
    runFor(1.milliseconds * (1 + random(2_000)))
    heal(server, client)
    runUntil("every echo is back after the partition") { callers.all { it.isClosed } }
    for (caller in callers) {
        caller.failure?.let { fail(it) }
        if (caller.lostBy == null &&
            !caller.isDone
        ) {
            fail("an echo ended after ${caller.received} bytes, $before before the partition")
        }
    }
}

internal const val CALLERS_MAX = 1_000L
private const val QUEUE_BYTES_MAX = 65_536L
private const val FLOODS = 8
private const val FLOOD_BYTES = 1_000
private const val PAUSE_NANOS = 20_000_000L

// recvHighWaterBytes, and every buffer that was filled before the kernel heard that it should stop.
private const val KEPT_BYTES_MAX = 2_048 + 16 * 1_024
