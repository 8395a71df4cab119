package dev.uring.redis.commands

import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ReplyReader
import dev.uring.redis.codec.ReplyType

/** A dictionary whose terms a spelling check suggests too, or never, and terms beside it. */
public class SpellCheckTerms private constructor(
    private val use: String,
    private val dictionary: String,
    private val terms: List<String>,
) {
    internal fun writeTo(request: CommandWriter) {
        request.arg(use).arg(dictionary)
        for (term in terms) request.arg(term)
    }

    /** What uses there are. */
    public companion object {
        /** Suggests the terms of [dictionary], and [terms]. */
        @JvmStatic
        public fun include(
            dictionary: String,
            vararg terms: String,
        ): SpellCheckTerms = SpellCheckTerms("INCLUDE", dictionary, terms.asList())

        /** Never suggests the terms of [dictionary], nor [terms]. */
        @JvmStatic
        public fun exclude(
            dictionary: String,
            vararg terms: String,
        ): SpellCheckTerms = SpellCheckTerms("EXCLUDE", dictionary, terms.asList())
    }
}

/** A term that may have been meant; [score] is the part of the documents that have it, 0 for one of a dictionary. */
public data class SpellingSuggestion(
    public val term: String,
    public val score: Double,
) {
    internal companion object {
        /** RESP2: lists of `TERM`, the term, and pairs of score and suggestion. RESP3: maps in the map `results`. */
        val replies: Reply<Map<String, List<SpellingSuggestion>>> =
            Reply { r -> if (r.peek() == ReplyType.MAP) readMap(r) else readList(r) }

        private fun readList(r: ReplyReader) =
            buildMap {
                repeat(r.readArrayHeader()) {
                    r.readArrayHeader()
                    r.skip()
                    put(
                        r.readString(),
                        List(r.readArrayHeader()) {
                            r.readArrayHeader()
                            val score = r.readDouble()
                            SpellingSuggestion(r.readString(), score)
                        },
                    )
                }
            }

        private fun readMap(r: ReplyReader): Map<String, List<SpellingSuggestion>> {
            val found = LinkedHashMap<String, List<SpellingSuggestion>>()
            r.eachField { name ->
                if (name == "results") r.eachField { term -> found[term] = readTerms(r) } else r.skip()
            }
            return found
        }

        private fun readTerms(r: ReplyReader): List<SpellingSuggestion> {
            val suggestions = ArrayList<SpellingSuggestion>()
            repeat(r.readArrayHeader()) {
                r.eachField { term -> suggestions += SpellingSuggestion(term, r.readDouble()) }
            }
            return suggestions
        }
    }
}

/** A suggestion for what was typed so far; [payload] is what was added with it. */
public data class Suggestion(
    public val text: String,
    public val score: Double,
    public val payload: String?,
) {
    internal companion object {
        /** A flat list of three values for each. */
        val replies: Reply<List<Suggestion>> =
            Reply { r ->
                if (r.readNull()) {
                    emptyList()
                } else {
                    List(r.readArrayHeader() / 3) {
                        Suggestion(r.readString(), r.readDouble(), Reply.STRING_OR_NULL.read(r))
                    }
                }
            }
    }
}
