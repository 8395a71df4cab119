package dev.uring.sim

import dev.uring.UringRuntime
import dev.uring.bytes.ByteView
import dev.uring.net.Connection
import dev.uring.net.ConnectionHandler
import dev.uring.net.SendGuard
import dev.uring.net.UdpHandler
import dev.uring.net.UdpOptions
import dev.uring.net.UdpPeer
import dev.uring.net.UdpSocket
import dev.uring.worker.Timer
import dev.uring.worker.Worker
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout
import java.net.InetSocketAddress
import java.time.Duration
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.seconds

internal fun Simulation.handOver() {
    drawWeather()
    val server = host("server")
    val pattern = StreamPattern(seed)
    val guards = List(1 + random(12)) { Guard(1 + random(6_000)) }
    val total = guards.sumOf { it.size }
    server
        .start { zeroCopySendBytesMin(if (random(4) == 0) 0 else 1) }
        .listen("0.0.0.0:$PORT") { Giver(pattern, guards) }
    val runtime = host("client").start()
    val taker = Taker(pattern)
    runtime.connect(runtime.anyWorker(this), "${server.address}:$PORT", PATIENCE) { taker }
    if (random(3) == 0) {
        runFor(random(4_000).microseconds)
        resetConnections(server)
    }
    runUntil("the connection is closed and all memory is let go of") {
        taker.isClosed &&
            guards.all { !it.isGiven || it.releases > 0 }
    }
    taker.failure?.let { fail(it) }
    guards.firstOrNull { it.releases > 1 }?.let { fail("memory was let go of ${it.releases} times") }
    if (taker.lostBy == null && taker.received != total.toLong()) fail("${taker.received} bytes came of $total")
}

/** Memory that is written over when it is let go of, as the next user of it would. */
private class Guard(
    val size: Int,
) : SendGuard {
    private val memory = Arena.ofAuto().allocate(size.toLong())
    var isGiven = false
    var releases = 0
        private set

    fun fill(bytes: ByteArray) {
        isGiven = true
        MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, size)
    }

    override fun memory(): MemorySegment = memory

    override fun released() {
        releases++
        memory.fill(RUIN)
    }

    private companion object {
        const val RUIN: Byte = 0x5A
    }
}

private class Giver(
    private val pattern: StreamPattern,
    private val guards: List<Guard>,
) : ConnectionHandler {
    override fun onOpen(connection: Connection) {
        var offset = 0L
        for (guard in guards) {
            guard.fill(pattern.bytes(offset, guard.size))
            connection.write(guard)
            offset += guard.size
        }
        connection.close()
    }

    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int = bytes.size()
}

internal class Taker(
    private val pattern: StreamPattern,
) : ConnectionHandler {
    var received = 0L
        private set
    var failure: String? = null
        private set
    var isClosed = false
        private set
    var lostBy: Throwable? = null
        private set

    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int {
        failure = failure ?: pattern.check(bytes, received)
        received += bytes.size()
        return bytes.size()
    }

    override fun onClosed(
        connection: Connection,
        cause: Throwable?,
    ) {
        isClosed = true
        lostBy = cause
    }
}

internal fun Simulation.mail() {
    drawWeather()
    val runtime =
        host("machine").start {
            workersCount(2 + random(3))
            mailboxCapacity(MAILBOX)
            tasksPerTurnMax(1 + random(40))
        }
    val count = runtime.workersCount()
    val messages = 100 + random(400)
    val next = Array(count) { IntArray(count) }
    var arrived = 0
    val arrive = { from: Int, to: Int, number: Int ->
        if (Worker.current() !== runtime.worker(to)) fail("a task runs on the wrong worker")
        if (number < next[from][to]) fail("message $number from $from to $to comes after ${next[from][to] - 1}")
        next[from][to] = number + 1
        arrived++
    }

    // In parts, so that room appears at others between them.
    fun send(
        from: Int,
        first: Int,
    ) {
        val end = minOf(messages, first + 1 + random(MAILBOX * count))
        for (number in first until end) {
            val to = number % count
            runtime.worker(to).execute { arrive(from, to, number) }
        }
        if (end < messages) runtime.worker(from).execute { send(from, end) }
    }
    for (from in 0 until count) runtime.worker(from).execute { send(from, 0) }
    runUntil("every message has come", limit = 60.seconds) { arrived == messages * count }
    runtime.snapshots().forEach {
        if (it.mailboxDepth() >
            MAILBOX
        ) {
            fail("a mailbox holds ${it.mailboxDepth()} of $MAILBOX")
        }
    }
    if (arrived != messages * count) fail("$arrived messages came of ${messages * count}")
}

