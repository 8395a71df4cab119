package dev.uring.redis.codec

/** The request grammar written down as plainly as possible, over all bytes at once: what fuzzing compares with. */
class ReferenceDecoder(
    private val text: String,
    private val limits: RespLimits,
) {
    private class Refused(
        message: String,
    ) : Exception("Protocol error: $message")

    private class Unfinished : Exception()

    private var at = 0

    fun decode(): Decoded {
        val requests = mutableListOf<List<String>>()
        var requestFrom = 0
        try {
            while (at < text.length) {
                val request = if (text[at] == '*') multibulk() else inline()
                requestFrom = at
                if (request.isNotEmpty()) requests += request
            }
        } catch (refused: Refused) {
            return Decoded(requests, refused.message, 0)
        } catch (_: Unfinished) {
            return Decoded(requests, null, text.length - requestFrom)
        }
        return Decoded(requests, null, 0)
    }

    private fun multibulk(): List<String> {
        val from = at
        val count = number(lengthLine("too big mbulk count string")) ?: throw Refused("invalid multibulk length")
        if (count > limits.argumentsMax()) throw Refused("invalid multibulk length")
        return List(count.coerceAtLeast(0).toInt()) { argument(from) }
    }

    private fun argument(requestFrom: Int): String {
        val line = lengthLine("too big bulk count string")
        if (line[0] != '$') throw Refused("expected '$', got '${line[0]}'")
        val size = number(line)
        if (size == null || size < 0 || size > limits.bulkBytesMax()) throw Refused("invalid bulk length")
        if (at - requestFrom + size > limits.requestBytesMax() - 2) throw Refused("too big request")
        if (text.length < at + size + 2) throw Unfinished()
        return text.substring(at, at + size.toInt()).also { at += size.toInt() + 2 }
    }

    private fun lengthLine(tooBig: String): String {
        val rest = text.substring(at)
        val end = rest.indexOf('\r')
        if ((if (end < 0) rest.length else end) > limits.inlineBytesMax()) throw Refused(tooBig)
        if (end < 0 || end + 1 >= rest.length) throw Unfinished()
        at += end + 2
        // Of an empty line the carriage return is what stands where the marker should.
        return rest.substring(0, end).ifEmpty { "\r" }
    }

    private fun number(line: String): Long? =
        line.drop(1).let { digits -> digits.toLongOrNull()?.takeIf { it.toString() == digits } }

    private fun inline(): List<String> {
        val rest = text.substring(at)
        val end = rest.indexOf('\n')
        if ((if (end < 0) rest.length else end) > limits.inlineBytesMax()) throw Refused("too big inline request")
        if (end < 0) throw Unfinished()
        at += end + 1
        val words = mutableListOf<String>()
        var line = rest.substring(0, end).removeSuffix("\r")
        while (true) {
            line = line.trimStart(' ', '\t', '\n', '\u000B', '\u000C', '\r')
            if (line.isEmpty()) return words
            val match = WORD.matchAt(line, 0) ?: throw Refused("unbalanced quotes in request")
            words += match.groupValues[1] + unquote(match.groupValues[2])
            line = line.substring(match.value.length)
        }
    }

    private fun unquote(quoted: String): String {
        if (quoted.isEmpty()) return ""
        val body = quoted.substring(1, quoted.length - 1)
        if (quoted[0] == '\'') return body.replace("\\'", "'")
        return ESCAPE.replace(body) { match ->
            val escaped = match.value.drop(1)
            if (escaped.length == 3) {
                escaped
                    .drop(1)
                    .toInt(16)
                    .toChar()
                    .toString()
            } else {
                ESCAPES[escaped] ?: escaped
            }
        }
    }

    private companion object {
        val ALL = RegexOption.DOT_MATCHES_ALL

        // Letters up to a blank or a quote, then at most one quoted part, which ends the word. Possessive (*+): once an
        // escaped quote is read as such, no second look may take it for the closing one.
        val WORD =
            Regex(
                """([^ \n\r\t"']*+)("(?:\\.|[^"\\])*+"(?=\s|\z)|'(?:\\'|[^'])*+'(?=\s|\z)|(?=[ \n\r\t]|\z))""",
                ALL,
            )
        val ESCAPE = Regex("\\\\(x[0-9a-fA-F]{2}|.)", ALL)
        val ESCAPES = mapOf("n" to "\n", "r" to "\r", "t" to "\t", "b" to "\b", "a" to "\u0007")
    }
}
