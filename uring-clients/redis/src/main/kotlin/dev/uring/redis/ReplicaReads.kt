package dev.uring.redis

import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter

/** Which read-only commands of a client go to a replica; [core] has the connections there. Thread: any. */
internal class ReplicaReads(
    val core: ClientCore,
    private val readFrom: ReadFrom,
) {
    /** Whether [request] goes to a replica. On a worker. */
    fun takes(request: CommandWriter): Boolean {
        val mayGo = request.command().`is`(Command.READONLY) && request.blockMillis() == CommandWriter.NOT_BLOCKING
        if (!mayGo || readFrom == ReadFrom.MASTER) return false
        if (readFrom == ReadFrom.REPLICA) return true
        val side = core.here() ?: return false
        // Others wait for no replica: they ask the master, and the replica is there when it is there.
        if (!side.shared.isReady) {
            side.shared.connect()
            return false
        }
        side.readsCount++
        return readFrom == ReadFrom.REPLICA_PREFERRED || side.readsCount and 1 == 0
    }
}
