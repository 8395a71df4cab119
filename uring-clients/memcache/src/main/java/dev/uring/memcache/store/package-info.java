/**
 * What a Memcache server does with its items, without I/O and without threads.
 *
 * <p><b>What lives here.</b> {@link dev.uring.memcache.store.MemcacheService}, the rules of both
 * protocols; {@link dev.uring.memcache.store.ItemStore}, where the items are, and
 * {@link dev.uring.memcache.store.LruItemStore}, one that forgets what was not used for longest.
 *
 * <p><b>May import.</b> {@code dev.uring.bytes} and the Memcache codec.
 *
 * <p><b>Threads.</b> A store and its service belong to one worker.
 *
 * <p><b>Who owns memory.</b> Items own their values; requests are borrowed.
 *
 * <p><b>Read next.</b> {@code dev.uring.memcache.server}.
 */
package dev.uring.memcache.store;
