package dev.uring.bench.cache

import dev.uring.bench.BenchSession
import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.measure.AddedCpuCheck
import dev.uring.bench.measure.Contestant
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.JavaCommand
import dev.uring.bench.process.error
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonPrimitive

/** Shows that a server slower by a known amount is measured slower by that amount, under redis-benchmark as well. */
class CacheSelfCheck(
    private val session: BenchSession,
    private val load: CacheLoad,
) {
    /** Returns one sentence for each check; throws [SelfCheckFailure] when one failed. */
    fun run(): List<String> {
        val plain = twin("ping-twin")
        val slowed = twin("ping-twin-slowed")
        slowed.second
            .request("MODE spin ${AddedCpuCheck.ADDED_NANOS}")
            .error
            ?.let { throw SelfCheckFailure(it) }
        val contestants =
            listOf(plain, slowed).map { (server, _) ->
                Contestant(server.name) { load.round(server, DEEP, it) }
            }
        val said = AddedCpuCheck(session).run(contestants[0], contestants[1])
        listOf(plain, slowed).forEach { session.pool.end(it.second.child) }
        return listOf(said, "every value and counter compared after its round, no error reply in any round")
    }

    private fun twin(name: String): Pair<CacheServer, ControlledProcess> {
        val command = JavaCommand.of("dev.uring.bench.subject.NioPingTwin")
        val process = ControlledProcess(session.pool.start(name, session.placement.onServerCpu(command)))
        val port =
            process.announcement
                .getValue("port")
                .jsonPrimitive.int
        return CacheServer(name, port, process.child.pid, "", null) to process
    }

    private companion object {
        /** Deep enough that waking redis-benchmark, which a slower server does more often, is lost among the requests. */
        val DEEP = CacheWorkload(CacheWorkload.Command.PING, 0, connections = 16, pipeline = 256)
    }
}
