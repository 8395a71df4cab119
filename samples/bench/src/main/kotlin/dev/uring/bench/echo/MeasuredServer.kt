package dev.uring.bench.echo

/** A server under the echo load, ours or a foreign program. */
interface MeasuredServer {
    val name: String

    /** Where it listens on loopback. */
    val port: Int

    /** The process whose CPU time is counted. */
    val pid: Long

    /** What a reader needs to judge the figures, in one sentence. */
    val settings: String

    /** What the server counts itself, each value only growing; empty for a program that tells nothing. */
    fun counters(): Map<String, Long>
}
