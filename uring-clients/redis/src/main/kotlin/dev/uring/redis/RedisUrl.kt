package dev.uring.redis

import dev.uring.base.ConfigException
import java.net.URLDecoder

/** Reads the URL forms of [RedisConfig.parse]. Never shows a password in a message. */
internal class RedisUrl(
    private val text: String,
) {
    fun parse(): RedisConfig =
        when {
            text.startsWith("rediss://") -> {
                throw refused(
                    "asks for TLS, which this client does not have yet; use redis:// over a network you trust",
                )
            }

            text.startsWith(SCHEME) -> {
                parseNetwork(text.removePrefix(SCHEME))
            }

            text.startsWith("unix:") -> {
                parseUnix()
            }

            "://" in text -> {
                throw refused("has another scheme than redis:// or unix:")
            }

            else -> {
                parseNetwork(text)
            }
        }

    private fun parseNetwork(rest: String): RedisConfig {
        val credentials = rest.substringBeforeLast('@', "")
        val place = rest.substringAfterLast('@')
        val hostAndPort = place.substringBefore('/').ifEmpty { "127.0.0.1" }
        val hasPort = hostAndPort.substringAfterLast(']').contains(':')
        return withCredentials(credentials).copy(
            address = if (hasPort) hostAndPort else "$hostAndPort:$PORT",
            database = database(place.substringAfter('/', "")),
        )
    }

    private fun parseUnix(): RedisConfig {
        val query = text.substringAfter('?', "")
        val settings = if (query.isEmpty()) emptyList() else query.split('&')
        val database = settings.find { it.startsWith(DATABASE) }?.removePrefix(DATABASE).orEmpty()
        if (settings.any { !it.startsWith(DATABASE) }) throw refused("has another setting than ?db=N")
        // unix:///path is how URLs write an empty host.
        val path = text.substringBefore('?').replaceFirst("unix:///", "unix:/")
        return RedisConfig(address = path, database = database(database))
    }

    private fun withCredentials(credentials: String): RedisConfig {
        if (credentials.isEmpty()) return RedisConfig()
        if (':' !in credentials) throw refused("has a user but no password: write user:password@ or :password@")
        return RedisConfig(
            username = decoded(credentials.substringBefore(':')).ifEmpty { null },
            password = decoded(credentials.substringAfter(':')),
        )
    }

    private fun database(digits: String): Int =
        if (digits.isEmpty()) 0 else digits.toIntOrNull() ?: throw refused("has a database that is no number")

    // '+' is a blank only in forms, not here.
    private fun decoded(part: String): String =
        try {
            URLDecoder.decode(part.replace("+", "%2B"), Charsets.UTF_8)
        } catch (_: IllegalArgumentException) {
            throw refused("has a '%' that is not followed by two hexadecimal digits")
        }

    private fun refused(why: String): ConfigException {
        val shown = if ('@' in text) text.substringBefore("://") + "://***@" + text.substringAfterLast('@') else text
        return ConfigException(
            "address",
            "Redis URL '$shown' $why.\n" +
                "  Forms: redis://[[user]:password@]host[:port][/database], unix:/path[?db=N], host:port",
        )
    }

    private companion object {
        const val SCHEME = "redis://"
        const val DATABASE = "db="
        const val PORT = 6379
    }
}
