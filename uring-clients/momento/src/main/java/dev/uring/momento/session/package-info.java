/**
 * Which reply belongs to which command, without I/O.
 *
 * <p><b>What lives here.</b> {@link dev.uring.momento.session.MomentoSession}, a client's end of a
 * connection: it numbers commands and finds them again by the number of a reply, in any order;
 * {@link dev.uring.momento.session.Numbered}, what a command has to be for that.
 * {@link dev.uring.momento.session.MomentoServerSession}, a server's end: who may ask, what is
 * being answered, what was cancelled.
 *
 * <p><b>May import.</b> {@code dev.uring.bytes} and {@code dev.uring.codec} of the core, the codec,
 * and the sessions of {@code dev.uring.client}.
 *
 * <p><b>Threads.</b> A session belongs to one connection and so to one worker.
 *
 * <p><b>Who owns memory.</b> A session owns its decoder's memory and frees it when it is closed.
 *
 * <p><b>Read next.</b> {@code dev.uring.client.Link}, which has the connection.
 */
package dev.uring.momento.session;
