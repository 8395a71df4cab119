package dev.uring.redis.commands

import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ReplyReader
import dev.uring.redis.codec.ReplyType

/**
 * What an aggregation made.
 *
 * @property total how many rows there are by the server's account, which stops counting where it stops working
 * @property warnings what the server could not do; always empty over RESP2, which does not say
 */
public data class AggregateResult(
    public val total: Long,
    public val rows: List<AggregateRow>,
    public val warnings: List<String> = emptyList(),
) {
    internal companion object {
        val reply: Reply<AggregateResult> = Reply { r -> if (r.peek() == ReplyType.MAP) readMap(r) else readList(r) }

        private fun readList(r: ReplyReader): AggregateResult {
            val values = r.readArrayHeader()
            // Of a cursor's last piece there may be nothing at all.
            if (values == 0) return AggregateResult(0, emptyList())
            return AggregateResult(r.readLong(), List(values - 1) { AggregateRow.read(r) })
        }

        private fun readMap(r: ReplyReader): AggregateResult {
            var result = AggregateResult(0, emptyList())
            r.eachField { name ->
                when (name) {
                    "total_results" -> result = result.copy(total = r.readLong())
                    "results" -> result = result.copy(rows = List(r.readArrayHeader()) { AggregateRow.readRecord(r) })
                    "warning" -> result = result.copy(warnings = elements(Reply.STRING).read(r))
                    else -> r.skip()
                }
            }
            return result
        }
    }
}

/**
 * A row of an aggregation: its values by name.
 *
 * @property values texts, numbers where the server says so, and lists of them; null where there is none
 */
public data class AggregateRow(
    public val values: Map<String, Any?>,
) {
    /** A value as text; null when it is not there. */
    public operator fun get(name: String): String? = values[name]?.toString()

    /**
     * A value as a whole number; null when it is not there.
     *
     * ### Errors
     * `NumberFormatException` it is no number · `ArithmeticException` it has a fraction, or does not fit.
     */
    public fun long(name: String): Long? = get(name)?.let { it.toLongOrNull() ?: it.toBigDecimal().longValueExact() }

    /** A value as a number; null when it is not there. `NumberFormatException` when it is none. */
    public fun double(name: String): Double? =
        when (val text = get(name)) {
            null -> null
            "nan", "-nan" -> Double.NaN
            "inf" -> Double.POSITIVE_INFINITY
            "-inf" -> Double.NEGATIVE_INFINITY
            else -> text.toDouble()
        }

    /** A value as the list that it is, or of one element; empty when it is not there. */
    public fun list(name: String): List<String?> =
        when (val value = values[name]) {
            null -> emptyList()
            is List<*> -> value.map { it?.toString() }
            else -> listOf(value.toString())
        }

    internal companion object {
        fun read(r: ReplyReader): AggregateRow {
            val values = LinkedHashMap<String, Any?>()
            r.eachPair { values[r.readString()] = r.readAny() }
            return AggregateRow(values)
        }

        fun readRecord(r: ReplyReader): AggregateRow {
            var row = AggregateRow(emptyMap())
            r.eachField { name -> if (name == "extra_attributes") row = read(r) else r.skip() }
            return row
        }
    }
}

/**
 * Some rows of an aggregation that is read by a cursor.
 *
 * @property cursor for `ftCursorRead`, at the server that gave it; [isLast] when there are no more rows
 */
public data class AggregatePage(
    public val result: AggregateResult,
    public val cursor: Long,
) {
    /** Whether the cursor is at its end, and no longer there. */
    public val isLast: Boolean get() = cursor == 0L

    /** What this piece has. */
    public val rows: List<AggregateRow> get() = result.rows

    internal companion object {
        val reply: Reply<AggregatePage> =
            Reply { r ->
                r.readArrayHeader()
                AggregatePage(AggregateResult.reply.read(r), r.readLong())
            }
    }
}
