/**
 * Keys and values in memory, for one thread: what a worker of a cache keeps.
 *
 * <p><b>What lives here.</b> {@link dev.uring.redis.store.Keyspace}, a map from keys to
 * {@link dev.uring.redis.store.Entry entries} with deadlines and a resumable scan;
 * {@link dev.uring.redis.store.GlobPattern}, the patterns of {@code KEYS};
 * {@link dev.uring.redis.store.KeyHash}, which also decides what worker owns a key.
 *
 * <p><b>May import.</b> {@code dev.uring.bytes} only: nothing here speaks a protocol or does I/O.
 *
 * <p><b>Threads.</b> A keyspace belongs to one thread. A server has one for each worker, and a key
 * always goes to the same one, so there is no lock anywhere.
 *
 * <p><b>Who owns memory.</b> Keys and values are copied in and live on the Java heap. Native memory
 * would spare the collector three objects per key and cost an allocator of our own; measured by
 * what a request costs, the collector does not show.
 *
 * <p><b>Read next.</b> {@code dev.uring.redis.server}.
 */
package dev.uring.redis.store;
