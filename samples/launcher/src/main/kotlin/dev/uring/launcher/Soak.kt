package dev.uring.launcher

import dev.uring.dsl.UringScope
import dev.uring.dsl.readExactly
import dev.uring.dsl.uring
import dev.uring.dsl.withBlocking
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import java.io.File
import java.net.InetSocketAddress
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.TimeSource

/** What a process kept at one moment: [residentBytes] after its heap was collected, and open [descriptors]. */
internal class SoakSample(
    val atSeconds: Double,
    val residentBytes: Long,
    val descriptors: Int,
)

/**
 * What came of a soak.
 *
 * @property driver what the workers ran on
 * @property exchanges messages that came back as they were sent
 * @property connections connections that were opened, used and closed
 * @property samples in the order of time, at least two
 * @property heldAtEnd connections, buffers and blocks that the runtime still held when its clients had gone
 */
internal class SoakReport(
    val driver: String,
    val seconds: Double,
    val exchanges: Long,
    val connections: Long,
    val samples: List<SoakSample>,
    val heldAtEnd: Int,
) {
    /**
     * How fast the process grows, by least squares over the second half of the samples: in the first half code is still
     * compiled and pools still fill.
     */
    val residentBytesPerHour: Double
        get() {
            val later = samples.drop(samples.size / 2).takeIf { it.size > 1 } ?: samples
            val meanSeconds = later.map { it.atSeconds }.average()
            val meanBytes = later.map { it.residentBytes }.average()
            val spread = later.sumOf { (it.atSeconds - meanSeconds) * (it.atSeconds - meanSeconds) }
            val together = later.sumOf { (it.atSeconds - meanSeconds) * (it.residentBytes - meanBytes) }
            return if (spread == 0.0) 0.0 else together / spread * SECONDS_PER_HOUR
        }

    /** Descriptors that were opened since the second half began and not closed. */
    val descriptorsGained: Int get() = samples.last().descriptors - samples[samples.size / 2].descriptors

    fun toText(): String =
        """
        |driver              $driver
        |time                ${"%.1f".format(seconds)} s
        |exchanges           $exchanges
        |connections         $connections
        |resident at end     ${samples.last().residentBytes / BYTES_PER_KIB} KiB
        |resident slope      ${(residentBytesPerHour / BYTES_PER_KIB).toLong()} KiB per hour, over the second half
        |descriptors gained  $descriptorsGained
        |held at end         $heldAtEnd
        """.trimMargin()

    fun toJson(): String {
        val points =
            samples.joinToString(",") {
                """{"seconds":${it.atSeconds},"residentBytes":${it.residentBytes},"descriptors":${it.descriptors}}"""
            }
        return """{"driver":"$driver","seconds":$seconds,"exchanges":$exchanges,"connections":$connections,""" +
            """"residentBytesPerHour":$residentBytesPerHour,"descriptorsGained":$descriptorsGained,""" +
            """"heldAtEnd":$heldAtEnd,"samples":[$points]}"""
    }

    private companion object {
        const val SECONDS_PER_HOUR = 3600
        const val BYTES_PER_KIB = 1024
    }
}

/**
 * A server and its clients in this process, for a long time: connections come, exchange messages of random sizes and go,
 * and what the process keeps is looked at again and again.
 *
 * @param pause how long each client rests after an exchange: none is all that the machine can do
 */
internal class Soak(
    private val time: Duration,
    private val clientsCount: Int,
    private val seed: Long,
    private val pause: Duration = Duration.ZERO,
) {
    private val began = TimeSource.Monotonic.markNow()
    private val samples = mutableListOf<SoakSample>()
    private var exchanges = 0L
    private var connections = 0L

    suspend fun run(): SoakReport {
        var report: SoakReport? = null
        uring {
            val server = tcp("127.0.0.1:0") { connection -> connection.forEachView { connection.write(it) } }
            val address = "127.0.0.1:${(server.localAddress as InetSocketAddress).port}"
            coroutineScope {
                val clients = List(clientsCount) { launch { client(address, Random(seed + it)) } }
                val watching = launch { watch() }
                clients.forEach { it.join() }
                watching.join()
            }
            val held = awaitNothingHeld()
            sample()
            report =
                SoakReport(
                    runtime.driverName(),
                    began.elapsedNow().inWholeMilliseconds / MILLIS_PER_SECOND,
                    exchanges,
                    connections,
                    samples,
                    held,
                )
            shutdown()
        }
        return checkNotNull(report)
    }

    private suspend fun UringScope.client(
        address: String,
        random: Random,
    ) {
        while (began.elapsedNow() < time) {
            connect(address) { connection ->
                repeat(random.nextInt(1, EXCHANGES_MAX + 1)) {
                    // Rests would keep it here long after the time.
                    if (pause.isPositive() && began.elapsedNow() >= time) return@repeat
                    val message = random.nextBytes(random.nextInt(1, MESSAGE_BYTES_MAX + 1))
                    connection.send(message)
                    var isEqual = false
                    connection.readExactly(message.size) { view ->
                        isEqual = message.indices.all { view.get(it) == message[it] }
                    }
                    check(isEqual) { "${message.size} bytes came back changed; again with --seed $seed" }
                    exchanges++
                    if (pause.isPositive()) delay(pause)
                }
            }
            connections++
        }
    }

    private suspend fun UringScope.watch() {
        val pause = (time / SAMPLES).coerceAtLeast(PAUSE_MIN)
        sample()
        while (began.elapsedNow() + pause < time) {
            delay(pause)
            sample()
        }
    }

    private suspend fun UringScope.sample() {
        samples +=
            withBlocking {
                // Garbage is not kept.
                System.gc()
                SoakSample(began.elapsedNow().inWholeMilliseconds / MILLIS_PER_SECOND, residentBytes(), descriptors())
            }
    }

    private suspend fun UringScope.awaitNothingHeld(): Int {
        val patience = TimeSource.Monotonic.markNow() + PATIENCE
        while (held() > 0 && patience.hasNotPassedNow()) delay(PAUSE_MIN)
        return held()
    }

    private fun UringScope.held(): Int =
        runtime.snapshots().sumOf { it.connectionsActive() + it.receiveBuffersHeld() + it.blocksHeld() }

    private companion object {
        /** How often what the process keeps is looked at; each look collects its heap. */
        const val SAMPLES = 60
        const val EXCHANGES_MAX = 200
        const val MESSAGE_BYTES_MAX = 64 * 1024
        const val MILLIS_PER_SECOND = 1000.0
        val PAUSE_MIN = 50.milliseconds
        val PATIENCE = 20_000.milliseconds

        fun residentBytes(): Long =
            File("/proc/self/status")
                .takeIf { it.exists() }
                ?.useLines { lines -> lines.first { it.startsWith("VmRSS:") }.filter(Char::isDigit).toLong() * 1024 }
                ?: Runtime.getRuntime().run { totalMemory() - freeMemory() }

        fun descriptors(): Int = File("/proc/self/fd").list()?.size ?: 0
    }
}
