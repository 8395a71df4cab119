package dev.uring.redis

import dev.uring.base.ConfigException
import dev.uring.client.LinkConfig
import dev.uring.redis.codec.ReplyLimits
import dev.uring.tls.TlsClientOptions
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** Which commands are sent again when the connection was lost before their replies. */
public enum class ReplayRule {
    /** None: a command has its effect once or not at all, and an exception says that this is unknown. */
    AT_MOST_ONCE,

    /** Those of which the effect of twice is that of once, [IDEMPOTENT][dev.uring.redis.codec.Command.IDEMPOTENT] and read-only ones. */
    AT_LEAST_ONCE,
}

/** Which protocol a connection speaks. */
public enum class RespVersion {
    /** RESP3 where the server knows it (Redis 6 and later), else RESP2. */
    AUTO,
    RESP2,
    RESP3,
}

/**
 * How a client connects and what it may hold.
 *
 * Immutable; [parse] reads one from a URL, `copy` changes it.
 *
 * @property address one of the forms of [Endpoint][dev.uring.socket.Endpoint], or `name:port` with a name that is looked up
 * anew for each connection; `tls://` in front of it asks for TLS. Not used with [sentinel]
 * @property username for ACL; null is the server's default user
 * @property password null sends none
 * @property database selected on every connection
 * @property clientName what `CLIENT LIST` shows; null sends none
 * @property protocol which RESP
 * @property connectTimeout for the peer's answer, and again for the greeting (HELLO, AUTH, SELECT)
 * @property commandTimeout from the call to the reply, the wait for a connection included; `Duration.INFINITE` has none.
 * Default 10 s: an ordinary command takes microseconds, and the longest reasonable one still ends.
 * @property maxInFlight most commands on one connection without a reply; more wait. Default 4096: what a connection can
 * usefully have under way, and 4096 replies of 1 KiB are 4 MiB. Cost: 8 bytes for each.
 * @property maxWaiting most commands that may wait for a connection or its room; more fail with [RedisOverloadException].
 * Default 65536. Cost: the bytes of each command.
 * @property blockingConnectionsMax most connections of one worker for commands that wait at the server, transactions with
 * watched keys, and subscriptions; more wait. Default 64.
 * @property reconnectDelayMin pause before the second attempt to connect, doubled each time, with jitter
 * @property reconnectDelayMax bound of the doubling
 * @property pingInterval a connection without a byte for so long is asked; without an answer for as long again it is given
 * up. `Duration.INFINITE` asks never. Default 30 s: a dead peer is noticed within a minute.
 * @property replay what is sent again after a lost connection
 * @property replyLimits what the server may send
 * @property tls how TLS is spoken: whom to trust, the client's own certificate. Null, the default, speaks none, or with an
 * address that begins with `tls://` what [TlsClientOptions.defaults] says
 * @property sentinel who knows where the master is at the moment; null when [address] says it
 * @property readFrom who answers read-only commands. Default the master
 * @property replicas where the master's replicas are, for [readFrom]; empty, the default, asks the master or the sentinels
 * @property handOverBytesMin least size of a value that [setHandedOver] sends from where it lies; smaller ones are copied.
 * Default 4 KiB: below, a copy costs less than the kernel's look at one more piece of memory
 */
public data class RedisConfig(
    val address: String = "127.0.0.1:6379",
    val username: String? = null,
    val password: String? = null,
    val database: Int = 0,
    val clientName: String? = null,
    val protocol: RespVersion = RespVersion.AUTO,
    val connectTimeout: Duration = 5.seconds,
    val commandTimeout: Duration = 10.seconds,
    val maxInFlight: Int = 4096,
    val maxWaiting: Int = 65_536,
    val blockingConnectionsMax: Int = 64,
    val reconnectDelayMin: Duration = 10.milliseconds,
    val reconnectDelayMax: Duration = 2.seconds,
    val pingInterval: Duration = 30.seconds,
    val replay: ReplayRule = ReplayRule.AT_MOST_ONCE,
    val replyLimits: ReplyLimits = ReplyLimits.defaults(),
    val tls: TlsClientOptions? = null,
    val sentinel: SentinelConfig? = null,
    val readFrom: ReadFrom = ReadFrom.MASTER,
    val replicas: List<String> = emptyList(),
    val handOverBytesMin: Int = 4 shl 10,
) {
    /** What of it the connections need; checks the bounds. */
    internal val links: LinkConfig =
        LinkConfig(
            place,
            connectTimeout,
            commandTimeout,
            maxInFlight,
            maxWaiting,
            blockingConnectionsMax,
            reconnectDelayMin,
            reconnectDelayMax,
            pingInterval,
        )

    init {
        if (database < 0) throw ConfigException("database", "database=$database must be at least 0")
        if (handOverBytesMin < 0) {
            throw ConfigException("handOverBytesMin", "handOverBytesMin=$handOverBytesMin must be at least 0")
        }
    }

    // A password in a log is a password lost.
    override fun toString(): String =
        "RedisConfig($place, username=$username, password=${if (password == null) "none" else "***"}, " +
            "database=$database, protocol=$protocol, readFrom=$readFrom)"

    /** Where the server is, for messages. */
    internal val place: String get() = sentinel?.toString() ?: address

    /** Reads configurations. */
    public companion object {
        internal const val TLS_SCHEME = "tls://"

        /**
         * Reads a URL.
         *
         * ### Shapes and units
         * `redis://[[user]:password@]host[:port][/database][?settings]`, or a bare `host:port`; `rediss://` with TLS;
         * `unix:/path[?settings]` or `unix://[[user]:password@]/path[?settings]`;
         * `redis-sentinel://[[user]:password@]host[:port][,host[:port]…][/database]?master=name[&settings]`.
         *
         * The host is a name or an IP address; port 6379 unless given, 26379 of sentinels. User and password may be
         * percent-encoded. Settings, joined by `&`: `db`, `client_name`, `protocol` (2 or 3), `timeout` of commands, such
         * as `5s`, `read_from` (a name of [ReadFrom] in lower case).
         * ### Errors
         * `ConfigException` another form or setting.
         */
        public fun parse(url: String): RedisConfig = RedisUrl(url).parse()
    }
}