internal fun Simulation.connectRaces() {
    drawWeather()
    faults { lateCancels = 0.5 }
    val server = host("server")
    val listening = server.start { connectionsPerWorkerMax(2 + random(4)) }
    val listener = listening.listen("0.0.0.0:$PORT") { EchoHandler }
    val runtime = host("client").start()
    val rounds = 4 + random(12)
    var ended = 0
    repeat(rounds) { number ->
        val timeout = if (number % 3 == 0) Duration.ofNanos(1 + random(8_000_000).toLong()) else PATIENCE
        val attempt =
            runtime.connect(
                runtime.anyWorker(this),
                "${server.address}:$PORT",
                timeout,
            ) { ClosesAtOnce { ended++ } }
        attempt.result().whenComplete { _, failure -> if (failure != null) ended++ }
        if (random(2) == 0) at(now + random(12_000).microseconds) { attempt.cancel() }
    }
    if (random(2) == 0) {
        runFor(random(6_000).microseconds)
        listener.close()
    }
    runUntil("every attempt has ended", limit = 300.seconds) { ended == rounds }
}

private class ClosesAtOnce(
    private val ended: () -> Unit,
) : ConnectionHandler {
    override fun onOpen(connection: Connection) {
        connection.writeUtf8("hello")
        connection.close()
    }

    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int = bytes.size()

    override fun onClosed(
        connection: Connection,
        cause: Throwable?,
    ) = ended()
}

internal fun Simulation.panics() {
    drawWeather()
    val server = host("server")
    val runtime = server.start { workersCount(1) }
    runtime.listen("0.0.0.0:$PORT") { if (random(3) == 0) Panics(random(600).toLong()) else EchoHandler }
    val callers = callers(server, count = 3 + random(5), bytesMax = 3_000)
    runUntil("every connection has ended") { callers.all { it.isClosed } }
    for (caller in callers) {
        val wasWhole = caller.isDone && caller.lostBy == null
        if (!wasWhole &&
            caller.lostBy == null
        ) {
            fail(caller.failure ?: "an echo ended after ${caller.received} bytes without a cause")
        }
    }
    if (runtime.snapshots().single().connectionsAccepted() !=
        callers.size.toLong()
    ) {
        fail("a worker accepts no more after a panic")
    }
}

private class Panics(
    private val atByte: Long,
) : ConnectionHandler {
    private var received = 0L

    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int {
        received += bytes.size()
        if (received > atByte) error("planned, after $received bytes")
        connection.write(bytes)
        return bytes.size()
    }
}

internal fun Simulation.timers() {
    drawWeather()
    faults { clockJumps = listOf(0.0, 0.01, 0.1)[random(3)] }
    val runtime = host("machine").start { workersCount(1) }
    val worker = runtime.worker(0)
    val count = 20 + random(60)
    var fired = 0
    var lastDeadline = 0L
    worker.execute {
        repeat(count) {
            val delay = random(2_000_000_000).toLong()
            val deadline = worker.clockNanos() + delay
            val timer =
                object : Timer() {
                    override fun fire() {
                        if (worker.clockNanos() <
                            deadline
                        ) {
                            fail("a timer fired ${deadline - worker.clockNanos()} ns early")
                        }
                        if (deadline < lastDeadline - TICK_NANOS) fail("timers fire out of order")
                        lastDeadline = deadline
                        fired++
                    }
                }
            worker.arm(timer, delay)
            if (random(5) == 0) {
                worker.disarm(timer)
                fired++
            }
        }
    }
    runUntil("every timer has fired", limit = 10.seconds) { fired == count }
}

