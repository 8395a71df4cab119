package dev.uring.dns

/**
 * What a [Resolver] has counted since it began, over all workers.
 *
 * @property queries questions sent to servers, each repetition counted, over UDP, TCP and TLS.
 * @property cacheHits record sets answered from the cache.
 * @property coalesced record sets that somebody else was being asked for already.
 * @property timeouts questions that a server did not answer in time.
 * @property truncated answers that did not fit a datagram and were asked for again over TCP.
 * @property tlsConnections connections that were opened to ask over TLS.
 * @property ignoredAnswers datagrams that came from a server's address and were no answer: a forger's, or too late.
 * @property cachedAnswers record sets in the caches now.
 */
public class ResolverStats internal constructor(
    public val queries: Long,
    public val cacheHits: Long,
    public val coalesced: Long,
    public val timeouts: Long,
    public val truncated: Long,
    public val tlsConnections: Long,
    public val ignoredAnswers: Long,
    public val cachedAnswers: Int,
) {
    override fun toString(): String =
        "ResolverStats(queries=$queries, cacheHits=$cacheHits, coalesced=$coalesced, timeouts=$timeouts, " +
            "truncated=$truncated, tlsConnections=$tlsConnections, ignoredAnswers=$ignoredAnswers, " +
            "cachedAnswers=$cachedAnswers)"
}

/** One worker's counters: written by it alone, read by anybody. */
internal class ResolverCounters {
    @Volatile var queries = 0L

    @Volatile var cacheHits = 0L

    @Volatile var coalesced = 0L

    @Volatile var timeouts = 0L

    @Volatile var truncated = 0L

    @Volatile var tlsConnections = 0L

    @Volatile var ignoredAnswers = 0L

    @Volatile var cachedAnswers = 0
}
