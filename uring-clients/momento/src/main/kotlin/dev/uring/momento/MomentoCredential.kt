package dev.uring.momento

import dev.uring.base.ConfigException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.contentOrNull
import java.util.Base64

/**
 * Who asks, and where.
 *
 * ### Shapes and units
 * [host] and [port] are where to connect; [serverName] is the name that TLS asks for and that the certificate must have.
 * [fromEnvironment] and [fromToken] find the host: what is said outright comes first, then the region, then what the token
 * claims, then [DEFAULT_ENDPOINT]. An endpoint is the service's name for it, to which `cache.` is put in front unless it is
 * there (or an IP address or `localhost`), with or without a port.
 * ### Threading and cancellation
 * Immutable.
 * ### Errors
 * `ConfigException` there is no token.
 *
 * @sample samples.momento.visits
 */
public class MomentoCredential(
    public val token: String,
    public val host: String,
    public val port: Int = DEFAULT_PORT,
    public val serverName: String = host,
) {
    init {
        if (token.isBlank()) {
            throw ConfigException("token", "the token is empty.\n  Set MOMENTO_API_KEY, or give one to fromToken.")
        }
        if (port !in 1..PORT_MAX) throw ConfigException("port", "port=$port is outside 1..$PORT_MAX")
    }

    /** `host:port`, as addresses are written. */
    public val address: String get() = if (':' in host) "[$host]:$port" else "$host:$port"

    // A token in a log is a token lost.
    override fun toString(): String = "MomentoCredential($address, serverName=$serverName, token=***)"

    /** Where credentials come from. */
    public companion object {
        /** Where the service listens for this protocol. */
        public const val DEFAULT_PORT: Int = 9004

        /** Where a token belongs that does not say. */
        public const val DEFAULT_ENDPOINT: String = "cache.cell-4-us-east-1-1.prod.a.momentohq.com"

        private const val PORT_MAX = 65_535
        private const val PREFIX = "cache."

        // In the order in which they are looked for.
        private val TOKENS = listOf("MOMENTO_API_KEY", "MOMENTO_AUTH_TOKEN")
        private val CLAIMS = listOf("c", "endpoint", "cp")

        /**
         * Reads [environment]: the token from `MOMENTO_API_KEY` or `MOMENTO_AUTH_TOKEN`, the host from `MOMENTO_ENDPOINT` or
         * `MOMENTO_REGION` or else the token, the name that TLS asks for from `MOMENTO_SNI_HOST`.
         */
        @JvmStatic
        @JvmOverloads
        public fun fromEnvironment(environment: Map<String, String> = System.getenv()): MomentoCredential {
            fun variable(name: String) = environment[name]?.takeIf { it.isNotBlank() }
            val token =
                TOKENS.firstNotNullOfOrNull(::variable)
                    ?: throw ConfigException(
                        "MOMENTO_API_KEY",
                        "neither ${TOKENS.joinToString(" nor ")} is set.\n  Set one of them to an API key of Momento.",
                    )
            val region = variable("MOMENTO_REGION")
            val endpoint = variable("MOMENTO_ENDPOINT") ?: region?.let { "${PREFIX}cell-4-$it-1.prod.a.momentohq.com" }
            return of(token, endpoint, variable("MOMENTO_SNI_HOST"))
        }

        /** Takes [token], and the host from [endpoint] or else the token. */
        @JvmStatic
        @JvmOverloads
        public fun fromToken(
            token: String,
            endpoint: String? = null,
        ): MomentoCredential = of(token, endpoint, null)

        private fun of(
            token: String,
            endpoint: String?,
            serverName: String?,
        ): MomentoCredential {
            val found = prefixed(endpoint ?: claimed(token) ?: DEFAULT_ENDPOINT)
            val (host, port) = split(found)
            return MomentoCredential(token, host, port, serverName ?: host)
        }

        private fun prefixed(endpoint: String): String {
            val isName = endpoint[0] != '[' && endpoint.substringBefore(':').any { it.isLetter() }
            val needsPrefix = isName && !endpoint.startsWith(PREFIX) && endpoint.substringBefore(':') != "localhost"
            return if (needsPrefix) PREFIX + endpoint else endpoint
        }

        // What is no port is none: an endpoint from a token is not the program's fault.
        private fun split(endpoint: String): Pair<String, Int> {
            if (endpoint[0] == '[' && ']' in endpoint) {
                return endpoint.substring(1).substringBefore(']') to port(endpoint.substringAfter(']'))
            }
            return endpoint.substringBefore(':') to port(endpoint.dropWhile { it != ':' })
        }

        private fun port(text: String): Int =
            text.removePrefix(":").toIntOrNull()?.takeIf { it in 1..PORT_MAX } ?: DEFAULT_PORT

        // RFC 7519 §3: header.claims.signature, each base64url. Nobody but the server can check the signature.
        private fun claimed(token: String): String? {
            val parts = token.split('.')
            if (parts.size < 2) return null
            val claims =
                try {
                    Json.parseToJsonElement(String(Base64.getUrlDecoder().decode(parts[1].trimEnd('=')))) as? JsonObject
                } catch (_: IllegalArgumentException) {
                    null
                } ?: return null
            return CLAIMS.firstNotNullOfOrNull { claim ->
                (claims[claim] as? JsonPrimitive)?.takeIf { it.isString }?.contentOrNull?.takeIf { it.isNotBlank() }
            }
        }
    }
}
