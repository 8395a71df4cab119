package dev.uring.bench.connect

import dev.uring.bench.BenchSession
import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.echo.EchoLoad
import dev.uring.bench.echo.EchoSelfCheck
import dev.uring.bench.echo.EchoSubject
import dev.uring.bench.echo.EchoWorkload
import dev.uring.bench.measure.AddedCpuCheck
import dev.uring.bench.measure.Contestant
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.error

/** The checks of [EchoSelfCheck] under the load of short connections. */
class ConnectSelfCheck(
    private val session: BenchSession,
    private val generator: ControlledProcess,
) {
    /** Returns one sentence for each check that passed; throws [SelfCheckFailure] at the first that did not. */
    fun run(): List<String> {
        val twin = EchoSubject.TWIN.start(session)
        val original = EchoSubject.ALL.first { it.name == "jdk-nio" }.start(session)
        val caught = EchoSelfCheck(session, generator).faultsAreCaught(twin)
        twin.process
            .request("MODE spin $ADDED_NANOS ${WORKLOAD.payloadBytes}")
            .error
            ?.let { throw SelfCheckFailure("The twin refused to be slowed: $it") }
        val load = EchoLoad(generator, session.cpus)
        val (plain, slowed) =
            listOf(original, twin).map { server -> Contestant(server.name) { load.round(server, WORKLOAD, it) } }
        val added = AddedCpuCheck(session, ADDED_NANOS).run(plain, slowed)
        session.pool.end(twin.process.child)
        session.pool.end(original.process.child)
        return listOf(caught, added, "every byte of every reply compared, no error in any round")
    }

    private companion object {
        /** Unit: nanoseconds for each connection. As much as a connection costs by itself, which is far from steady. */
        const val ADDED_NANOS = 50_000

        val WORKLOAD = EchoWorkload(payloadBytes = 64, connections = 64, pipeline = 1)
    }
}
