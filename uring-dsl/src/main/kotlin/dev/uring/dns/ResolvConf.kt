package dev.uring.dns

import java.net.InetAddress
import java.net.InetSocketAddress
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * What a resolv.conf(5) says. Reads text and nothing else.
 *
 * As glibc does, a line that makes no sense is passed over, since the lines after it may; [problems] tells of it. What
 * glibc has for other reasons than finding names (`sortlist`, `trust-ad`, `single-request`, …) is passed over silently.
 */
internal class ResolvConf private constructor(
    val servers: List<InetSocketAddress>,
    val search: List<String>,
    val ndots: Int?,
    val timeout: Duration?,
    val attempts: Int?,
    val rotate: Boolean,
    val useTcp: Boolean,
    val problems: List<String>,
) {
    companion object {
        val EMPTY: ResolvConf = parse("")

        fun parse(text: String): ResolvConf = Reader().read(text)
    }

    private class Reader {
        private val servers = mutableListOf<InetSocketAddress>()
        private var search = emptyList<String>()
        private var ndots: Int? = null
        private var timeout: Duration? = null
        private var attempts: Int? = null
        private var rotate = false
        private var useTcp = false
        private val problems = mutableListOf<String>()

        fun read(text: String): ResolvConf {
            text.lineSequence().forEachIndexed { index, line -> readLine(index + 1, line) }
            return ResolvConf(servers, search, ndots, timeout, attempts, rotate, useTcp, problems)
        }

        private fun readLine(
            number: Int,
            line: String,
        ) {
            // Only in the first column, as the manual page says: "search ;" is a domain, though a bad one.
            if (line.isBlank() || line[0] == '#' || line[0] == ';') return
            val words = line.trim().split(BLANKS)
            val values = words.drop(1)
            when (words[0]) {
                "nameserver" -> readServer(number, values)

                // The last of these two wins: resolv.conf(5).
                "domain" -> readSearch(number, values.take(1))

                "search" -> readSearch(number, values)

                "options" -> values.forEach { readOption(number, it) }

                "sortlist" -> return

                else -> problems += "line $number: '${words[0]}' is no directive"
            }
        }

        private fun readServer(
            number: Int,
            values: List<String>,
        ) {
            val text = values.firstOrNull()
            val address = text?.let(::addressOrNull)
            when {
                address == null -> {
                    problems += "line $number: '${text.orEmpty()}' is not an IP address"
                }

                servers.size == ResolverConfig.SERVERS_MAX -> {
                    problems += "line $number: only the first ${ResolverConfig.SERVERS_MAX} servers count"
                }

                else -> {
                    servers += InetSocketAddress(address, DNS_PORT)
                }
            }
        }

        private fun readSearch(
            number: Int,
            values: List<String>,
        ) {
            if (values.isEmpty()) problems += "line $number: no domain"
            val domains = values.filter { it != "." }
            val (good, bad) = domains.partition { HostName.parseOrNull(it) != null }
            bad.forEach { problems += "line $number: '$it' is not a domain name" }
            if (good.size > ResolverConfig.SEARCH_MAX) {
                problems += "line $number: only the first ${ResolverConfig.SEARCH_MAX} domains count"
            }
            search = good.take(ResolverConfig.SEARCH_MAX).map { HostName.lower(it.removeSuffix(".")) }
        }

        private fun readOption(
            number: Int,
            option: String,
        ) {
            val name = option.substringBefore(':')
            when (name) {
                "ndots" -> number(number, option, 0..ResolverConfig.NDOTS_MAX)?.let { ndots = it }
                "timeout" -> number(number, option, 1..TIMEOUT_SECONDS_MAX)?.let { timeout = it.seconds }
                "attempts" -> number(number, option, 1..ResolverConfig.ATTEMPTS_MAX)?.let { attempts = it }
                "rotate" -> rotate = true
                "use-vc" -> useTcp = true
            }
        }

        // Too large a number means "as much as there is", as in glibc.
        private fun number(
            line: Int,
            option: String,
            range: IntRange,
        ): Int? {
            val number = option.substringAfter(':', "").toIntOrNull()
            if (number == null || number < range.first) {
                problems += "line $line: '$option' needs a number from ${range.first} to ${range.last}"
                return null
            }
            return number.coerceAtMost(range.last)
        }
    }
}

internal const val DNS_PORT = 53
private const val TIMEOUT_SECONDS_MAX = 30
private val BLANKS = Regex("[ \t]+")

/** The address written in [text], without brackets; null when it is none. Never asks anybody. */
internal fun addressOrNull(text: String): InetAddress? {
    // Only what may be one: ofLiteral says no with an exception, too dear for every name.
    val mayBeOne = ':' in text || (text.isNotEmpty() && text.all { it.isAsciiDigit() || it == '.' })
    if (!mayBeOne) return null
    return try {
        InetAddress.ofLiteral(text)
    } catch (_: IllegalArgumentException) {
        null
    }
}

internal fun Char.isAsciiDigit() = this in '0'..'9'
