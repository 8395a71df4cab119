package dev.uring.redis

import dev.uring.redis.cache.CacheConfig
import dev.uring.redis.commands.ServerRole

/**
 * What the connections of a client are for, as far as the server has to know or to agree.
 *
 * @property role what the server has to be; null asks nothing: who is told where the master is may be told too late
 * @property readsAsReplica whether a cluster's replica answers for its master's slots instead of sending us there
 * @property isOneOfMany whether others may answer in its place: a command that finds it gone fails at once
 * @property cache what the shared connection keeps of its replies; null keeps nothing
 * @property serverName what errors call the server, where there are several; null calls it by its address
 */
internal data class ConnectionUse(
    val role: Role? = null,
    val readsAsReplica: Boolean = false,
    val isOneOfMany: Boolean = false,
    val cache: CacheConfig? = null,
    val serverName: String? = null,
) {
    enum class Role {
        MASTER,
        REPLICA,
        ;

        fun isThatOf(role: ServerRole): Boolean =
            when (this) {
                MASTER -> role is ServerRole.Master
                REPLICA -> role is ServerRole.Replica
            }
    }

    companion object {
        /** For all commands, with whoever is there. */
        val ANY = ConnectionUse()
    }
}
