package dev.uring.redis.commands

import dev.uring.redis.codec.CommandWriter

/**
 * The fields of an index, in their order: for `ftCreate` and `ftAlter`.
 *
 * ### Shapes and units
 * Each function adds a field and returns it, for its options: `text("title").weight(5.0).sortable()`. In an index of JSON
 * documents a name is a path, `text("$.title").alias("title")`.
 * ### Threading and cancellation
 * One thread at a time; it is read when a command is written, and not kept.
 *
 * @sample samples.redis.searching
 */
public class SearchSchema {
    private val fields = ArrayList<SearchField<*>>()

    /** A text, whose words are found. */
    public fun text(name: String): TextField = add(TextField(name))

    /** Words that stand for themselves, separated by a comma, such as labels and identifiers. */
    public fun tag(name: String): TagField = add(TagField(name))

    /** A number, found by ranges. */
    public fun numeric(name: String): NumericField = add(NumericField(name))

    /** A place, "longitude,latitude". */
    public fun geo(name: String): GeoField = add(GeoField(name))

    /** A shape, as well-known text (WKT). Since RediSearch 2.8. */
    @JvmOverloads
    public fun geoShape(
        name: String,
        system: CoordinateSystem = CoordinateSystem.Spherical,
    ): GeoShapeField = add(GeoShapeField(name, system))

    /** A vector of [dimensions] numbers, found by nearness. Since RediSearch 2.4. */
    @JvmOverloads
    public fun vector(
        name: String,
        algorithm: VectorAlgorithm,
        dimensions: Int,
        distance: VectorDistance,
        number: VectorNumber = VectorNumber.Float32,
    ): VectorField = add(VectorField(name, algorithm, dimensions, distance, number))

    private fun <F : SearchField<*>> add(field: F): F = field.also { fields += it }

    internal fun writeTo(request: CommandWriter) {
        for (field in fields) field.writeTo(request)
    }
}

/** A field of a [SearchSchema], with what all kinds of them have in common; each function returns the field. */
public sealed class SearchField<F : SearchField<F>>(
    private val name: String,
) {
    private var alias: String? = null
    private val early = LinkedHashSet<String>()
    private val late = LinkedHashSet<String>()

    /** How queries call it. Since 2.0. */
    public fun alias(alias: String): F = self { this.alias = alias }

    /** Finds documents that do not have it, by `ismissing(@field)`. Since 2.10. */
    public fun indexMissing(): F = self { early += "INDEXMISSING" }

    /** Keeps it, for sorting and results, and does not find documents by it. */
    public fun noIndex(): F = self { late += "NOINDEX" }

    internal fun early(word: String): F = self { early += word }

    internal fun late(word: String): F = self { late += word }

    @Suppress("UNCHECKED_CAST") // each kind of field names itself as F
    internal inline fun self(change: () -> Unit): F {
        change()
        return this as F
    }

    internal abstract fun writeType(request: CommandWriter)

    internal open fun writeDetails(request: CommandWriter): Unit = Unit

    internal fun writeTo(request: CommandWriter) {
        request.arg(name)
        alias?.let { request.arg("AS").arg(it) }
        writeType(request)
        for (word in EARLY) if (word in early) request.arg(word)
        writeDetails(request)
        for (word in LATE) if (word in late) request.arg(word)
    }

    private companion object {
        val EARLY = listOf("INDEXMISSING", "INDEXEMPTY")
        val LATE = listOf("WITHSUFFIXTRIE", "SORTABLE", "UNF", "NOINDEX")
    }
}

/** A field that results can be sorted by. */
public sealed class SortableField<F : SortableField<F>>(
    name: String,
) : SearchField<F>(name) {
    /** Keeps its value ready for sorting, and for results without a look into the document. */
    public fun sortable(): F = late("SORTABLE")
}

