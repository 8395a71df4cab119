/**
 * Which server a key belongs to.
 *
 * <p><b>What lives here.</b> {@link dev.uring.memcache.routing.KeyHash}, the hash functions that
 * clients of Memcache agree on; {@link dev.uring.memcache.routing.Distribution}, what they do with
 * a hash; {@link dev.uring.memcache.routing.Continuum}, the circle of ketama. Pure arithmetic.
 *
 * <p><b>May import.</b> The JDK.
 *
 * <p><b>Threads.</b> Everything is immutable or has no state.
 *
 * <p><b>Who owns memory.</b> Keys are borrowed.
 *
 * <p><b>Read next.</b> {@code dev.uring.memcache.pool.MemcachePool}.
 */
package dev.uring.memcache.routing;
