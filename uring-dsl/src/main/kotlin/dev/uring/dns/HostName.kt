package dev.uring.dns

import java.net.IDN

/**
 * A name as it is asked for: ASCII, lower case, without the dot at its end.
 *
 * @property isAbsolute whether it was written with that dot, which says that nothing is to be added.
 */
internal class HostName private constructor(
    val text: String,
    val isAbsolute: Boolean,
) {
    /** The names to ask for, in their order: resolv.conf(5), `search` and `ndots`. */
    fun candidates(
        search: List<String>,
        ndots: Int,
    ): List<String> {
        if (isAbsolute) return listOf(text)
        val searched = search.map { "$text.$it" }.filter { it.length <= NAME_CHARS_MAX }
        return if (text.count { it == '.' } >= ndots) listOf(text) + searched else searched + text
    }

    /** Whether it is this machine whatever a name server says: RFC 6761 §6.3. */
    val isLocalhost: Boolean get() = text == "localhost" || text.endsWith(".localhost")

    companion object {
        // RFC 1035 §2.3.4: 255 bytes with the length bytes, which is this without the last dot.
        private const val NAME_CHARS_MAX = 253
        private const val LABEL_CHARS_MAX = 63

        /** Null when [text] can be no host's or service's name. */
        fun parseOrNull(text: String): HostName? {
            val ascii = toAscii(text) ?: return null
            val name = lower(ascii.removeSuffix("."))
            if (name.isEmpty() || name.length > NAME_CHARS_MAX) return null
            val labels = name.split('.')
            if (!labels.all(::isLabel)) return null
            // 256.0.0.1 is a mistake and no name: there are no top-level domains of digits.
            if (labels.last().all { it.isAsciiDigit() }) return null
            return HostName(name, ascii.endsWith('.'))
        }

        /** ASCII letters only: the names of the DNS know no others, and no locale. */
        fun lower(text: String): String =
            if (text.none { it in 'A'..'Z' }) {
                text
            } else {
                String(CharArray(text.length) { if (text[it] in 'A'..'Z') text[it] + CASE_DISTANCE else text[it] })
            }

        private const val CASE_DISTANCE = 'a' - 'A'

        // The underscore is no letter of a host's name, but of a service's, and many a host has one all the same.
        private fun isLabel(label: String): Boolean =
            label.length in 1..LABEL_CHARS_MAX &&
                label.all { it in 'a'..'z' || it.isAsciiDigit() || it == '-' || it == '_' } &&
                label.first() != '-' &&
                label.last() != '-'

        private fun toAscii(text: String): String? {
            if (text.all { it.code < ASCII_END }) return text
            return try {
                IDN.toASCII(text)
            } catch (_: IllegalArgumentException) {
                null
            }
        }

        private const val ASCII_END = 0x80
    }
}
