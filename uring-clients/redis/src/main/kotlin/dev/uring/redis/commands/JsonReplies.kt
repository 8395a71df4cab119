package dev.uring.redis.commands

import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ReplyReader
import dev.uring.redis.codec.ReplyType
import dev.uring.redis.codec.ValueCodec

/** A value, as JSON, and where in which document it goes. */
public data class JsonMember<out K>(
    public val key: K,
    public val path: String,
    public val json: String,
)

internal fun <K> JsonMember<K>.writeTo(
    request: CommandWriter,
    keys: ValueCodec<K>,
) {
    request.key(keys, key).arg(path).arg(json)
}

/** What a path leads to: a list for one that begins with `$`, the value itself for one of the old kind; nil is nothing. */
internal fun <T> matches(element: Reply<T>): Reply<List<T>> =
    Reply { r ->
        when {
            r.peek() == ReplyType.ARRAY -> List(r.readArrayHeader()) { element.read(r) }
            r.readNull() -> emptyList()
            else -> listOf(element.read(r))
        }
    }

/** Replies of RedisJSON that have a form of their own. */
internal object JsonReplies {
    /** RESP2: the numbers as JSON text, `[3,null,4.5]` or `3`. RESP3: numbers. */
    val numbers: Reply<List<Double?>> =
        Reply { r ->
            if (r.peek() == ReplyType.STRING) {
                val text = r.readString().trim().removeSurrounding("[", "]")
                if (text.isBlank()) emptyList() else text.split(',').map { number(it.trim()) }
            } else {
                matches(Reply.DOUBLE_OR_NULL).read(r)
            }
        }

    private fun number(text: String) = if (text == "null") null else text.toDouble()

    /** 0 and 1, or texts for a path of the old kind. */
    val toggled: Reply<List<Boolean?>> =
        matches(
            Reply { r ->
                when {
                    r.readNull() -> null
                    r.peek() == ReplyType.STRING -> r.readString() == "true"
                    else -> r.readBoolean()
                }
            },
        )

    /** Over RESP3 in one list more; nil in it: the key is not there. */
    val types: Reply<List<String>> =
        Reply { r ->
            val types = ArrayList<String>()
            readTypes(r, types)
            types
        }

    private fun readTypes(
        r: ReplyReader,
        types: MutableList<String>,
    ) {
        when {
            r.peek() == ReplyType.ARRAY -> repeat(r.readArrayHeader()) { readTypes(r, types) }
            r.readNull() -> Unit
            else -> types += r.readString()
        }
    }

    /** A list of lists, or the one list for a path of the old kind. */
    val keys: Reply<List<List<String>?>> =
        Reply { r ->
            if (r.readNull()) {
                emptyList()
            } else {
                val start = r.position()
                val count = r.readArrayHeader()
                val isOne = count > 0 && r.peek() == ReplyType.STRING
                if (isOne) {
                    r.position(start)
                    listOf(Reply.list(Reply.STRING).read(r))
                } else {
                    List(count) { Reply.listOrNull(Reply.STRING).read(r) }
                }
            }
        }
}
