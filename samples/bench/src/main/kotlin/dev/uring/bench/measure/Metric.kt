package dev.uring.bench.measure

/**
 * One figure of a round or of a table row.
 *
 * @property key its name in JSON, unit last
 * @property column its heading in the table
 * @property decimals how many the table shows
 */
enum class Metric(
    val key: String,
    val column: String,
    val decimals: Int,
) {
    OPS_PER_SECOND("opsPerSecond", "ops/s", 0),
    P50_MICROS("p50Micros", "p50 µs", 1),
    P99_MICROS("p99Micros", "p99 µs", 1),
    P999_MICROS("p999Micros", "p99.9 µs", 1),

    /** All threads of the server, kernel side included: the primary figure, which a saturated load cannot distort. */
    SERVER_CPU_NS("serverCpuNsPerOp", "server ns/op", 0),
    CLIENT_CPU_NS("clientCpuNsPerOp", "client ns/op", 0),

    /** Near 1 means that the load generator is the limit and ops/s says little about the server. */
    CLIENT_BUSY("clientBusyShare", "client busy", 2),
    BYTES_PER_OP("bytesPerOp", "B/op", 2),

    /** Datagrams that were not answered in time, as a share of those that were sent; UDP only. */
    LOST_SHARE("lostShare", "lost", 5),
    SQES_PER_ENTER("sqesPerEnter", "SQE/enter", 1),
    ENTERS_PER_OP("entersPerOp", "enters/op", 3),
    GC_COUNT("gcCount", "GCs", 0),

    /** Resident memory of the server for each idle connection, without what the kernel keeps for the socket. */
    RSS_PER_CONNECTION("rssBytesPerConnection", "RSS B/conn", 0),
}
