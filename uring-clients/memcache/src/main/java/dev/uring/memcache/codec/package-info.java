/**
 * The memcached protocols, text and meta, without I/O.
 *
 * <p><b>What lives here.</b> For a client: {@link dev.uring.memcache.codec.MemcacheWriter} writes
 * commands, {@link dev.uring.memcache.codec.MemcacheReplyDecoder} finds replies. For a server:
 * {@link dev.uring.memcache.codec.MemcacheRequestDecoder} finds commands. Values go through a
 * {@link dev.uring.memcache.codec.Transcoder}.
 *
 * <p><b>May import.</b> {@code dev.uring.bytes} and {@code dev.uring.codec} of the core.
 *
 * <p><b>Threads.</b> Everything with state belongs to one connection and so to one worker.
 *
 * <p><b>Who owns memory.</b> Decoders own what they gather of a large value and lend views; writers
 * copy, but for large arrays, which they hold until they are written.
 *
 * <p><b>Read next.</b> {@code dev.uring.memcache.MemcacheClient}. Source of all of it: memcached's
 * {@code doc/protocol.txt}.
 */
package dev.uring.memcache.codec;
