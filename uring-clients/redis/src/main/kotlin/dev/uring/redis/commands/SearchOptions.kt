package dev.uring.redis.commands

import dev.uring.redis.codec.CommandWriter
import kotlin.time.Duration
import kotlin.time.toKotlinDuration

/**
 * What a search returns, and how: for `ftSearch`.
 *
 * ### Shapes and units
 * Each function sets one option and returns this object, so that they can be called one after the other in Kotlin and Java.
 * Without any, the server returns the ten best documents with all their fields, and takes the query to be in its default
 * dialect.
 * ### Threading and cancellation
 * One thread at a time; it is read when a command is written, and not kept.
 *
 * @sample samples.redis.searching
 */
public class SearchOptions {
    private val flags = LinkedHashSet<String>()
    private val filters = ArrayList<(CommandWriter) -> Unit>()
    private val inKeys = ArrayList<String>()
    private val inFields = ArrayList<String>()
    private val returned = ArrayList<String>()
    private var summarize: ((CommandWriter) -> Unit)? = null
    private var highlight: ((CommandWriter) -> Unit)? = null
    private var slop: Int? = null
    private var timeout: Duration? = null
    private val named = LinkedHashMap<String, String>()
    private var sortBy: Pair<String, SortOrder>? = null
    private var limit: Limit? = null
    private val parameters = SearchParameters()

    /** Returns the keys of documents, and not their fields. */
    public fun noContent(): SearchOptions = flag("NOCONTENT")

    /** Finds words only as they are written, and not in their other forms. */
    public fun verbatim(): SearchOptions = flag("VERBATIM")

    /** Looks for words that are too common too. */
    public fun noStopWords(): SearchOptions = flag("NOSTOPWORDS")

    /** Returns [scores][SearchDocument.score]. */
    public fun withScores(): SearchOptions = flag("WITHSCORES")

    /** Returns [payloads][SearchDocument.payload]. */
    public fun withPayloads(): SearchOptions = flag("WITHPAYLOADS")

    /** Returns [what was sorted by][SearchDocument.sortKey]. */
    public fun withSortKeys(): SearchOptions = flag("WITHSORTKEYS")

    /** Returns scores, and [how they came about][SearchDocument.explanation]. Since RediSearch 1.6. */
    public fun explainScores(): SearchOptions = withScores().flag("EXPLAINSCORE")

    /** Words of the query must stand in its order. */
    public fun inOrder(): SearchOptions = flag("INORDER")

    /** Only documents with a number in [field] between [min] and [max]. */
    public fun filter(
        field: String,
        min: ScoreBound,
        max: ScoreBound,
    ): SearchOptions =
        apply {
            filters += { request ->
                request.arg("FILTER").arg(field)
                min.writeTo(request)
                max.writeTo(request)
            }
        }

    /** Only documents with a place in [field] that is at most [radius] away from [center]. */
    public fun geoFilter(
        field: String,
        center: GeoPoint,
        radius: Double,
        unit: GeoUnit,
    ): SearchOptions =
        apply {
            filters += { request ->
                center.writeTo(request.arg("GEOFILTER").arg(field))
                request.arg(radius).arg(unit.word.lowercase())
            }
        }

    /** Only these documents. */
    public fun inKeys(vararg keys: String): SearchOptions = apply { inKeys += keys }

    /** Looks for words in these fields only. */
    public fun inFields(vararg fields: String): SearchOptions = apply { inFields += fields }

    /** Returns these fields, and those of other calls, instead of all. In JSON documents a field may be a path. */
    public fun returns(vararg fields: String): SearchOptions {
        require(fields.isNotEmpty()) { "returns() without a field: noContent() returns documents without fields" }
        return apply { returned += fields }
    }

    /** Returns [field] as [alias]. Since 2.0. */
    public fun returnsAs(
        field: String,
        alias: String,
    ): SearchOptions = returns(field, "AS", alias)

    /**
     * Returns of [fields], or of all of them, only the parts with words of the query: at most [fragments] of [words] words
     * each, with [separator] behind each. The server's defaults: 3 of 20, and "... ".
     */
    @JvmOverloads
    public fun summarize(
        fields: Collection<String> = emptyList(),
        fragments: Int? = null,
        words: Int? = null,
        separator: String? = null,
    ): SearchOptions =
        apply {
            summarize = { request ->
                request.arg("SUMMARIZE")
                if (fields.isNotEmpty()) request.arg("FIELDS").counted(fields)
                fragments?.let { request.arg("FRAGS").arg(it.toLong()) }
                words?.let { request.arg("LEN").arg(it.toLong()) }
                separator?.let { request.arg("SEPARATOR").arg(it) }
            }
        }

