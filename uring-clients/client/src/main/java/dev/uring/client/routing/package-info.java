/**
 * Which of several servers that know nothing of each other a key belongs to.
 *
 * <p><b>What lives here.</b> {@link dev.uring.client.routing.KeyHash}, the hash functions that
 * clients of Memcache agree on, and proxies of Redis;
 * {@link dev.uring.client.routing.Distribution}, what they do with a hash;
 * {@link dev.uring.client.routing.Continuum}, the circle of ketama;
 * {@link dev.uring.client.routing.WeightedNode}, what they know of a server. Pure arithmetic.
 *
 * <p><b>May import.</b> The JDK.
 *
 * <p><b>Threads.</b> Everything is immutable or has no state.
 *
 * <p><b>Who owns memory.</b> Keys are borrowed.
 *
 * <p><b>Read next.</b> The pools of the clients: {@code dev.uring.memcache.pool.MemcachePool}.
 */
package dev.uring.client.routing;
