package dev.uring.bench.message

import org.HdrHistogram.Histogram
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.atomic.AtomicReference

/**
 * What the two ends do in one round, and what came of it: the same bodies and the same look at each for every subject.
 *
 * Thread: what is sent is counted by one thread at a time, and so is what arrives.
 *
 * @property latencies of round trips, in nanoseconds; emptied first
 */
class MessageLoad(
    val workload: MessageWorkload,
    private val untilNanos: Long,
    private val spinNanos: Long,
    isFaulty: Boolean,
    val latencies: Histogram,
) {
    /** What is sent: not the same byte everywhere, so that a cut or shifted one shows. */
    val body: ByteArray =
        BODIES.computeIfAbsent(workload.bodyBytes) { size -> ByteArray(size) { ('a' + it % 23).code.toByte() } }
    private val expectedSize = if (isFaulty) body.size + 1 else body.size
    private val failure = AtomicReference<String>()
    private val sent = AtomicLong()
    private val received = AtomicLong()

    @Volatile
    private var isTimeUp = false

    init {
        latencies.reset()
    }

    val isRoundTrip: Boolean get() = workload.isRoundTrip

    /** What was wrong, or null. */
    val fault: String? get() = failure.get()

    fun fail(what: String) {
        failure.compareAndSet(null, what)
    }

    /** Messages that have arrived, or round trips that are done. */
    val ops: Long get() = received.get()

    /** Whether nothing more is to be sent. The clock is looked at for every 64th message: it costs as much as some. */
    val isOver: Boolean
        get() {
            if (sent.plain and CLOCK_MASK == 0L && received.plain > 0) look(System.nanoTime())
            return isTimeUp
        }

    /** Whether all that was sent has arrived. */
    val isDone: Boolean get() = fault != null || received.get() == sent.get()

    /**
     * Waits until all that was sent has arrived. A stream that flows over leaves many messages in the sockets, and who
     * waits for them must not take CPU from those who read them.
     */
    fun awaitArrivals() {
        while (!isDone) Thread.sleep(1)
    }

    fun sending() = sent.setRelease(sent.plain + 1)

    /** A body of [size] bytes has come whose last byte is [last]; 0 for none. */
    fun check(
        size: Int,
        last: Byte,
    ) {
        if (size != expectedSize || (size > 0 && last != body[size - 1])) {
            fail("a body of $size bytes came that was never sent")
        }
    }

    fun check(got: ByteArray) = check(got.size, if (got.isEmpty()) 0 else got[got.size - 1])

    fun arrived() {
        received.setRelease(received.plain + 1)
        if (spinNanos > 0) {
            val until = System.nanoTime() + spinNanos
            while (System.nanoTime() < until) Thread.onSpinWait()
        }
    }

    /** A round trip that began at [beganNanos] is done. Returns when that was, and the next one may begin. */
    fun returned(beganNanos: Long): Long {
        val now = System.nanoTime()
        latencies.recordValue((now - beganNanos).coerceIn(0, latencies.highestTrackableValue))
        arrived()
        look(now)
        return now
    }

    private fun look(now: Long) {
        if (now >= untilNanos || fault != null) isTimeUp = true
    }

    private companion object {
        const val CLOCK_MASK = 63L

        // Of all rounds: a new one would be most of what a round of large bodies allocates.
        val BODIES = ConcurrentHashMap<Int, ByteArray>()
    }
}

/** Both ends of a library's connections, in one process. */
interface MessageEnds : AutoCloseable {
    /** What a reader needs to judge the figures. */
    val settings: String

    /** Runs [load] to its end; always called by the same thread. */
    fun run(load: MessageLoad)

    /** Removes what would stay when the process is gone. */
    override fun close() = Unit
}
