/**
 * What a server of Memcache is called where keys are spread over several.
 *
 * <p><b>What lives here.</b> {@link dev.uring.memcache.routing.Node}. How keys are spread is
 * {@code dev.uring.client.routing}.
 *
 * <p><b>May import.</b> The JDK and {@code dev.uring.client.routing}.
 *
 * <p><b>Threads.</b> Everything is immutable.
 *
 * <p><b>Read next.</b> {@code dev.uring.memcache.pool.MemcachePool}.
 */
package dev.uring.memcache.routing;
