package dev.uring.memcache.session;

import dev.uring.memcache.codec.MemcacheReply;

/**
 * A command that knows which line is its last: some are answered by one line, some by items up to
 * {@code END}, quiet ones by whatever comes up to {@code MN}. Several gets may have one line
 * together.
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

  /**
   * Whether its key stands on the line of the command sent before it: both are answered by one list
   * of items, up to one {@code END}. Asked when the answer begins.
   *
   * @return {@code false} for a command with a line of its own
   */
  default boolean joinsLine() {
    return false;
  }

  /**
   * Says that an item of a list that answers several commands is this one's, if it is. Asked also
   * when nobody waits any more.
   *
   * @param line borrowed for the call
   * @return {@code true} for the key that was asked for, once
   */
  default boolean claims(MemcacheReply line) {
    return false;
  }
}
