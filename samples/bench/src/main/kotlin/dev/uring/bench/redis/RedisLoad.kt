package dev.uring.bench.redis

import org.HdrHistogram.Histogram
import java.lang.management.ManagementFactory
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.atomic.AtomicReference

/**
 * What a client does in one round, and what came of it. The same for every client: the same keys, the same values, and the
 * same look at each reply.
 *
 * One histogram for each thread and not for each loop: those of 256 loops fit no cache, and their misses would be measured as
 * the client's. The clock is read once for each operation, because the next one begins where the last one ends.
 *
 * Thread: a loop belongs to one thread at a time; each has a [Tally] of its own.
 */
class RedisLoad(
    private val mix: RedisWorkload.Mix,
    valueBytes: Int,
    val loops: Int,
    val depth: Int,
    private val untilNanos: Long,
    private val spinNanos: Long,
    salt: Int,
    private val keysCount: Int = KEYS.size,
) {
    /** The value of every key: not the same byte everywhere, so that a cut or shifted one shows. */
    val value: ByteArray = valueOf(valueBytes, salt)
    private val failure = AtomicReference<String>()
    private val recorders = ConcurrentLinkedQueue<Histogram>()
    private val recorder = ThreadLocal.withInitial { Histogram(HIGHEST_NANOS, DIGITS).also(recorders::add) }
    val tallies = List(loops) { Tally(it) }

    /** Whether everything is a SET. */
    val isSet: Boolean get() = mix == RedisWorkload.Mix.SET

    /** What was wrong with a reply, or null. */
    val fault: String? get() = failure.get()

    fun fail(what: String) {
        failure.compareAndSet(null, what)
    }

    /** All latencies, once the round is over. */
    fun latencies(): Histogram = Histogram(HIGHEST_NANOS, DIGITS).also { all -> recorders.forEach(all::add) }

    /** One closed loop: its next key, its operations, its latencies. */
    inner class Tally(
        loop: Int,
    ) {
        private var next = loop * 31
        private var beganNanos = 0L
        private var nowNanos = 0L
        var ops = 0L
            private set

        // At least once: on a busy machine a short round may be over before its connections stand.
        fun mayGoOn(): Boolean = fault == null && (ops == 0L || nowNanos < untilNanos)

        fun begin() {
            if (ops == 0L) nowNanos = System.nanoTime()
            beganNanos = nowNanos
        }

        fun nextKey(): String = KEYS[next++ and keysCount - 1]

        /** Whether the command for the next key is a SET; asked before [nextKey]. */
        fun isNextSet(): Boolean = next % TEN < mix.setsOfTen

        /** Looks at the reply to a GET. */
        fun check(got: ByteArray?) {
            if (got == null || !got.contentEquals(value)) fail("a value of ${got?.size} bytes came that was never set")
        }

        /** [count] commands that began together are answered. */
        fun end(count: Int) {
            nowNanos = System.nanoTime()
            recorder.get().recordValue((nowNanos - beganNanos).coerceAtMost(HIGHEST_NANOS))
            ops += count
            if (spinNanos > 0) {
                spin(spinNanos * count)
                nowNanos = System.nanoTime()
            }
        }
    }

    companion object {
        private val THREADS = ManagementFactory.getThreadMXBean()

        // By the CPU that the thread had, where it knows: on a busy machine time passes without any.
        private fun spin(nanos: Long) {
            val clock = if (Thread.currentThread().isVirtual) System::nanoTime else THREADS::getCurrentThreadCpuTime
            val until = clock() + nanos
            while (clock() < until) Thread.onSpinWait()
        }

        /** How many keys have values of [valueBytes]: a power of two, and 32 MiB at most, so that nothing is evicted. */
        fun keysCount(valueBytes: Int): Int = (TOTAL_BYTES_MAX / valueBytes.takeHighestOneBit()).coerceIn(1, KEYS.size)

        /** The value of [bytes] bytes that every key has; with another [salt] another one. */
        fun valueOf(
            bytes: Int,
            salt: Int = 0,
        ): ByteArray = ByteArray(bytes) { ('a' + (it + salt) % 23).code.toByte() }

        private const val TEN = 10
        private const val TOTAL_BYTES_MAX = 32 shl 20
        private const val HIGHEST_NANOS = 60_000_000_000L

        // One in a hundred: a percentile of a short round is no better known.
        private const val DIGITS = 2
        val KEYS: List<String> = List(RedisWorkload.KEYS_COUNT) { "bench:key:%06d".format(it) }
    }
}
