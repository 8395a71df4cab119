package dev.uring.redis.commands

import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ReplyReader
import dev.uring.redis.codec.ReplyType

/**
 * What is known of an index.
 *
 * @property documents how many it has
 * @property terms how many different words
 * @property records how many words at places of documents
 * @property isIndexing whether documents that were there before it are still being read; false where the server does not say
 * @property more whatever else the server says, by its names
 */
public data class IndexInfo(
    public val name: String,
    public val fields: List<IndexField>,
    public val documents: Long,
    public val terms: Long,
    public val records: Long,
    public val isIndexing: Boolean,
    public val more: Map<String, Any?>,
) {
    internal companion object {
        val reply: Reply<IndexInfo> =
            Reply { r ->
                var info = IndexInfo("", emptyList(), 0, 0, 0, false, emptyMap())
                val more = LinkedHashMap<String, Any?>()
                r.eachField { name ->
                    when (name) {
                        "index_name" -> info = info.copy(name = r.readString())

                        // RediSearch 1 called them fields.
                        "attributes", "fields" -> info = info.copy(fields = elements(IndexField.reply).read(r))

                        "num_docs" -> info = info.copy(documents = r.readDouble().toLong())

                        "num_terms" -> info = info.copy(terms = r.readDouble().toLong())

                        "num_records" -> info = info.copy(records = r.readDouble().toLong())

                        "indexing" -> info = info.copy(isIndexing = r.readDouble() != 0.0)

                        else -> more[name] = r.readAny()
                    }
                }
                info.copy(more = more)
            }
    }
}

/**
 * A field of an index.
 *
 * @property identifier the name in documents, or the path in JSON documents
 * @property name how queries call it
 * @property type such as `TEXT`, `TAG` or `NUMERIC`
 * @property flags such as `SORTABLE`
 * @property details settings by name, such as `WEIGHT` or `SEPARATOR`
 */
public data class IndexField(
    public val identifier: String,
    public val name: String,
    public val type: String,
    public val flags: Set<String>,
    public val details: Map<String, String>,
) {
    internal companion object {
        val reply: Reply<IndexField> = Reply { r -> if (r.peek() == ReplyType.MAP) readMap(r) else readList(r) }

        private fun readMap(r: ReplyReader): IndexField {
            val details = LinkedHashMap<String, String>()
            var flags = emptySet<String>()
            r.eachField { name ->
                if (name == "flags") flags = members(Reply.STRING).read(r) else details[name] = text(r)
            }
            return of(details, flags)
        }

        // Settings and flags in one flat list, in RediSearch 1 with the name alone in front.
        private fun readList(r: ReplyReader): IndexField {
            val words = List(r.readArrayHeader()) { text(r) }
            val details = LinkedHashMap<String, String>()
            val flags = LinkedHashSet<String>()
            var at = 0
            if (words.firstOrNull() != "identifier") details["attribute"] = words[at++]
            while (at < words.size) {
                val word = words[at++]
                if (word in FLAGS || at == words.size) flags += word else details[word] = words[at++]
            }
            return of(details, flags)
        }

        /** As it is on the wire: a number's digits do not depend on the protocol then. */
        private fun text(r: ReplyReader): String =
            when (r.peek()) {
                ReplyType.ARRAY, ReplyType.MAP, ReplyType.SET, ReplyType.NULL -> r.readAny().toString()
                else -> r.readString()
            }

        private fun of(
            details: Map<String, String>,
            flags: Set<String>,
        ): IndexField {
            val name = details["attribute"].orEmpty()
            val identifier = details["identifier"] ?: name
            return IndexField(identifier, name, details["type"].orEmpty(), flags, details - NAMED)
        }

        private val NAMED = setOf("identifier", "attribute", "type")
        private val FLAGS =
            setOf(
                "SORTABLE",
                "UNF",
                "NOSTEM",
                "NOINDEX",
                "CASESENSITIVE",
                "WITHSUFFIXTRIE",
                "INDEXEMPTY",
                "INDEXMISSING",
            )
    }
}
