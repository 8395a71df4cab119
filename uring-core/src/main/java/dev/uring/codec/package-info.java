/**
 * Contracts of sans-IO codecs: bytes in, values out, no socket and no clock.
 *
 * <p><b>What lives here.</b> {@link dev.uring.codec.DecodeStatus}, the three answers of a decoder;
 * {@link dev.uring.codec.Framing}, where a message ends: behind a delimiter or a length;
 * {@link dev.uring.codec.Gather}, memory of a decoder for a message too large to wait in its
 * connection.
 *
 * <p><b>May import.</b> {@code bytes}, {@code base} only.
 *
 * <p><b>Threads.</b> A codec belongs to one connection and so to one worker.
 *
 * <p><b>Who owns memory.</b> A decoder borrows the view for one call and answers with positions in
 * it.
 *
 * <p><b>Read next.</b> A codec built on it, for example the RESP one of the Redis module.
 */
package dev.uring.codec;
