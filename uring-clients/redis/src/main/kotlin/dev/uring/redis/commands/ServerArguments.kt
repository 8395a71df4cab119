package dev.uring.redis.commands

import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply

/** How a server says who it is to the one that it moves keys to; without [user] it says the password alone. */
public data class MigrateAuth
    @JvmOverloads
    constructor(
        public val password: String,
        public val user: String? = null,
    ) {
        internal fun writeTo(request: CommandWriter) {
            if (user == null) {
                request.arg("AUTH").arg(password)
            } else {
                request.arg("AUTH2").arg(user).arg(password)
            }
        }

        override fun toString(): String = "MigrateAuth(user=$user)" // a password belongs into no log
    }

/** Which replica takes over; [isForced] also when it is not up to date in time. */
public data class FailoverTarget
    @JvmOverloads
    constructor(
        public val host: String,
        public val port: Long,
        public val isForced: Boolean = false,
    ) {
        internal fun writeTo(request: CommandWriter) {
            request.arg(host).arg(port)
            if (isForced) request.arg("FORCE")
        }
    }

/** Which commands are listed. */
public sealed interface CommandFilter {
    /** Those of a module. */
    public data class Module(
        public val name: String,
    ) : CommandFilter

    /** Those of an ACL category. */
    public data class Category(
        public val name: String,
    ) : CommandFilter

    /** Those whose names match. */
    public data class Pattern(
        public val pattern: String,
    ) : CommandFilter
}

internal fun CommandFilter.writeTo(request: CommandWriter) {
    request.arg("FILTERBY")
    when (this) {
        is CommandFilter.Module -> request.arg("MODULE").arg(name)
        is CommandFilter.Category -> request.arg("ACLCAT").arg(name)
        is CommandFilter.Pattern -> request.arg("PATTERN").arg(pattern)
    }
}

/** How many append-only files have what was written: of the server itself, 0 or 1, and of its replicas. */
public data class SyncedCopies(
    public val local: Long,
    public val replicas: Long,
) {
    internal companion object {
        val reply: Reply<SyncedCopies> =
            Reply { r ->
                r.readArrayHeader()
                SyncedCopies(r.readLong(), r.readLong())
            }
    }
}
