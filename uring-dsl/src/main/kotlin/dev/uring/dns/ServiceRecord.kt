package dev.uring.dns

/**
 * One place where a service is to be had (SRV, RFC 2782).
 *
 * @property host a name for [Resolver.resolve], without a dot at its end.
 * @property port the port there.
 * @property priority the smaller, the sooner: a larger one is for when none of the smaller answers.
 * @property weight the share among those of one priority, 0 to 65535.
 */
public data class ServiceRecord(
    val host: String,
    val port: Int,
    val priority: Int,
    val weight: Int,
)

/**
 * [services] in the order of trying: by priority, and within one priority by lot, each with a chance in proportion to its
 * weight. RFC 2782, "Weight". [below] draws a number from 0 until its argument.
 */
internal fun drawOrder(
    services: List<ServiceRecord>,
    below: (Int) -> Int,
): List<ServiceRecord> =
    services
        .groupBy { it.priority }
        .toSortedMap()
        .values
        .flatMap { drawByWeight(it, below) }

private fun drawByWeight(
    services: List<ServiceRecord>,
    below: (Int) -> Int,
): List<ServiceRecord> {
    // Those of weight 0 to the front: the only place in which they have a chance, a small one, beside the others.
    val left = services.sortedBy { it.weight != 0 }.toMutableList()
    return buildList {
        while (left.isNotEmpty()) {
            val drawn = below(left.sumOf { it.weight } + 1)
            var runningSum = 0
            val index =
                left.indexOfFirst {
                    runningSum += it.weight
                    runningSum >= drawn
                }
            add(left.removeAt(index))
        }
    }
}
