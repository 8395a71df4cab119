package dev.uring.redis.session;

import dev.uring.client.session.Pending;
import dev.uring.redis.codec.ReplyReader;

/** A {@link Pending} that waits for replies of Redis, in a {@link ReplySession}. */
public abstract class PendingReply extends Pending<ReplyReader> {
  /** For subclasses. */
  protected PendingReply() {}
}
