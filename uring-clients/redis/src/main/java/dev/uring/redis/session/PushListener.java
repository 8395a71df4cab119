package dev.uring.redis.session;

import dev.uring.redis.codec.ReplyReader;

/** Hears of what a server says without being asked. */
@FunctionalInterface
public interface PushListener {
  /**
   * A push has come.
   *
   * @param reader stands before it; borrowed for the call
   */
  void pushed(ReplyReader reader);
}
