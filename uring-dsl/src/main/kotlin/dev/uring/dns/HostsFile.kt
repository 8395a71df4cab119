package dev.uring.dns

import java.net.InetAddress

/**
 * What a hosts(5) file says. Reads text and nothing else.
 *
 * A line that makes no sense is passed over; [problems] tells of the first ones.
 */
internal class HostsFile private constructor(
    private val addresses: Map<String, List<InetAddress>>,
    val problems: List<String>,
) {
    /** The addresses of [name], which is in lower case, in the order of the file; none when it is not in it. */
    operator fun get(name: String): List<InetAddress> = addresses[name].orEmpty()

    companion object {
        // A file of another kind has as many problems as lines.
        private const val PROBLEMS_MAX = 16
        private val BLANKS = Regex("[ \t]+")

        // Behind what it is made with.
        val EMPTY: HostsFile = parse("")

        fun parse(text: String): HostsFile {
            val addresses = HashMap<String, MutableList<InetAddress>>()
            val problems = mutableListOf<String>()
            text.lineSequence().forEachIndexed { index, line ->
                val words = line.substringBefore('#').trim().split(BLANKS)
                if (words[0].isEmpty()) return@forEachIndexed
                val problem = read(words, addresses)
                if (problem != null && problems.size < PROBLEMS_MAX) problems += "line ${index + 1}: $problem"
            }
            return HostsFile(addresses, problems)
        }

        private fun read(
            words: List<String>,
            addresses: MutableMap<String, MutableList<InetAddress>>,
        ): String? {
            val address = addressOrNull(words[0]) ?: return "'${words[0]}' is not an IP address"
            if (words.size == 1) return "no name for ${words[0]}"
            for (word in words.drop(1)) {
                val known = addresses.getOrPut(HostName.lower(word.removeSuffix("."))) { mutableListOf() }
                if (address !in known && known.size < ResolverConfig.RECORDS_MAX) known += address
            }
            return null
        }
    }
}
