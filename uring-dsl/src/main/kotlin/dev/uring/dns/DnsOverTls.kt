package dev.uring.dns

import dev.uring.base.ConfigException
import dev.uring.tls.TlsClientOptions
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/**
 * That a [Resolver] asks over TLS, and what it insists on: see [strict] and [opportunistic].
 *
 * ### Shapes and units
 * The servers are those of [ResolverConfig.servers] or the file, by their IP addresses, at [port] in the place of their
 * own. Each worker has one connection to a server, for all questions that are under way, and questions are padded so that
 * their length tells little.
 * ### Threading and cancellation
 * Immutable. The factories read keys and authorities: not on a worker.
 * ### Errors
 * [ConfigException] the port is none, or the options are for nobody in particular.
 * ### Source
 * RFC 7858, RFC 8310, RFC 7830 and 8467 (padding).
 *
 * @sample samples.dsl.resolveInPrivate
 * @property serverName whose certificate the servers must have; null: [opportunistic].
 * @property port where the servers speak TLS.
 */
public class DnsOverTls private constructor(
    public val serverName: String?,
    public val port: Int,
    internal val tls: TlsClientOptions,
) {
    init {
        if (port !in 1..PORT_MAX) throw ConfigException("port", "port=$port is outside 1..$PORT_MAX")
    }

    /** Whether a server without the right certificate is not asked at all. */
    public val isStrict: Boolean get() = serverName != null

    override fun toString(): String =
        if (isStrict) "DnsOverTls(strict, $serverName, port $port)" else "DnsOverTls(opportunistic, port $port)"

    /** The two profiles, and their limits. */
    public companion object {
        /** Where DNS over TLS is served: RFC 7858 §3.1. */
        public const val PORT_DEFAULT: Int = 853

        /**
         * A connection without a question under way is closed after this time, 10 s: a handshake costs a server a
         * hundred questions, an idle connection it keeps for us costs it memory.
         */
        public val IDLE_TIMEOUT: Duration = 10.seconds

        /**
         * How long an opportunistic resolver leaves a server alone that did not speak TLS, 5 min: asked again for each
         * question it would make every one of them late.
         */
        public val CLEAR_TEXT_TIME: Duration = 5.minutes

        private const val PORT_MAX = 65535

        /**
         * Nothing is asked but over TLS of a server with the certificate of [serverName], such as `dns.example.org`:
         * nobody in between reads or changes anything, and who blocks the port stops all answers.
         *
         * [tls] says whom we trust, and has the client's own certificate if it needs one.
         */
        @JvmStatic
        @JvmOverloads
        public fun strict(
            serverName: String,
            tls: TlsClientOptions = TlsClientOptions.defaults(),
            port: Int = PORT_DEFAULT,
        ): DnsOverTls {
            if (tls.isInsecure) {
                throw ConfigException(
                    "tls",
                    "tls takes any certificate, which is no strict profile; use opportunistic()",
                )
            }
            return DnsOverTls(serverName, port, tls.toBuilder().serverName(serverName).build())
        }

        /**
         * Over TLS where a server speaks it, whatever its certificate, else in clear text: against those who only
         * listen.
         */
        @JvmStatic
        @JvmOverloads
        public fun opportunistic(port: Int = PORT_DEFAULT): DnsOverTls =
            DnsOverTls(null, port, TlsClientOptions.builder().insecurelyTrustEverybody().build())
    }
}
