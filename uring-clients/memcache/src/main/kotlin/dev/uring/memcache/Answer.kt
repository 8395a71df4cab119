package dev.uring.memcache

import dev.uring.memcache.codec.MemcacheReply
import dev.uring.memcache.codec.ReplyKind

/**
 * How the reply to a command is read: line by line, each with what the lines before have made.
 *
 * One answer without state serves all commands of its kind; one that collects belongs to a single command.
 *
 * ### Ownership
 * Lines and their views are borrowed for the call.
 * ### Threading and cancellation
 * On the connection's worker. Not called for a command that nobody waits for any more; [ends] is, always.
 * ### Errors
 * What is thrown fails its command; the replies behind it are not touched. Sees no line that is an error, unless [outlastsErrors].
 */
public abstract class Answer<T> {
    /** What the first line gets. */
    public open val start: Any? get() = null

    /** Whether a line that is an error is a part: of a reply behind a fence. Else it ends the reply and fails the command. */
    public open val outlastsErrors: Boolean get() = false

    /** Whether [line] is the last one. By itself every line is. */
    public open fun ends(line: MemcacheReply): Boolean = true

    /** A line that is not the last one. */
    public open fun part(
        line: MemcacheReply,
        sofar: Any?,
    ): Any? = sofar

    /** The last line: makes the result, or what the next reply of the same request starts with. */
    public abstract fun last(
        line: MemcacheReply,
        sofar: Any?,
    ): Any?

    /** Usual answers. */
    public companion object {
        /** Whether the reply says that it was done, and not that a condition does not hold. */
        public val DONE: Answer<Boolean> =
            line {
                when (it.kind()) {
                    ReplyKind.NOT_STORED, ReplyKind.NOT_FOUND, ReplyKind.EXISTS,
                    ReplyKind.META_NOT_STORED, ReplyKind.META_NOT_FOUND, ReplyKind.META_EXISTS, ReplyKind.META_MISS,
                    -> false

                    else -> true
                }
            }

        /** That it was done. A result of its own, so that a function can return it as it comes. */
        public val UNIT: Answer<Unit> = line { }

        /** The reply's text, such as a version. */
        public val TEXT: Answer<String> = line { it.text() }

        /** `STAT name value` up to `END`. */
        public val STATS: Answer<Map<String, String>> =
            object : Answer<Map<String, String>>() {
                override fun ends(line: MemcacheReply): Boolean = line.kind() != ReplyKind.STAT

                override fun part(
                    line: MemcacheReply,
                    sofar: Any?,
                ): Any =
                    collect(sofar).also {
                        it[line.text().substringBefore(' ')] =
                            line.text().substringAfter(' ', "")
                    }

                override fun last(
                    line: MemcacheReply,
                    sofar: Any?,
                ): Any = collect(sofar)

                @Suppress("UNCHECKED_CAST")
                private fun collect(sofar: Any?) =
                    (sofar ?: LinkedHashMap<String, String>()) as MutableMap<String, String>
            }

        /** A reply of one line. */
        public fun <T> line(read: (MemcacheReply) -> T): Answer<T> =
            object : Answer<T>() {
                override fun last(
                    line: MemcacheReply,
                    sofar: Any?,
                ): Any? = read(line)
            }
    }
}
