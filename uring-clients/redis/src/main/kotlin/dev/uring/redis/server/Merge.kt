package dev.uring.redis.server

/**
 * How the replies of several workers to their parts of one command become the reply to the whole.
 *
 * If a worker answers its part with an error, that error is the reply.
 */
public enum class Merge {
    /** Each answers with an integer; their sum. `DEL a b c` counts what was deleted anywhere. */
    SUM,

    /** Each answers with one element per key of its own; all elements in the order of the keys asked for. `MGET a b c`. */
    EACH,

    /** Each answers with an array; all elements, in the order of the workers. `KEYS *`. */
    CONCAT,

    /** All answer alike; the first answer. `MSET a 1 b 2`, `FLUSHALL`. */
    SAME,
}