/** A field of words. */
public sealed class WordField<F : WordField<F>>(
    name: String,
) : SortableField<F>(name) {
    /** As [sortable], by the value as it is: without folding upper and lower case. Since 2.2. */
    public fun sortableAsIs(): F {
        late("SORTABLE")
        return late("UNF")
    }

    /** Finds documents in which it is empty. Since 2.10. */
    public fun indexEmpty(): F = early("INDEXEMPTY")

    /** Keeps all ends of its words too, which makes `*end` and `*middle*` quick. Since 2.6. */
    public fun withSuffixTrie(): F = late("WITHSUFFIXTRIE")
}

/** See [SearchSchema.text]. */
public class TextField internal constructor(
    name: String,
) : WordField<TextField>(name) {
    private var weight: Double? = null
    private var isStemmed = true
    private var phonetic: String? = null

    /** How much it counts in a document's score; 1 by default. */
    public fun weight(weight: Double): TextField = self { this.weight = weight }

    /** Finds words only as they are written, and not in their other forms. */
    public fun noStem(): TextField = self { isStemmed = false }

    /** Finds what sounds alike: `dm:en`, `dm:fr`, `dm:pt` or `dm:es`. Since 1.4. */
    public fun phonetic(matcher: String): TextField = self { phonetic = matcher }

    override fun writeType(request: CommandWriter) {
        request.arg("TEXT")
    }

    override fun writeDetails(request: CommandWriter) {
        weight?.let { request.arg("WEIGHT").arg(it) }
        if (!isStemmed) request.arg("NOSTEM")
        phonetic?.let { request.arg("PHONETIC").arg(it) }
    }
}

/** See [SearchSchema.tag]. */
public class TagField internal constructor(
    name: String,
) : WordField<TagField>(name) {
    private var separator: Char? = null
    private var isCaseSensitive = false

    /** What stands between two tags, in place of a comma. */
    public fun separator(separator: Char): TagField = self { this.separator = separator }

    /** Tells upper from lower case. Since 2.0. */
    public fun caseSensitive(): TagField = self { isCaseSensitive = true }

    override fun writeType(request: CommandWriter) {
        request.arg("TAG")
    }

    override fun writeDetails(request: CommandWriter) {
        separator?.let { request.arg("SEPARATOR").arg(it.toString()) }
        if (isCaseSensitive) request.arg("CASESENSITIVE")
    }
}

/** See [SearchSchema.numeric]. */
public class NumericField internal constructor(
    name: String,
) : SortableField<NumericField>(name) {
    override fun writeType(request: CommandWriter) {
        request.arg("NUMERIC")
    }
}

/** See [SearchSchema.geo]. */
public class GeoField internal constructor(
    name: String,
) : SortableField<GeoField>(name) {
    override fun writeType(request: CommandWriter) {
        request.arg("GEO")
    }
}

/** See [SearchSchema.geoShape]. */
public class GeoShapeField internal constructor(
    name: String,
    private val system: CoordinateSystem,
) : SearchField<GeoShapeField>(name) {
    override fun writeType(request: CommandWriter) {
        request.arg("GEOSHAPE").arg(system.word)
    }
}

/** See [SearchSchema.vector]. */
public class VectorField internal constructor(
    name: String,
    private val algorithm: VectorAlgorithm,
    dimensions: Int,
    distance: VectorDistance,
    number: VectorNumber,
) : SearchField<VectorField>(name) {
    private val attributes =
        linkedMapOf("TYPE" to number.word, "DIM" to dimensions.toString(), "DISTANCE_METRIC" to distance.word)

    init {
        require(
            dimensions > 0,
        ) { "vector field $name: dimensions=$dimensions must be positive: how many numbers a vector has" }
    }

    /** A setting of the algorithm, such as `M`, `EF_CONSTRUCTION` or `INITIAL_CAP`. */
    public fun attribute(
        name: String,
        value: Any,
    ): VectorField = self { attributes[name] = value.toString() }

    override fun writeType(request: CommandWriter) {
        request.arg("VECTOR").arg(algorithm.word).counted(attributes.flatMap { listOf(it.key, it.value) })
    }
}
