package dev.uring.redis.commands

import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ReplyReader
import dev.uring.redis.codec.ReplyType

/**
 * What a search found.
 *
 * @property total how many documents match, of which [documents] are those that the options let through
 * @property warnings what the server could not do, such as finish in time; always empty over RESP2, which does not say
 */
public data class SearchResult<out K, out V>(
    public val total: Long,
    public val documents: List<SearchDocument<K, V>>,
    public val warnings: List<String> = emptyList(),
)

/**
 * A document that a search found.
 *
 * @property id its key
 * @property fields those that were asked for and that it has; of a JSON document, "$" is all of it
 * @property score how well it matches; null unless asked for
 * @property payload what was given along with it; null when there is none, or it was not asked for
 * @property sortKey what it was sorted by, behind a `#` for numbers and a `$` for texts; null unless asked for
 * @property explanation how the score came about, as a tree of texts; null unless asked for
 */
public data class SearchDocument<out K, out V>(
    public val id: K,
    public val fields: Map<String, V>,
    public val score: Double? = null,
    public val payload: String? = null,
    public val sortKey: String? = null,
    public val explanation: Any? = null,
) {
    /** The value of a field; null when it is not there. */
    public operator fun get(field: String): V? = fields[field]
}

/** RESP2: a flat list whose form [options] decide. RESP3, since RediSearch 2.8: maps, which say themselves what is what. */
internal fun <K, V> searchResultReply(
    id: Reply<K>,
    value: Reply<V>,
    options: SearchOptions,
): Reply<SearchResult<K, V>> {
    val shape = options.shape()
    val documents = SearchDocuments(id, value)
    return Reply { r -> if (r.peek() == ReplyType.MAP) documents.readMap(r) else documents.readList(r, shape) }
}

private class SearchDocuments<K, V>(
    private val id: Reply<K>,
    private val value: Reply<V>,
) {
    fun readList(
        r: ReplyReader,
        shape: SearchOptions.Shape,
    ): SearchResult<K, V> {
        val values = r.readArrayHeader()
        val total = r.readLong()
        val step =
            1 + listOf(shape.hasFields, shape.hasScore, shape.hasPayload, shape.hasSortKey).count { it }
        return SearchResult(
            total,
            List((values - 1) / step) {
                val key = id.read(r)
                val score = if (shape.hasScore) readScore(r) else NO_SCORE
                val payload = if (shape.hasPayload) Reply.STRING_OR_NULL.read(r) else null
                val sortKey = if (shape.hasSortKey) Reply.STRING_OR_NULL.read(r) else null
                val fields = if (shape.hasFields) readFields(r) else emptyMap()
                SearchDocument(key, fields, score.first, payload, sortKey, score.second)
            },
        )
    }

    fun readMap(r: ReplyReader): SearchResult<K, V> {
        var result = SearchResult<K, V>(0, emptyList())
        r.eachField { name ->
            when (name) {
                "total_results" -> result = result.copy(total = r.readLong())
                "results" -> result = result.copy(documents = List(r.readArrayHeader()) { readDocument(r) })
                "warning" -> result = result.copy(warnings = elements(Reply.STRING).read(r))
                else -> r.skip()
            }
        }
        return result
    }

    private fun readDocument(r: ReplyReader): SearchDocument<K, V> {
        var key: K? = null
        var document = SearchDocument<Unit, V>(Unit, emptyMap())
        r.eachField { name ->
            when (name) {
                "id" -> {
                    key = id.read(r)
                }

                "score" -> {
                    val (score, explanation) = readScore(r)
                    document = document.copy(score = score, explanation = explanation)
                }

                "payload" -> {
                    document = document.copy(payload = Reply.STRING_OR_NULL.read(r))
                }

                "sortkey" -> {
                    document = document.copy(sortKey = Reply.STRING_OR_NULL.read(r))
                }

                "extra_attributes" -> {
                    document = document.copy(fields = readFields(r))
                }

                else -> {
                    r.skip()
                }
            }
        }
        val found = checkNotNull(key) { "FT.SEARCH: a document without an id" }
        return document.run { SearchDocument(found, fields, score, payload, sortKey, explanation) }
    }

    /** The score, and how it came about if that was asked for: then they are a list of two. */
    private fun readScore(r: ReplyReader): Pair<Double?, Any?> {
        if (r.readNull()) return NO_SCORE
        if (r.peek() != ReplyType.ARRAY) return r.readDouble() to null
        r.readArrayHeader()
        return r.readDouble() to r.readAny()
    }

    /** Null in place of fields: the document has expired meanwhile. Null in place of a value: it does not have that field. */
    private fun readFields(r: ReplyReader): Map<String, V> {
        val fields = LinkedHashMap<String, V>()
        r.eachPair {
            val name = r.readString()
            if (!r.readNull()) fields[name] = value.read(r)
        }
        return fields
    }

    private companion object {
        val NO_SCORE = Pair<Double?, Any?>(null, null)
    }
}

/**
 * What a query found, and where the time went.
 *
 * @property profile as the server has it, a tree that differs from version to version
 */
public data class Profiled<out T>(
    public val result: T,
    public val profile: Any?,
)

/** A list of two, a map of two, or, in RediSearch 2.8 over RESP3, the result itself with one more name. */
internal fun <T> profiledReply(result: Reply<T>): Reply<Profiled<T>> =
    Reply { r ->
        if (r.peek() != ReplyType.MAP) {
            r.readArrayHeader()
            Profiled(result.read(r), r.readAny())
        } else {
            val start = r.position()
            var found: Profiled<T>? = null
            var profile: Any? = null
            r.eachField { name ->
                when (name) {
                    "Results" -> found = Profiled(result.read(r), null)
                    "Profile", "profile" -> profile = r.readAny()
                    else -> r.skip()
                }
            }
            val end = r.position()
            if (found == null) {
                r.position(start)
                found = Profiled(result.read(r), null)
                r.position(end)
            }
            Profiled(found.result, profile)
        }
    }
