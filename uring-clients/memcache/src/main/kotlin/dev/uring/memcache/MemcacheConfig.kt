package dev.uring.memcache

import dev.uring.base.ConfigException
import dev.uring.client.LinkConfig
import dev.uring.memcache.codec.CommandWord
import dev.uring.memcache.codec.MemcacheLimits
import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.tls.TlsClientOptions
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** Which commands are sent again when the connection was lost before their replies. */
public enum class ReplayRule {
    /** None: a command has its effect once or not at all, and an exception says that this is unknown. */
    AT_MOST_ONCE,

    /** Those of which the effect of twice is that of once: reads, `set`, `touch` and plain deletes. */
    AT_LEAST_ONCE,
}

/**
 * How a client connects and what it may hold.
 *
 * @property address one of the forms of [Endpoint][dev.uring.socket.Endpoint]: `host:port`, `unix:/path`, `tls://host:port`
 * @property username for the ASCII protocol's authentication (`memcached -Y`); null sends none
 * @property password goes with [username]
 * @property tls how TLS is spoken; null: as [address] says, trusting the system's authorities
 * @property connectTimeout for the peer's answer, and again for the authentication
 * @property commandTimeout from the call to the reply, the wait for a connection included; `Duration.INFINITE` has none.
 * Default 10 s: a command takes microseconds, and the longest reasonable multi-get still ends.
 * @property maxInFlight most replies that one connection may owe; more commands wait. Default 4096, 8 bytes each.
 * @property maxWaiting most commands that may wait for a connection or its room; more fail with
 * [MemcacheOverloadException]. Default 65536. Cost: the bytes of each command.
 * @property reconnectDelayMin pause before the second attempt to connect, doubled each time, with jitter
 * @property reconnectDelayMax bound of the doubling
 * @property pingInterval a connection without a byte for so long is asked (`version`); without an answer for as long again it is
 * given up. `Duration.INFINITE` asks never. Default 30 s: a dead peer is noticed within a minute.
 * @property streamsMax most values that [getStream] and [setStream] have under way at a time, each on a connection of its own; more
 * wait. Default 16: as many large values as a network is busy with. Cost: a connection and its buffers for each.
 * @property replay what is sent again after a lost connection
 * @property combinesGets whether gets of single keys that leave together share a line, as keys of one multi-get; an error that the
 * server answers to the line is then the answer to each of them. Default true: many gets then cost a quarter; false behind a
 * proxy that fails a whole multi-get when it cannot reach the server of one of its keys
 * @property limits what the server may send
 */
public data class MemcacheConfig(
    val address: String = "127.0.0.1:11211",
    val username: String? = null,
    val password: String? = null,
    val tls: TlsClientOptions? = null,
    val connectTimeout: Duration = 5.seconds,
    val commandTimeout: Duration = 10.seconds,
    val maxInFlight: Int = 4096,
    val maxWaiting: Int = 65_536,
    val reconnectDelayMin: Duration = 10.milliseconds,
    val reconnectDelayMax: Duration = 2.seconds,
    val pingInterval: Duration = 30.seconds,
    val streamsMax: Int = 16,
    val replay: ReplayRule = ReplayRule.AT_MOST_ONCE,
    val combinesGets: Boolean = true,
    val limits: MemcacheLimits = MemcacheLimits.defaults(),
) {
    internal val links =
        LinkConfig(
            address = address,
            connectTimeout = connectTimeout,
            commandTimeout = commandTimeout,
            maxInFlight = maxInFlight,
            maxWaiting = maxWaiting,
            reconnectDelayMin = reconnectDelayMin,
            reconnectDelayMax = reconnectDelayMax,
            pingInterval = pingInterval,
        )

    init {
        if (streamsMax < 1) throw ConfigException("streamsMax", "streamsMax=$streamsMax must be at least 1")
    }

    /**
     * What has to be said on a new connection, written into [writer], or null. Source: protocol.txt §Authentication: a set of any
     * key, with user and password as its value.
     */
    internal fun credentials(writer: MemcacheWriter): MemcacheWriter? {
        if (username == null) return null
        return writer
            .value("$username ${password.orEmpty()}")
            .command(CommandWord.SET)
            .key("auth")
            .number(0)
            .number(0)
            .valueSize()
            .end()
    }

    // A password in a log is a password lost.
    override fun toString(): String =
        "MemcacheConfig(address=$address, username=$username, password=${if (password == null) "none" else "***"})"
}