internal fun Simulation.datagramEcho() {
    drawWeather()
    link(latency = 500.microseconds, jitter = 2_000.microseconds, loss = listOf(0.0, 0.05, 0.3)[random(3)])
    val server = host("server")
    val options =
        UdpOptions
            .builder()
            .receiveBuffersCount(DATAGRAM_BUFFERS)
            .receiveBytesMax(DATAGRAM_BYTES_MAX)
            .build()
    server.start().udp("0.0.0.0:$PORT", options) { UdpHandler { socket, payload, peer -> socket.send(payload, peer) } }
    val runtime = host("client").start()
    val to = InetSocketAddress(server.inetAddress, PORT)
    val asker =
        DatagramAsker(
            StreamPattern(seed),
            sizes =
                List(5 + random(20)) {
                    NUMBER_BYTES +
                        random(DATAGRAM_BYTES_MAX - NUMBER_BYTES)
                },
        )
    runtime.openUdp(runtime.anyWorker(this), "0.0.0.0:0", options.toBuilder().remote(to).build()) { asker }
    runUntil("every datagram is answered", limit = 120.seconds) { asker.failure != null || asker.isDone }
    asker.failure?.let { fail(it) }
}

/** Asks again until each of its datagrams has come back. */
private class DatagramAsker(
    private val pattern: StreamPattern,
    private val sizes: List<Int>,
) : UdpHandler {
    private val answered = BooleanArray(sizes.size)
    private var again: Timer? = null
    var failure: String? = null
        private set
    val isDone: Boolean get() = answered.all { it }

    override fun onOpen(socket: UdpSocket) = ask(socket)

    override fun onDatagram(
        socket: UdpSocket,
        payload: ByteView,
        peer: UdpPeer,
    ) {
        val number = payload.getInt(0)
        if (number !in sizes.indices || payload.size() != sizes[number]) {
            failure = "a datagram of ${payload.size()} bytes that nobody sent, number $number"
        } else if (!payload.contentEquals(0, payload.size(), datagram(number))) {
            failure = "datagram $number came back changed"
        } else {
            answered[number] = true
        }
    }

    private fun ask(socket: UdpSocket) {
        if (!socket.isOpen || isDone) return
        answered.indices.filter { !answered[it] }.forEach { socket.send(datagram(it), null) }
        val timer =
            again ?: object : Timer() {
                override fun fire() = ask(socket)
            }
        again = timer
        socket.worker().arm(timer, TimeUnit.MILLISECONDS.toNanos(AGAIN_MILLIS))
    }

    override fun onClosed(
        socket: UdpSocket,
        cause: Throwable?,
    ) {
        again?.let { socket.worker().disarm(it) }
    }

    private fun datagram(number: Int): ByteArray =
        ByteArray(sizes[number]) { at ->
            if (at <
                NUMBER_BYTES
            ) {
                (number ushr (NUMBER_BYTES - 1 - at) * Byte.SIZE_BITS).toByte()
            } else {
                pattern.at(number * STRIDE + at)
            }
        }

    private companion object {
        const val AGAIN_MILLIS = 50L
        const val STRIDE = 10_000L
    }
}

private const val MAILBOX = 64

// The wheel's unit: two timers within one tick fire in the order in which they were armed.
private const val TICK_NANOS = 1L shl 18
private const val DATAGRAM_BUFFERS = 4
private const val DATAGRAM_BYTES_MAX = 512
private const val NUMBER_BYTES = 4
