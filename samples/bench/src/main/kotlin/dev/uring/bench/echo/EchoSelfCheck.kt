package dev.uring.bench.echo

import dev.uring.bench.BenchSession
import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.measure.AddedCpuCheck
import dev.uring.bench.measure.Contestant
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.error

/**
 * Shows that the harness would notice: a server that echoes wrongly is caught, and one that is slower by a known amount is
 * measured slower by that amount. A bench that cannot do both may not report.
 */
class EchoSelfCheck(
    private val session: BenchSession,
    private val generator: ControlledProcess,
) {
    /** Returns one sentence for each check that passed; throws [SelfCheckFailure] at the first that did not. */
    fun run(): List<String> {
        val twin = EchoSubject.TWIN.start(session)
        val original = EchoSubject.ALL.first { it.name == "jdk-nio" }.start(session)
        val checks = listOf(faultsAreCaught(twin), addedCpuIsMeasured(original, twin))
        session.pool.end(twin.process.child)
        session.pool.end(original.process.child)
        return checks + "every byte of every reply compared, no error in any round"
    }

    /** Each fault must be refused; a load that accepts one proves nothing about the others. */
    fun faultsAreCaught(twin: RunningEcho): String {
        val load = EchoLoad(generator, session.cpus, stallMillis = FAULT_STALL_MILLIS)
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

    private fun addedCpuIsMeasured(
        original: RunningEcho,
        twin: RunningEcho,
    ): String {
        mode(twin, "spin ${AddedCpuCheck.ADDED_NANOS} ${DEEP.payloadBytes}")
        val load = EchoLoad(generator, session.cpus)
        val (plain, slowed) =
            listOf(original, twin).map { server ->
                Contestant(server.name) { load.round(server, DEEP, it) }
            }
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
        /** Modes of `NioEchoTwin` that spoil replies. */
        val FAULTS = listOf("flip", "drop", "duplicate", "cross", "hang-up")

        private val FAULT_WORKLOAD = EchoWorkload(64, 4, 2)
        private const val FAULT_SECONDS = 0.3
        private const val FAULT_STALL_MILLIS = 500

        private val DEEP = EchoWorkload(64, 16, 256)
    }
}
