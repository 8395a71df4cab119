package dev.uring.bench

import dev.uring.Doctor
import dev.uring.bench.measure.Calibration
import dev.uring.bench.measure.Interleaving
import dev.uring.bench.measure.MachineObserver
import dev.uring.bench.measure.Schedule
import dev.uring.bench.process.JavaCommand
import dev.uring.bench.process.NativePrograms
import dev.uring.bench.process.Placement
import dev.uring.bench.process.ProcessPool
import java.nio.file.Path
import kotlin.io.path.name

/** What every bench needs while it runs: its processes, its place on the CPUs, the calibration. Owns all of it. */
class BenchSession(
    val options: BenchOptions,
    name: String,
) : AutoCloseable {
    /** A directory on a disk that is kept between runs. */
    val work: Path = workDirectory()

    val placement: Placement = Placement.detect()
    val cpus: Set<Int> = setOf(placement.serverCpu, placement.clientCpu)
    val pool = ProcessPool(work.resolve("logs-$name-${ProcessHandle.current().pid()}"))
    val native = NativePrograms(work.resolve("native"), pool)
    private val calibration = Calibration(placement)

    /** One for the whole run: its calibration knows the machine's best moment so far. */
    private val observer = MachineObserver(calibration, cpus)

    /** Measures by [schedule], telling the progress with [context] before each step. */
    fun interleaving(
        schedule: Schedule,
        context: String,
    ) = Interleaving(schedule, observer) { options.progress("$context: $it") }

    /** Why nothing that needs io_uring can run here, with the remedy, or null when it can. */
    val ioUringUnavailable: String? by lazy { Doctor.examine().let { if (it.usable()) null else it.verdict() } }

    /** The load generator in C where gcc and io_uring are, else the Java one. */
    fun loadGeneratorCommand(): List<String> =
        if (native.unavailable == null && ioUringUnavailable == null) {
            listOf(native.executable("load").toString())
        } else {
            JavaCommand.of("dev.uring.bench.load.NioLoadGenerator")
        }

    override fun close() {
        pool.close()
        calibration.close()
    }

    private companion object {
        /** `target/bench` of this module when it runs from its build, else of the working directory. */
        fun workDirectory(): Path {
            val here =
                Path.of(
                    BenchSession::class.java.protectionDomain.codeSource.location
                        .toURI(),
                )
            val target = generateSequence(here) { it.parent }.firstOrNull { it.name == "target" } ?: Path.of("target")
            return target.toAbsolutePath().resolve("bench")
        }
    }
}
