package dev.uring.redis.commands

import dev.uring.redis.codec.Reply

/** What a server is to others. */
public sealed interface ServerRole {
    /** Others copy from it, as far as [offset] by now. */
    public data class Master(
        public val offset: Long,
        public val replicas: List<ReplicaOffset>,
    ) : ServerRole

    /** It copies from another one; [state] is `connected` when it is up to date but for what is on its way. */
    public data class Replica(
        public val masterHost: String,
        public val masterPort: Long,
        public val state: String,
        public val offset: Long,
    ) : ServerRole

    /** It watches the masters of these names. */
    public data class Sentinel(
        public val masters: List<String>,
    ) : ServerRole

    /** How far a replica has copied. */
    public data class ReplicaOffset(
        public val host: String,
        public val port: Long,
        public val offset: Long,
    )

    /** How it comes on the wire. */
    public companion object {
        private val replicaOffset: Reply<ReplicaOffset> =
            Reply { r ->
                r.readArrayHeader()
                ReplicaOffset(r.readString(), r.readLong(), r.readLong())
            }

        internal val reply: Reply<ServerRole> =
            Reply { r ->
                r.readArrayHeader()
                when (val kind = r.readString()) {
                    "master" -> Master(r.readLong(), elements(replicaOffset).read(r))
                    "slave" -> Replica(r.readString(), r.readLong(), r.readString(), r.readLong())
                    "sentinel" -> Sentinel(elements(Reply.STRING).read(r))
                    else -> error("the server says it is a \"$kind\", which is none of master, slave and sentinel")
                }
            }
    }
}
