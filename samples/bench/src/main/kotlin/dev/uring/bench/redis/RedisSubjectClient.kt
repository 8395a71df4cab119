package dev.uring.bench.redis

/** A client library that runs loads. Each way of asking is the one that its users would choose for speed. */
interface RedisSubjectClient {
    /** What a reader needs to judge the figures. */
    val settings: String

    /** Runs [load] to its end. */
    fun run(load: RedisLoad)
}
