package dev.uring.momento

import dev.uring.base.ConfigException
import dev.uring.client.LinkConfig
import dev.uring.momento.codec.MomentoLimits
import dev.uring.tls.TlsClientOptions
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** Which commands are sent again when the connection was lost before their replies. */
public enum class ReplayRule {
    /** None: an exception says that it is unknown whether a command had its effect. */
    NONE,

    /** Gets: they have no effect. */
    READS,

    /** All: a set or delete that took effect twice did what it does once, unless another client came in between. */
    ALL,
}

/**
 * How a client connects and what it may hold.
 *
 * @property credential who asks, and where
 * @property tls whom to trust; null trusts the authorities of the system. The name that is asked for is the credential's.
 * @property isPlain without TLS: for a server on this machine or behind a proxy, never for the service
 * @property defaultTtl how long a value is kept for which nothing else is said. Default 1 h.
 * @property connectTimeout for the peer's answer and the TLS handshake, and again for the reply to Authenticate
 * @property commandTimeout from the call to the reply, the wait for a connection included; `Duration.INFINITE` has none.
 * Default 10 s: an ordinary command takes a millisecond, and the longest reasonable one still ends.
 * @property maxInFlight most commands on one connection without a reply; more wait. Default 4096: what a connection can
 * usefully have under way. Cost: 32 bytes for each.
 * @property maxWaiting most commands of a worker that may wait for a connection or its room; more fail with
 * [MomentoOverloadException]. Default 65536. Cost: the bytes of each command.
 * @property connectionsPerWorker how many connections the coroutines of one worker share. Default 1: one carries any number
 * of commands; more help when single values are so large that they hold up others.
 * @property reconnectDelayMin pause before the second attempt to connect, doubled each time, with jitter
 * @property reconnectDelayMax bound of the doubling
 * @property replay what is sent again after a lost connection
 * @property limits what the server may send
 */
public data class MomentoConfig(
    val credential: MomentoCredential,
    val tls: TlsClientOptions? = null,
    val isPlain: Boolean = false,
    val defaultTtl: Duration = 1.hours,
    val connectTimeout: Duration = 5.seconds,
    val commandTimeout: Duration = 10.seconds,
    val maxInFlight: Int = 4096,
    val maxWaiting: Int = 65_536,
    val connectionsPerWorker: Int = 1,
    val reconnectDelayMin: Duration = 10.milliseconds,
    val reconnectDelayMax: Duration = 2.seconds,
    val replay: ReplayRule = ReplayRule.READS,
    val limits: MomentoLimits = MomentoLimits.defaults(),
) {
    /** What of it the connections need; checks the bounds. There is no ping in the protocol: TCP looks after dead peers. */
    internal val links: LinkConfig =
        LinkConfig(
            credential.address,
            connectTimeout,
            commandTimeout,
            maxInFlight,
            maxWaiting,
            reconnectDelayMin = reconnectDelayMin,
            reconnectDelayMax = reconnectDelayMax,
            pingInterval = Duration.INFINITE,
        )

    init {
        if (connectionsPerWorker < 1) {
            throw ConfigException(
                "connectionsPerWorker",
                "connectionsPerWorker=$connectionsPerWorker must be at least 1",
            )
        }
        ttlMillis(defaultTtl)
        if (isPlain && tls != null) {
            throw ConfigException("isPlain", "isPlain=true, and tls is given: choose one of the two")
        }
    }

    /** Makes configurations for Java, with the defaults for everything else. */
    public companion object {
        /** Over TLS, trusting the authorities of the system or as [tls] says. */
        @JvmStatic
        @JvmOverloads
        public fun of(
            credential: MomentoCredential,
            tls: TlsClientOptions? = null,
        ): MomentoConfig = MomentoConfig(credential, tls)

        /** Without TLS, see [isPlain]. */
        @JvmStatic
        public fun plain(credential: MomentoCredential): MomentoConfig = MomentoConfig(credential, isPlain = true)

        // As the protocol has it.
        internal fun ttlMillis(ttl: Duration): Long {
            require(ttl >= 1.milliseconds && ttl.isFinite()) {
                "ttl=$ttl: a value is kept for at least 1 ms, and not for ever"
            }
            return ttl.inWholeMilliseconds
        }
    }
}
