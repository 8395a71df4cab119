package dev.uring.bench.tls

import dev.uring.bench.BenchSession
import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.echo.EchoLoad
import dev.uring.bench.echo.EchoWorkload
import dev.uring.bench.echo.RunningEcho
import dev.uring.bench.measure.AddedCpuCheck
import dev.uring.bench.measure.Contestant
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.error

/**
 * Shows that the harness would notice: spoiled replies and lost connections are refused, and a server that is slower by a
 * known amount is measured slower by that amount.
 */
class TlsSelfCheck(
    private val session: BenchSession,
    private val generator: ControlledProcess,
    private val store: TlsStore,
) {
    /** Returns one sentence for each check that passed; throws [SelfCheckFailure] at the first that did not. */
    fun run(): List<String> {
        val twin = TlsSubject.TWIN.start(session, store)
        val original = TlsSubject.ALL.first { it.name == TlsSubject.URING_JDK }.start(session, store)
        val caught = faultsAreCaught(twin)
        val foreign = otherFileIsCaught()
        mode(twin, "spin $ADDED_NANOS")
        val load = EchoLoad(generator, session.cpus)
        val (plain, slowed) =
            listOf(original, twin).map { server -> Contestant(server.name) { load.round(server, WORKLOAD, it) } }
        val added = AddedCpuCheck(session, ADDED_NANOS).run(plain, slowed)
        session.pool.end(twin.process.child)
        session.pool.end(original.process.child)
        return listOf(caught, foreign, added, "every byte of every reply compared, no error in any round")
    }

    /** Each fault must be refused; a load that accepts one proves nothing about the others. */
    fun faultsAreCaught(twin: RunningEcho): String {
        val load = EchoLoad(generator, session.cpus, FAULT_STALL_MILLIS)
        for (fault in FAULTS) {
            session.options.progress("self-check: a server that answers with \"$fault\" must be caught")
            mode(twin, fault)
            val isCaught =
                try {
                    load.round(twin, WORKLOAD, FAULT_SECONDS)
                    false
                } catch (_: SelfCheckFailure) {
                    true
                }
            if (!isCaught) throw SelfCheckFailure("A server that spoils replies (\"$fault\") was not caught.")
        }
        mode(twin, "none")
        return "replies spoiled by ${FAULTS.joinToString()} were each caught"
    }

    /** A server that serves another file of the same length must be refused. */
    fun otherFileIsCaught(): String {
        session.options.progress("self-check: a server of another file must be caught")
        val file = TlsFileSubject.makeFile(session.work, OTHER_FILE_BYTES)
        val other = TlsFileSubject.makeFile(session.work, OTHER_FILE_BYTES, seed = 1)
        val server = TlsFileSubject.all(other).first().start(session, store) as RunningEcho
        val load = EchoLoad(generator, session.cpus, FAULT_STALL_MILLIS)
        val isCaught =
            try {
                generator.request("MODE bulk $file")
                load.round(server, EchoWorkload(OTHER_FILE_BYTES, 2, 1), FAULT_SECONDS)
                false
            } catch (_: SelfCheckFailure) {
                true
            } finally {
                generator.request("MODE echo")
                session.pool.end(server.process.child)
            }
        if (!isCaught) throw SelfCheckFailure("A server of another file was not caught.")
        return "a server of another file was caught"
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
        /** Modes of `UringTlsEcho` that spoil replies. */
        val FAULTS = listOf("flip", "hang-up")

        /** Unit: nanoseconds for each request; enough to stand out over the wake-ups that a slower server saves. */
        private const val ADDED_NANOS = 5_000

        private const val OTHER_FILE_BYTES = 100_000

        private val WORKLOAD = EchoWorkload(64, 16, 16)
        private const val FAULT_SECONDS = 0.3
        private const val FAULT_STALL_MILLIS = 2_000
    }
}
