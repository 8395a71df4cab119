package dev.uring.redis

import dev.uring.base.ConfigException
import java.net.URLDecoder
import kotlin.time.Duration

/** Reads the URL forms of [RedisConfig.parse]. Never shows a password in a message. */
internal class RedisUrl(
    private val text: String,
) {
    // Behind the credentials: a password may have a '?' in it, and must not be taken for a setting and shown.
    private val queryAt = text.indexOf('?', text.lastIndexOf('@') + 1)
    private val settings = settings()

    fun parse(): RedisConfig {
        val whole = if (queryAt < 0) text else text.substring(0, queryAt)
        val parsed =
            when {
                whole.startsWith(TLS) -> parseNetwork(whole.removePrefix(TLS), RedisConfig.TLS_SCHEME)

                whole.startsWith(PLAIN) -> parseNetwork(whole.removePrefix(PLAIN), "")

                whole.startsWith(SENTINEL) -> parseSentinel(whole.removePrefix(SENTINEL))

                whole.startsWith(UNIX) -> parseUnix(whole.removePrefix(UNIX))

                "://" in whole -> throw refused(
                    "has another scheme than redis://, rediss://, redis-sentinel:// or unix:",
                )

                else -> parseNetwork(whole, "")
            }
        return parsed.withSettings()
    }

    private fun parseNetwork(
        rest: String,
        scheme: String,
    ): RedisConfig {
        val place = rest.substringAfterLast('@')
        val config = withCredentials(rest.substringBeforeLast('@', ""))
        return config.copy(
            address = scheme + withPort(place.substringBefore('/'), PORT),
            database = database(place.substringAfter('/', "")),
        )
    }

    private fun parseSentinel(rest: String): RedisConfig {
        val place = rest.substringAfterLast('@')
        val config = withCredentials(rest.substringBeforeLast('@', ""))
        val masterName = settings["master"] ?: throw refused("does not name the master: add ?master=name")
        val addresses = place.substringBefore('/').split(',').map { withPort(it, SENTINEL_PORT) }
        return config.copy(
            sentinel = SentinelConfig(masterName, addresses),
            database = database(place.substringAfter('/', "")),
        )
    }

    // unix:/path has no place for credentials; unix:///path is how URLs write an empty host.
    private fun parseUnix(rest: String): RedisConfig {
        if (!rest.startsWith("//")) return RedisConfig(address = UNIX + rest)
        val path = rest.substringAfterLast('@').removePrefix("//")
        val credentials = if ('@' in rest) rest.removePrefix("//").substringBeforeLast('@') else ""
        return withCredentials(credentials).copy(address = UNIX + path)
    }

    private fun withPort(
        host: String,
        port: Int,
    ): String {
        val present = host.ifEmpty { "127.0.0.1" }
        return if (present.substringAfterLast(']').contains(':')) present else "$present:$port"
    }

    private fun withCredentials(credentials: String): RedisConfig {
        if (credentials.isEmpty()) return RedisConfig()
        if (':' !in credentials) throw refused("has a user but no password: write user:password@ or :password@")
        return RedisConfig(
            username = decoded(credentials.substringBefore(':')).ifEmpty { null },
            password = decoded(credentials.substringAfter(':')),
        )
    }

    private fun RedisConfig.withSettings(): RedisConfig =
        settings.entries.fold(this) { config, (name, value) ->
            when (name) {
                "db" -> config.copy(database = database(value))
                "client_name" -> config.copy(clientName = value)
                "protocol" -> config.copy(protocol = protocol(value))
                "timeout" -> config.copy(commandTimeout = timeout(value))
                "read_from" -> config.copy(readFrom = readFrom(value))
                "master" -> if (config.sentinel != null) config else throw unknown(name)
                else -> throw unknown(name)
            }
        }

    private fun settings(): Map<String, String> {
        if (queryAt < 0 || queryAt == text.length - 1) return emptyMap()
        return text.substring(queryAt + 1).split('&').associate {
            decoded(it.substringBefore('=')) to
                decoded(it.substringAfter('=', ""))
        }
    }

    private fun database(digits: String): Int =
        if (digits.isEmpty()) 0 else digits.toIntOrNull() ?: throw refused("has a database that is no number")

    private fun protocol(digit: String): RespVersion =
        when (digit) {
            "2" -> RespVersion.RESP2
            "3" -> RespVersion.RESP3
            else -> throw refused("has protocol=$digit; there are 2 and 3")
        }

    private fun timeout(value: String): Duration =
        Duration.parseOrNull(value) ?: throw refused("has timeout=$value; write it as 500ms, 5s or 1m")

    private fun readFrom(value: String): ReadFrom =
        ReadFrom.entries.find { it.name.lowercase() == value }
            ?: throw refused("has read_from=$value; there are ${ReadFrom.entries.joinToString { it.name.lowercase() }}")

    // '+' is a blank only in forms, not here.
    private fun decoded(part: String): String =
        try {
            URLDecoder.decode(part.replace("+", "%2B"), Charsets.UTF_8)
        } catch (_: IllegalArgumentException) {
            throw refused("has a '%' that is not followed by two hexadecimal digits")
        }

    private fun unknown(name: String) =
        refused(
            "has the setting $name; there are db, client_name, protocol, timeout, read_from, and master of sentinels",
        )

    private fun refused(why: String): ConfigException {
        val shown = if ('@' in text) text.substringBefore("//") + "//***@" + text.substringAfterLast('@') else text
        return ConfigException(
            "address",
            "Redis URL '$shown' $why.\n" +
                "  Forms: redis://[[user]:password@]host[:port][/database][?settings], rediss:// with TLS, " +
                "unix:/path[?settings], redis-sentinel://host[:port],…?master=name, host:port",
        )
    }

    private companion object {
        const val PLAIN = "redis://"
        const val TLS = "rediss://"
        const val SENTINEL = "redis-sentinel://"
        const val UNIX = "unix:"
        const val PORT = 6379
        const val SENTINEL_PORT = 26379
    }
}
