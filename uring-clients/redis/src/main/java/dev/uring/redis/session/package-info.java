/**
 * Which reply belongs to which command, without I/O.
 *
 * <p><b>What lives here.</b> {@link dev.uring.redis.session.ReplySession}, the queue of commands
 * that wait for their replies on one connection; {@link dev.uring.redis.session.PendingReply}, one
 * of them.
 *
 * <p><b>May import.</b> {@code dev.uring.bytes}, {@code dev.uring.codec},
 * {@code dev.uring.client.session} and the Redis codec.
 *
 * <p><b>Threads.</b> A session belongs to one connection and so to one worker.
 *
 * <p><b>Who owns memory.</b> The session owns its decoder's memory and frees it when it is closed.
 *
 * <p><b>Read next.</b> {@code dev.uring.redis.RedisClient}.
 */
package dev.uring.redis.session;
