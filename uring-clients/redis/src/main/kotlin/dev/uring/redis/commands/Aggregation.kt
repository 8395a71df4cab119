package dev.uring.redis.commands

import dev.uring.redis.codec.CommandWriter
import kotlin.time.Duration
import kotlin.time.toKotlinDuration

/**
 * The steps of an aggregation, which are taken in the order in which they are added: for `ftAggregate`.
 *
 * ### Shapes and units
 * Names of fields begin with `@`, as in queries. Each function returns this object, so that they can be called one after the
 * other in Kotlin and Java.
 * ### Threading and cancellation
 * One thread at a time; it is read when a command is written, and not kept.
 *
 * @sample samples.redis.aggregating
 */
public class Aggregation {
    private val steps = ArrayList<(CommandWriter) -> Unit>()
    private val parameters = SearchParameters()

    /** Reads fields of the documents that are not [sortable][SortableField.sortable]. */
    public fun load(vararg fields: String): Aggregation {
        require(fields.isNotEmpty()) { "load() without a field: loadAll() loads all of them" }
        return step { it.arg("LOAD").counted(fields.asList()) }
    }

    /** Reads [field], or a path in a JSON document, as [alias]. Since 2.0. */
    public fun loadAs(
        field: String,
        alias: String,
    ): Aggregation = load(field, "AS", alias)

    /** Reads all fields of the documents. Since 2.0.13. */
    public fun loadAll(): Aggregation = step { it.arg("LOAD").arg("*") }

    /** Makes one row of all that have the same values in [fields], with what [reducers] make of them. */
    public fun groupBy(
        fields: Collection<String>,
        vararg reducers: Reducer,
    ): Aggregation {
        val made = reducers.map { it.words() }
        return step { request ->
            request.arg("GROUPBY").counted(fields)
            for (words in made) for (word in words) request.arg(word)
        }
    }

    /** As above, by one field. */
    public fun groupBy(
        field: String,
        vararg reducers: Reducer,
    ): Aggregation = groupBy(listOf(field), *reducers)

    /** Adds a value to each row, computed by [expression], such as `floor(@price / 10)`. */
    public fun apply(
        expression: String,
        alias: String,
    ): Aggregation =
        step {
            it
                .arg("APPLY")
                .arg(expression)
                .arg("AS")
                .arg(alias)
        }

    /** Sorts by [fields], each in its order; with [max], only so many rows are kept, which is quicker. */
    @JvmOverloads
    public fun sortBy(
        fields: Map<String, SortOrder>,
        max: Int? = null,
    ): Aggregation {
        val words = fields.flatMap { (field, order) -> listOf(field, order.word) }
        return step { request ->
            request.arg("SORTBY").counted(words)
            max?.let { request.arg("MAX").arg(it.toLong()) }
        }
    }

    /** As above, by one field. */
    @JvmOverloads
    public fun sortBy(
        field: String,
        order: SortOrder = SortOrder.Ascending,
        max: Int? = null,
    ): Aggregation = sortBy(mapOf(field to order), max)

    /** Goes on with the rows for which [expression] is true. */
    public fun filter(expression: String): Aggregation = step { it.arg("FILTER").arg(expression) }

    /** Skips [offset] rows and goes on with [count] at most. */
    public fun limit(
        offset: Long,
        count: Long,
    ): Aggregation = step { Limit(offset, count).writeTo(it) }

    /** Finds words only as they are written, and not in their other forms. */
    public fun verbatim(): Aggregation = step { it.arg("VERBATIM") }

    /** Adds the documents' scores to the rows, as `@__score`. Since 2.10. */
    public fun addScores(): Aggregation = step { it.arg("ADDSCORES") }

    /** How long the server may take, in place of its own setting. Since 2.0. */
    public fun timeout(timeout: Duration): Aggregation = step { it.arg("TIMEOUT").millis(timeout) }

    /** As above, for Java. */
    public fun timeout(timeout: java.time.Duration): Aggregation = timeout(timeout.toKotlinDuration())

    /** What `$name` in the query stands for. Since 2.4. */
    public fun parameter(
        name: String,
        value: String,
    ): Aggregation = apply { parameters.put(name, value) }

    /** As above. */
    public fun parameter(
        name: String,
        value: Double,
    ): Aggregation = apply { parameters.put(name, value) }

    /** As above, for a query of nearest neighbours: numbers of 4 bytes. */
    public fun parameter(
        name: String,
        value: Vector,
    ): Aggregation = apply { parameters.put(name, value) }

    /** Which language of queries this one is in. Since 2.4. */
    public fun dialect(dialect: Int): Aggregation = apply { parameters.dialect = dialect }

    private fun step(write: (CommandWriter) -> Unit): Aggregation {
        steps += write
        return this
    }

    internal fun writeTo(request: CommandWriter) {
        for (step in steps) step(request)
        parameters.writeTo(request)
    }
}

/** What is made of the rows of a group: one value, under a name of its own if [alias] gives it one. */
public class Reducer private constructor(
    private val function: String,
    private val arguments: List<String>,
    private val name: String? = null,
) {
    /** The same, under this name: how later steps and results call it. */
    public fun alias(name: String): Reducer = Reducer(function, arguments, name)

    internal fun words(): List<String> =
        listOf("REDUCE", function, "${arguments.size}") + arguments +
            if (name == null) emptyList() else listOf("AS", name)

    /** What reducers there are. */
    public companion object {
        /** How many rows the group has. */
        @JvmStatic
        public fun count(): Reducer = of("COUNT")

        /** How many different values [field] has. */
        @JvmStatic
        public fun countDistinct(field: String): Reducer = of("COUNT_DISTINCT", field)

        /** About how many different values [field] has: quicker and smaller. */
        @JvmStatic
        public fun countDistinctAbout(field: String): Reducer = of("COUNT_DISTINCTISH", field)

        /** The sum of [field]. */
        @JvmStatic
        public fun sum(field: String): Reducer = of("SUM", field)

        /** The least value of [field]. */
        @JvmStatic
        public fun min(field: String): Reducer = of("MIN", field)

        /** The greatest value of [field]. */
        @JvmStatic
        public fun max(field: String): Reducer = of("MAX", field)

        /** The mean of [field]. */
        @JvmStatic
        public fun average(field: String): Reducer = of("AVG", field)

        /** The standard deviation of [field]. */
        @JvmStatic
        public fun standardDeviation(field: String): Reducer = of("STDDEV", field)

        /** The value of [field] that a part of the rows, from 0 to 1, is below; 0.5 is the median. */
        @JvmStatic
        public fun quantile(
            field: String,
            part: Double,
        ): Reducer = of("QUANTILE", field, part.toString())

        /** All different values of [field], as a list. */
        @JvmStatic
        public fun toList(field: String): Reducer = of("TOLIST", field)

        /** The value of [field] in the first row. */
        @JvmStatic
        public fun firstValue(field: String): Reducer = of("FIRST_VALUE", field)

        /** The value of [field] in the row that is first by another field. */
        @JvmStatic
        @JvmOverloads
        public fun firstValue(
            field: String,
            by: String,
            order: SortOrder = SortOrder.Ascending,
        ): Reducer = of("FIRST_VALUE", field, "BY", by, order.word)

        /** [count] values of [field], chosen at random, as a list. */
        @JvmStatic
        public fun randomSample(
            field: String,
            count: Int,
        ): Reducer = of("RANDOM_SAMPLE", field, count.toString())

        /** Another function of the server, with its arguments. */
        @JvmStatic
        public fun of(
            function: String,
            vararg arguments: String,
        ): Reducer = Reducer(function, arguments.asList())
    }
}
