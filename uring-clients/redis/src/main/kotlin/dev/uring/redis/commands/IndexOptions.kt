package dev.uring.redis.commands

import dev.uring.redis.codec.CommandWriter
import kotlin.time.Duration
import kotlin.time.toKotlinDuration

/**
 * What an index is of, and what it keeps: for `ftCreate`. Without any option it is of all hashes.
 *
 * ### Shapes and units
 * Each function sets one option and returns this object, so that they can be called one after the other in Kotlin and Java.
 * Those that say "since 2.0" are refused by a server with RediSearch 1, which has documents of its own instead.
 * ### Threading and cancellation
 * One thread at a time; it is read when a command is written, and not kept.
 *
 * @sample samples.redis.searching
 */
public class IndexOptions {
    private var type: IndexedType? = null
    private val prefixes = ArrayList<String>()
    private val named = LinkedHashMap<String, String>()
    private val flags = LinkedHashSet<String>()
    private var temporary: Duration? = null
    private var stopWords: List<String>? = null

    /** Of hashes, or of JSON documents. Since 2.0. */
    public fun on(type: IndexedType): IndexOptions = apply { this.type = type }

    /** Only of keys that begin with one of these. Since 2.0. */
    public fun prefixes(vararg prefixes: String): IndexOptions = apply { this.prefixes += prefixes }

    /** Only of documents for which this expression is true, such as `@price > 0`. Since 2.0. */
    public fun filter(expression: String): IndexOptions = apply { named["FILTER"] = expression }

    /** The language of documents that do not say theirs. Since 2.0. */
    public fun language(language: String): IndexOptions = apply { named["LANGUAGE"] = language }

    /** The field that says a document's language. Since 2.0. */
    public fun languageField(field: String): IndexOptions = apply { named["LANGUAGE_FIELD"] = field }

    /** The score of documents that do not say theirs, from 0 to 1. Since 2.0. */
    public fun score(score: Double): IndexOptions = apply { named["SCORE"] = score.toString() }

    /** The field that says a document's score. Since 2.0. */
    public fun scoreField(field: String): IndexOptions = apply { named["SCORE_FIELD"] = field }

    /** The field that has a document's payload. Since 2.0. */
    public fun payloadField(field: String): IndexOptions = apply { named["PAYLOAD_FIELD"] = field }

    /** Leaves room for more than 32 fields of text, which may be added later. */
    public fun maxTextFields(): IndexOptions = flag("MAXTEXTFIELDS")

    /** Does not keep where words stand: smaller, without exact phrases and highlighting. */
    public fun noOffsets(): IndexOptions = flag("NOOFFSETS")

    /** The index is deleted, with its documents, when it was not used for so long: whole seconds. */
    public fun temporary(idle: Duration): IndexOptions {
        require(idle.inWholeSeconds > 0) { "idle=$idle: an index lives for at least one second" }
        return apply { temporary = idle }
    }

    /** As above, for Java. */
    public fun temporary(idle: java.time.Duration): IndexOptions = temporary(idle.toKotlinDuration())

    /** Does not keep what highlighting needs. */
    public fun noHighlights(): IndexOptions = flag("NOHL")

    /** Does not keep in which field words stand: smaller, without queries of single fields. */
    public fun noFields(): IndexOptions = flag("NOFIELDS")

    /** Does not keep how often words stand in a document: smaller, without scores by that. */
    public fun noFrequencies(): IndexOptions = flag("NOFREQS")

    /** The words that are too common to look for, in place of the usual ones; none means that every word counts. */
    public fun stopWords(vararg words: String): IndexOptions = apply { stopWords = words.asList() }

    /** Leaves out the documents that are there already. Since 2.0. */
    public fun skipInitialScan(): IndexOptions = flag("SKIPINITIALSCAN")

    private fun flag(word: String) = apply { flags += word }

    internal fun writeTo(request: CommandWriter) {
        type?.let { request.arg("ON").arg(it.word) }
        if (prefixes.isNotEmpty()) request.arg("PREFIX").counted(prefixes)
        for (name in NAMED) named[name]?.let { request.arg(name).arg(it) }
        if ("MAXTEXTFIELDS" in flags) request.arg("MAXTEXTFIELDS")
        if ("NOOFFSETS" in flags) request.arg("NOOFFSETS")
        temporary?.let { request.arg("TEMPORARY").arg(it.inWholeSeconds) }
        for (flag in FLAGS) if (flag in flags) request.arg(flag)
        stopWords?.let { request.arg("STOPWORDS").counted(it) }
        if ("SKIPINITIALSCAN" in flags) request.arg("SKIPINITIALSCAN")
    }

    private companion object {
        // In the order of the server's documentation: old versions insist on it.
        val NAMED = listOf("FILTER", "LANGUAGE", "LANGUAGE_FIELD", "SCORE", "SCORE_FIELD", "PAYLOAD_FIELD")
        val FLAGS = listOf("NOHL", "NOFIELDS", "NOFREQS")
    }
}

/** How many there are, and each. */
internal fun CommandWriter.counted(words: Collection<String>): CommandWriter {
    arg(words.size.toLong())
    for (word in words) arg(word)
    return this
}
