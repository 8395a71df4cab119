package dev.uring.bench.redis

import org.HdrHistogram.Histogram
import java.util.concurrent.atomic.AtomicReference

/**
 * What a client does in one round, and what came of it. The same for every client: the same keys, the same values, and the
 * same look at each reply.
 *
 * Thread: a loop belongs to one thread at a time; each has a [Tally] of its own.
 */
class RedisLoad(
    val isSet: Boolean,
    valueBytes: Int,
    val loops: Int,
    val depth: Int,
    private val untilNanos: Long,
    private val spinNanos: Long,
    salt: Int,
    private val keysCount: Int = KEYS.size,
) {
    /** The value of every key: not the same byte everywhere, so that a cut or shifted one shows. */
    val value: ByteArray = ByteArray(valueBytes) { ('a' + (it + salt) % 23).code.toByte() }
    private val failure = AtomicReference<String>()
    val tallies = List(loops) { Tally(it) }

    /** What was wrong with a reply, or null. */
    val fault: String? get() = failure.get()

    fun fail(what: String) {
        failure.compareAndSet(null, what)
    }

    /** One closed loop: its next key, its operations, its latencies. */
    inner class Tally(
        loop: Int,
    ) {
        private var next = loop * 31
        private var beganNanos = 0L
        val latencies = Histogram(HIGHEST_NANOS, 3)
        var ops = 0L
            private set

        // At least once: on a busy machine a short round may be over before its connections stand.
        fun mayGoOn(): Boolean = fault == null && (ops == 0L || System.nanoTime() < untilNanos)

        fun begin() {
            beganNanos = System.nanoTime()
        }

        fun nextKey(): String = KEYS[next++ and keysCount - 1]

        /** Looks at the reply to a GET. */
        fun check(got: ByteArray?) {
            if (got == null || !got.contentEquals(value)) fail("a value of ${got?.size} bytes came that was never set")
        }

        /** [count] commands that began together are answered. */
        fun end(count: Int) {
            val now = System.nanoTime()
            latencies.recordValue((now - beganNanos).coerceAtMost(HIGHEST_NANOS))
            ops += count
            if (spinNanos > 0) spin(now + spinNanos * count)
        }

        private fun spin(until: Long) {
            while (System.nanoTime() < until) Thread.onSpinWait()
        }
    }

    companion object {
        /** How many keys have values of [valueBytes]: a power of two, and 32 MiB at most, so that nothing is evicted. */
        fun keysCount(valueBytes: Int): Int = (TOTAL_BYTES_MAX / valueBytes.takeHighestOneBit()).coerceIn(1, KEYS.size)

        private const val TOTAL_BYTES_MAX = 32 shl 20
        private const val HIGHEST_NANOS = 60_000_000_000L
        val KEYS: List<String> = List(RedisWorkload.KEYS_COUNT) { "bench:key:%06d".format(it) }
    }
}
