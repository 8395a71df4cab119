/**
 * Which reply belongs to which request, without I/O.
 *
 * <p><b>What lives here.</b> {@link dev.uring.client.session.ProtocolSession}, what a protocol is
 * to a connection; {@link dev.uring.client.session.InOrderSession} for the many protocols that
 * answer in the order of the requests, and the {@link dev.uring.client.session.ReplyRing} under it;
 * {@link dev.uring.client.session.Pending}, somebody who waits.
 *
 * <p><b>May import.</b> {@code dev.uring.bytes} and {@code dev.uring.codec}.
 *
 * <p><b>Threads.</b> A session belongs to one connection and so to one worker.
 *
 * <p><b>Who owns memory.</b> A session owns its decoder's memory and frees it when it is closed.
 *
 * <p><b>Read next.</b> {@code dev.uring.client.Link}, which has the connection.
 */
package dev.uring.client.session;
