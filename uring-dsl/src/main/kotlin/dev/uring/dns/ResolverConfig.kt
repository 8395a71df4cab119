package dev.uring.dns

import dev.uring.base.ConfigException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.nio.file.Path
import kotlin.time.Duration
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/**
 * Whom a [Resolver] asks, how long, and what it keeps. Immutable; every limit has a default with its reason.
 *
 * ### Shapes and units
 * What is null here is taken from the file [resolvConf] if there is one, and else is the default that resolv.conf(5)
 * names; what is set goes before the file.
 * ### Errors
 * [Builder.build] throws [ConfigException] for a value outside its bound.
 * ### Source
 * resolv.conf(5), hosts(5), RFC 1035, 2308, 6891, 8305.
 */
public class ResolverConfig private constructor(
    builder: Builder,
) {
    /** Name servers in the order of preference, at most [SERVERS_MAX]; null: the file's, else 127.0.0.1, port 53. */
    public val servers: List<InetSocketAddress>? = builder.servers?.toList()

    /** Domains that are tried behind a short name, at most [SEARCH_MAX]; null: the file's, else none. */
    public val search: List<String>? = builder.search?.toList()

    /** A name with this many dots, 0 to 15, is tried as it is before [search]; null: the file's, else 1. */
    public val ndots: Int? = builder.ndots

    /** How long one server may take for one question, 1 ms to 30 s; null: the file's, else 5 s. */
    public val timeout: Duration? = builder.timeout

    /** How many times all servers are gone through, 1 to 5; null: the file's, else 2. */
    public val attempts: Int? = builder.attempts

    /** Whether questions begin with the servers by turns instead of always with the first; null: the file's, else no. */
    public val rotate: Boolean? = builder.rotate

    /** Names that need no question, in lower case, beside those of [hostsFile]. Default: none. */
    public val hosts: Map<String, List<InetAddress>> = builder.hosts.toMap()

    /** A file in the form of resolv.conf(5). Default: none; [system] has `/etc/resolv.conf`. */
    public val resolvConf: Path? = builder.resolvConf

    /** A file in the form of hosts(5). Default: none; [system] has `/etc/hosts`. */
    public val hostsFile: Path? = builder.hostsFile

    /** How old the last look at the files may be. Default 5 s: a look is two hops between threads, too dear for each name. */
    public val filesCheckInterval: Duration = builder.filesCheckInterval

    /**
     * The longest that all questions about one record set may take together, aliases and other servers included.
     * Default 30 s: two rounds over three servers with the default [timeout]. Bound: 1 ms to 5 min.
     */
    public val lookupTimeout: Duration = builder.lookupTimeout

    /**
     * How long the IPv4 addresses wait for the IPv6 ones when they came first. Default 50 ms: RFC 8305 §3. The late
     * answer still gets into the cache.
     */
    public val resolutionDelay: Duration = builder.resolutionDelay

    /**
     * Answers kept by each worker; the one unused for longest makes room. Default 1024: more names than most programs
     * know, about 300 KiB of heap. 0 switches the cache off.
     */
    public val cacheEntriesMax: Int = builder.cacheEntriesMax

    /** The shortest time an answer is kept, whatever its TTL. Default 0: a TTL of 0 says "do not keep". */
    public val ttlMin: Duration = builder.ttlMin

    /** The longest time an answer is kept. Default 1 day: longer TTLs are mistakes that nobody can take back. */
    public val ttlMax: Duration = builder.ttlMax

    /**
     * The longest time it is kept that a name or record is not there. Default 5 min: less than the 3 h that RFC 2308
     * allows, because somebody may be about to add it. Without an SOA record nothing is kept.
     */
    public val negativeTtlMax: Duration = builder.negativeTtlMax

    /**
     * Questions of one worker under way at a time; each has a socket of its own. Callers beyond it wait, suspended, in
     * their order. Default 256: a quarter of the usual descriptor limit.
     */
    public val inFlightMax: Int = builder.inFlightMax

    /**
     * What we tell a server it may send in one datagram (EDNS0). Default 1232 bytes: no fragments on any path, which
     * are lost or forged easily. Bound: 512 to 2048; a longer answer comes over TCP.
     */
    public val ednsPayloadBytes: Int = builder.ednsPayloadBytes

    /**
     * Whether letters of a question are sent in random case, which the answer must repeat: up to one more bit for each
     * letter that a forger has to guess. Default true. An answer right in all but case is asked for again over TCP.
     */
    public val randomizesCase: Boolean = builder.randomizesCase

    /**
     * Whether servers are asked over TLS. Default null: over UDP and TCP, as the servers of a network expect it. With it
     * `use-vc`, [ednsPayloadBytes] and [randomizesCase] are for questions in clear text only.
     */
    public val overTls: DnsOverTls? = builder.overTls

    /** A builder with these values. */
    public fun toBuilder(): Builder = Builder().also { it.copy(this) }

    /** Collects values; [build] checks them. */
    public class Builder {
        internal var servers: List<InetSocketAddress>? = null
        internal var search: List<String>? = null
        internal var ndots: Int? = null
        internal var timeout: Duration? = null
        internal var attempts: Int? = null
        internal var rotate: Boolean? = null
        internal var hosts: Map<String, List<InetAddress>> = emptyMap()
        internal var resolvConf: Path? = null
        internal var hostsFile: Path? = null
        internal var filesCheckInterval = 5.seconds
        internal var lookupTimeout = 30.seconds
        internal var resolutionDelay = 50.milliseconds
        internal var cacheEntriesMax = 1024
        internal var ttlMin = Duration.ZERO
        internal var ttlMax = 1.days
        internal var negativeTtlMax = 5.minutes
        internal var inFlightMax = 256
        internal var ednsPayloadBytes = 1232
        internal var randomizesCase = true
        internal var overTls: DnsOverTls? = null

        /** Sets [ResolverConfig.servers]. */
        public fun servers(vararg value: InetSocketAddress): Builder = apply { servers = value.toList() }

        /** Sets [ResolverConfig.search]. */
        public fun search(vararg value: String): Builder = apply { search = value.toList() }

        /** Sets [ResolverConfig.ndots]. */
        public fun ndots(value: Int): Builder = apply { ndots = value }

        /** Sets [ResolverConfig.timeout]. */
        public fun timeout(value: Duration): Builder = apply { timeout = value }

        /** Sets [ResolverConfig.attempts]. */
        public fun attempts(value: Int): Builder = apply { attempts = value }

        /** Sets [ResolverConfig.rotate]. */
        public fun rotate(value: Boolean): Builder = apply { rotate = value }

        /** Sets [ResolverConfig.hosts]. */
        public fun hosts(value: Map<String, List<InetAddress>>): Builder =
            apply { hosts = value.mapKeys { HostName.lower(it.key) } }

        /** Sets [ResolverConfig.resolvConf]. */
        public fun resolvConf(value: Path?): Builder = apply { resolvConf = value }

        /** Sets [ResolverConfig.hostsFile]. */
        public fun hostsFile(value: Path?): Builder = apply { hostsFile = value }

        /** Sets [ResolverConfig.filesCheckInterval]. */
        public fun filesCheckInterval(value: Duration): Builder = apply { filesCheckInterval = value }

        /** Sets [ResolverConfig.lookupTimeout]. */
        public fun lookupTimeout(value: Duration): Builder = apply { lookupTimeout = value }

        /** Sets [ResolverConfig.resolutionDelay]. */
        public fun resolutionDelay(value: Duration): Builder = apply { resolutionDelay = value }

        /** Sets [ResolverConfig.cacheEntriesMax]. */
        public fun cacheEntriesMax(value: Int): Builder = apply { cacheEntriesMax = value }

        /** Sets [ResolverConfig.ttlMin]. */
        public fun ttlMin(value: Duration): Builder = apply { ttlMin = value }

        /** Sets [ResolverConfig.ttlMax]. */
        public fun ttlMax(value: Duration): Builder = apply { ttlMax = value }

        /** Sets [ResolverConfig.negativeTtlMax]. */
        public fun negativeTtlMax(value: Duration): Builder = apply { negativeTtlMax = value }

        /** Sets [ResolverConfig.inFlightMax]. */
        public fun inFlightMax(value: Int): Builder = apply { inFlightMax = value }

        /** Sets [ResolverConfig.ednsPayloadBytes]. */
        public fun ednsPayloadBytes(value: Int): Builder = apply { ednsPayloadBytes = value }

        /** Sets [ResolverConfig.randomizesCase]. */
        public fun randomizesCase(value: Boolean): Builder = apply { randomizesCase = value }

        /** Sets [ResolverConfig.overTls]. */
        public fun overTls(value: DnsOverTls?): Builder = apply { overTls = value }

        /** Checks the values and makes the configuration. */
        public fun build(): ResolverConfig {
            servers?.let { check("servers.size", it.size, 1..SERVERS_MAX) }
            servers?.firstOrNull { it.isUnresolved || it.port == 0 }?.let {
                throw ConfigException("servers", "servers has $it, which is not an IP address with a port")
            }
            search?.let { check("search.size", it.size, 0..SEARCH_MAX) }
            search?.forEach(::checkDomain)
            ndots?.let { check("ndots", it, 0..NDOTS_MAX) }
            attempts?.let { check("attempts", it, 1..ATTEMPTS_MAX) }
            timeout?.let { check("timeout", it, TIMEOUT_MIN, TIMEOUT_MAX) }
            check("lookupTimeout", lookupTimeout, TIMEOUT_MIN, LOOKUP_TIMEOUT_MAX)
            check("resolutionDelay", resolutionDelay, Duration.ZERO, TIMEOUT_MAX)
            check("filesCheckInterval", filesCheckInterval, Duration.ZERO, TTL_MAX)
            check("ttlMax", ttlMax, Duration.ZERO, TTL_MAX)
            check("ttlMin", ttlMin, Duration.ZERO, ttlMax)
            check("negativeTtlMax", negativeTtlMax, Duration.ZERO, TTL_MAX)
            check("cacheEntriesMax", cacheEntriesMax, 0..CACHE_ENTRIES_MAX)
            check("inFlightMax", inFlightMax, 1..IN_FLIGHT_MAX)
            check("ednsPayloadBytes", ednsPayloadBytes, PAYLOAD_BYTES_MIN..PAYLOAD_BYTES_MAX)
            return ResolverConfig(this)
        }

        internal fun copy(config: ResolverConfig) {
            servers = config.servers
            search = config.search
            ndots = config.ndots
            timeout = config.timeout
            attempts = config.attempts
            rotate = config.rotate
            hosts = config.hosts
            resolvConf = config.resolvConf
            hostsFile = config.hostsFile
            filesCheckInterval = config.filesCheckInterval
            lookupTimeout = config.lookupTimeout
            resolutionDelay = config.resolutionDelay
            cacheEntriesMax = config.cacheEntriesMax
            ttlMin = config.ttlMin
            ttlMax = config.ttlMax
            negativeTtlMax = config.negativeTtlMax
            inFlightMax = config.inFlightMax
            ednsPayloadBytes = config.ednsPayloadBytes
            randomizesCase = config.randomizesCase
            overTls = config.overTls
        }

        private fun checkDomain(domain: String) {
            if (HostName.parseOrNull(domain) == null) {
                throw ConfigException("search", "search has '$domain', which is not a domain name")
            }
        }

        private fun <T : Comparable<T>> check(
            field: String,
            value: T,
            least: T,
            most: T,
        ) {
            if (value < least || value > most) {
                throw ConfigException(field, "$field=$value is outside $least..$most")
            }
        }

        private fun check(
            field: String,
            value: Int,
            range: IntRange,
        ) = check(field, value, range.first, range.last)
    }

    /** Constants and the usual ways to a configuration. */
    public companion object {
        /** Most name servers: what resolv.conf(5) allows (MAXNS). */
        public const val SERVERS_MAX: Int = 3

        /** Most search domains; each may cost every short name a question. */
        public const val SEARCH_MAX: Int = 32

        /** Most addresses or services kept of one answer; an answer over TCP could have four thousand. */
        public const val RECORDS_MAX: Int = 64

        /** Most aliases (CNAME) followed from a name to its records: as many as BIND follows. */
        public const val ALIASES_MAX: Int = 16

        internal const val NDOTS_MAX = 15
        internal const val ATTEMPTS_MAX = 5
        internal val TIMEOUT_MIN = 1.milliseconds
        internal val TIMEOUT_MAX = 30.seconds
        private val LOOKUP_TIMEOUT_MAX = 5.minutes
        private val TTL_MAX = 30.days
        private const val CACHE_ENTRIES_MAX = 1 shl 20
        private const val IN_FLIGHT_MAX = 1 shl 14

        // RFC 1035 §4.2.1, and what a receive buffer of the default UDP options holds.
        private const val PAYLOAD_BYTES_MIN = 512
        private const val PAYLOAD_BYTES_MAX = 2048

        /** A builder with every default and no files. */
        @JvmStatic
        public fun builder(): Builder = Builder()

        /** What the system's own resolver goes by: `/etc/resolv.conf` and `/etc/hosts`, looked at again when changed. */
        @JvmStatic
        public fun system(): ResolverConfig =
            builder().resolvConf(Path.of("/etc/resolv.conf")).hostsFile(Path.of("/etc/hosts")).build()
    }
}
