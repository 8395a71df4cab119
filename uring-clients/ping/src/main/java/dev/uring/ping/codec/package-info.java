/**
 * The ping protocol, without I/O: {@code PING} is answered by {@code PONG}.
 *
 * <p><b>What lives here.</b> {@link dev.uring.ping.codec.PingCodec}, the bytes of both sides, and
 * {@link dev.uring.ping.codec.PongDecoder}, which finds answers.
 *
 * <p><b>May import.</b> {@code dev.uring.bytes} and {@code dev.uring.codec} of the core.
 *
 * <p><b>Threads.</b> A decoder belongs to one connection and so to one worker.
 *
 * <p><b>Who owns memory.</b> Views are borrowed for one call.
 *
 * <p><b>Read next.</b> {@code dev.uring.ping.session}.
 */
package dev.uring.ping.codec;
