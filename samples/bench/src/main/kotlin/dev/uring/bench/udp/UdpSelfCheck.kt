package dev.uring.bench.udp

import dev.uring.bench.BenchSession
import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.echo.EchoLoad
import dev.uring.bench.echo.EchoWorkload
import dev.uring.bench.echo.RunningEcho
import dev.uring.bench.measure.AddedCpuCheck
import dev.uring.bench.measure.Contestant
import dev.uring.bench.measure.Metric
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.error

/**
 * Shows that the harness would notice: spoiled replies are refused, missing ones are counted, and a server that is slower
 * by a known amount is measured slower by that amount. A bench that cannot do all three may not report.
 */
class UdpSelfCheck(
    private val session: BenchSession,
    private val generator: ControlledProcess,
) {
    /** Returns one sentence for each check that passed; throws [SelfCheckFailure] at the first that did not. */
    fun run(): List<String> {
        val twin = UdpSubject.TWIN.start(session)
        val original = UdpSubject.ALL.first { it.name == UdpSubject.JDK }.start(session)
        val checks = listOf(faultsAreCaught(twin), lossIsCounted(twin), addedCpuIsMeasured(original, twin))
        session.pool.end(twin.process.child)
        session.pool.end(original.process.child)
        return checks + "every byte of every reply compared, no error in any round"
    }

    /** Each fault must be refused; a load that accepts one proves nothing about the others. */
    fun faultsAreCaught(twin: RunningEcho): String {
        val load = EchoLoad(generator, session.cpus)
        for (fault in FAULTS) {
            session.options.progress("self-check: a server that answers with \"$fault\" must be caught")
            mode(twin, fault)
            val caught =
                try {
                    load.round(twin, FAULT_WORKLOAD, FAULT_SECONDS)
                    false
                } catch (_: SelfCheckFailure) {
                    true
                }
            if (!caught) throw SelfCheckFailure("A server that spoils replies (\"$fault\") was not caught.")
        }
        mode(twin, "none")
        return "replies spoiled by ${FAULTS.joinToString()} were each caught"
    }

    /** About one reply in twenty is dropped; that share must be in the figures. */
    fun lossIsCounted(twin: RunningEcho): String {
        session.options.progress("self-check: dropped replies must be counted")
        mode(twin, "drop")
        val figures = EchoLoad(generator, session.cpus).round(twin, FAULT_WORKLOAD, LOSS_SECONDS)
        mode(twin, "none")
        val share = figures.metrics.getValue(Metric.LOST_SHARE)
        if (share < DROPPED_SHARE / 2 || share > DROPPED_SHARE * 2) {
            throw SelfCheckFailure("A twin that drops $DROPPED_SHARE of its replies was measured to lose $share.")
        }
        return "replies that were dropped were counted as lost"
    }

    private fun addedCpuIsMeasured(
        original: RunningEcho,
        twin: RunningEcho,
    ): String {
        mode(twin, "spin ${AddedCpuCheck.ADDED_NANOS}")
        val load = EchoLoad(generator, session.cpus)
        val (plain, slowed) =
            listOf(original, twin).map { server -> Contestant(server.name) { load.round(server, DEEP, it) } }
        return AddedCpuCheck(session).run(plain, slowed)
    }

    private fun mode(
        twin: RunningEcho,
        mode: String,
    ) {
        twin.process
            .request("MODE $mode")
            .error
            ?.let { throw SelfCheckFailure("The twin refused mode \"$mode\": $it") }
    }

    companion object {
        /** Modes of `NioUdpEchoTwin` that spoil replies. */
        val FAULTS = listOf("flip", "cut", "duplicate", "cross")

        private val FAULT_WORKLOAD = EchoWorkload(64, 8, 4)
        private val DEEP = EchoWorkload(64, 1, 64)
        private const val FAULT_SECONDS = 0.3

        // Every slot of the load waits half a second for a reply that was dropped: time for some to be.
        private const val LOSS_SECONDS = 2.0
        private const val DROPPED_SHARE = 0.05
    }
}
