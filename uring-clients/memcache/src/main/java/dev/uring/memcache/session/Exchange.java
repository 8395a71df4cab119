package dev.uring.memcache.session;

import dev.uring.memcache.codec.MemcacheReply;

/**
 * A command that knows which line is its last: some are answered by one line, some by items up to
 * {@code END}, quiet ones by whatever comes up to {@code MN}.
 */
public interface Exchange {
  /**
   * Whether a line ends the reply. Asked once for each line, also when nobody waits any more.
   *
   * @param line borrowed for the call
   * @return {@code false} if more lines belong to the same reply
   */
  boolean isEndedBy(MemcacheReply line);

  /**
   * A line that does not end the reply. Not called when nobody waits any more.
   *
   * @param line borrowed for the call
   */
  void part(MemcacheReply line);
}
