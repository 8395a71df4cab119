/**
 * Which lines answer which command, without I/O.
 *
 * <p><b>What lives here.</b> {@link dev.uring.memcache.session.MemcacheSession}, the commands that
 * wait on one connection; {@link dev.uring.memcache.session.Exchange}, what one of them has to
 * know.
 *
 * <p><b>May import.</b> {@code dev.uring.bytes}, {@code dev.uring.codec}, the sessions of
 * {@code dev.uring.client} and the Memcache codec.
 *
 * <p><b>Threads.</b> A session belongs to one connection and so to one worker.
 *
 * <p><b>Who owns memory.</b> The session owns its decoder's memory and frees it when it is closed.
 *
 * <p><b>Read next.</b> {@code dev.uring.memcache.MemcacheClient}.
 */
package dev.uring.memcache.session;
