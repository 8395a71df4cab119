/**
 * The Redis serialization protocol without I/O: bytes in, positions out; values in, bytes out.
 *
 * <p><b>What lives here.</b> {@link dev.uring.redis.codec.CommandWriter}, what a client sends;
 * {@link dev.uring.redis.codec.RespReplyDecoder} and {@link dev.uring.redis.codec.ReplyReader},
 * what it reads; {@link dev.uring.redis.codec.ReplyLimits}, how much a server may make it hold;
 * {@link dev.uring.redis.codec.RespRequestDecoder}, what a server reads;
 * {@link dev.uring.redis.codec.RespReplyEncoder}, what it answers;
 * {@link dev.uring.redis.codec.RespReplyFrame}, where an encoded reply ends;
 * {@link dev.uring.redis.codec.RespLimits}, how much a peer may make a server hold.
 *
 * <p><b>May import.</b> {@code dev.uring.bytes} and {@code dev.uring.codec} only: no socket, no
 * clock, no coroutine.
 *
 * <p><b>Threads.</b> A decoder belongs to one connection and so to one worker. The encoder has no
 * state.
 *
 * <p><b>Who owns memory.</b> The decoder borrows the view of one call and answers with positions in
 * it. It owns memory of its own only for a request that is too large to wait for in the view, and
 * that memory grows with the bytes that arrived, never with the bytes that were announced.
 *
 * <p><b>How compatible.</b> With Redis 7.0 byte for byte, error texts and leniencies included (the
 * byte after a carriage return is skipped unseen, a bulk's own line end is not verified), except
 * where its C strings end at a NUL byte: here NUL is a byte like any other.
 *
 * <p><b>Read next.</b> {@code dev.uring.redis.session}, {@code dev.uring.redis.server}.
 */
package dev.uring.redis.codec;