    /** Puts words of the query in [fields], or in all of them, between [open] and [close]; `<b>` and `</b>` by default. */
    @JvmOverloads
    public fun highlight(
        fields: Collection<String> = emptyList(),
        open: String? = null,
        close: String? = null,
    ): SearchOptions {
        require((open == null) == (close == null)) { "highlight(open=$open, close=$close): give both tags, or none" }
        return apply {
            highlight = { request ->
                request.arg("HIGHLIGHT")
                if (fields.isNotEmpty()) request.arg("FIELDS").counted(fields)
                if (open != null && close != null) request.arg("TAGS").arg(open).arg(close)
            }
        }
    }

    /** How many other words may stand between those of the query. */
    public fun slop(words: Int): SearchOptions = apply { slop = words }

    /** How long the server may search, in place of its own setting. Since 1.6. */
    public fun timeout(timeout: Duration): SearchOptions = apply { this.timeout = timeout }

    /** As above, for Java. */
    public fun timeout(timeout: java.time.Duration): SearchOptions = timeout(timeout.toKotlinDuration())

    /** The language of the query, for the other forms of its words. */
    public fun language(language: String): SearchOptions = apply { named["LANGUAGE"] = language }

    /** What finds other forms of the query's words: an extension of the server. */
    public fun expander(expander: String): SearchOptions = apply { named["EXPANDER"] = expander }

    /** How scores are computed, such as `BM25`, `TFIDF.DOCNORM` or `DOCSCORE`. */
    public fun scorer(scorer: String): SearchOptions = apply { named["SCORER"] = scorer }

    /** The order of results, in place of the score. */
    @JvmOverloads
    public fun sortBy(
        field: String,
        order: SortOrder = SortOrder.Ascending,
    ): SearchOptions = apply { sortBy = field to order }

    /** Skips [offset] results and returns [count] at most; a count of 0 returns only how many there are. */
    public fun limit(
        offset: Long,
        count: Long,
    ): SearchOptions = apply { limit = Limit(offset, count) }

    /** What `$name` in the query stands for. Since 2.4. */
    public fun parameter(
        name: String,
        value: String,
    ): SearchOptions = apply { parameters.put(name, value) }

    /** As above. */
    public fun parameter(
        name: String,
        value: Double,
    ): SearchOptions = apply { parameters.put(name, value) }

    /** As above, for a query of nearest neighbours: numbers of 4 bytes. */
    public fun parameter(
        name: String,
        value: Vector,
    ): SearchOptions = apply { parameters.put(name, value) }

    /** As above, bytes as they are. */
    public fun parameter(
        name: String,
        value: ByteArray,
    ): SearchOptions = apply { parameters.put(name, value) }

    /** Which language of queries this one is in: 2 for vectors and parameters. Since 2.4. */
    public fun dialect(dialect: Int): SearchOptions = apply { parameters.dialect = dialect }

    private fun flag(word: String) = apply { flags += word }

    /** What stands between the key of a document and its fields in RESP2's flat reply, which does not say so itself. */
    internal fun shape(): Shape =
        Shape("NOCONTENT" !in flags, "WITHSCORES" in flags, "WITHPAYLOADS" in flags, "WITHSORTKEYS" in flags)

    internal class Shape(
        val hasFields: Boolean,
        val hasScore: Boolean,
        val hasPayload: Boolean,
        val hasSortKey: Boolean,
    )

    internal fun writeTo(request: CommandWriter) {
        for (flag in FLAGS) if (flag in flags) request.arg(flag)
        for (filter in filters) filter(request)
        if (inKeys.isNotEmpty()) request.arg("INKEYS").counted(inKeys)
        if (inFields.isNotEmpty()) request.arg("INFIELDS").counted(inFields)
        if (returned.isNotEmpty()) request.arg("RETURN").counted(returned)
        summarize?.invoke(request)
        highlight?.invoke(request)
        slop?.let { request.arg("SLOP").arg(it.toLong()) }
        timeout?.let { request.arg("TIMEOUT").millis(it) }
        if ("INORDER" in flags) request.arg("INORDER")
        for (name in NAMED) named[name]?.let { request.arg(name).arg(it) }
        if ("EXPLAINSCORE" in flags) request.arg("EXPLAINSCORE")
        sortBy?.let { (field, order) -> request.arg("SORTBY").arg(field).arg(order.word) }
        limit?.writeTo(request)
        parameters.writeTo(request)
    }

    private companion object {
        val FLAGS = listOf("NOCONTENT", "VERBATIM", "NOSTOPWORDS", "WITHSCORES", "WITHPAYLOADS", "WITHSORTKEYS")
        val NAMED = listOf("LANGUAGE", "EXPANDER", "SCORER")
    }
}
