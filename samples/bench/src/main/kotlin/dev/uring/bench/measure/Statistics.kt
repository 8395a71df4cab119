package dev.uring.bench.measure

/** Median, extremes and number of a metric over rounds. */
data class Spread(
    val median: Double,
    val min: Double,
    val max: Double,
    val n: Int,
) {
    companion object {
        /** The spread of [values], or null when there are none. */
        fun of(values: List<Double>): Spread? {
            if (values.isEmpty()) return null
            return Spread(median(values), values.min(), values.max(), values.size)
        }
    }
}

/** The middle value; of an even number of values the mean of the two in the middle. */
fun median(values: List<Double>): Double {
    require(values.isNotEmpty()) { "median of no values" }
    val sorted = values.sorted()
    val middle = sorted.size / 2
    return if (sorted.size % 2 == 1) sorted[middle] else (sorted[middle - 1] + sorted[middle]) / 2
}
