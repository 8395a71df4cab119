/**
 * Which answer belongs to which ping, without I/O.
 *
 * <p><b>What lives here.</b> {@link dev.uring.ping.session.PingSession}: the decoder of a
 * connection, and the queue of those who wait, which the client module has.
 *
 * <p><b>May import.</b> The codec, and {@code dev.uring.client.session}.
 *
 * <p><b>Threads.</b> A session belongs to one connection and so to one worker.
 *
 * <p><b>Who owns memory.</b> Nothing here owns any.
 *
 * <p><b>Read next.</b> {@code dev.uring.ping.PingClient}.
 */
package dev.uring.ping.session;
