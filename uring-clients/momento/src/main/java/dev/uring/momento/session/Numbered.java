package dev.uring.momento.session;

import dev.uring.momento.codec.ReplyKind;

/** A command that is known by a number as long as it is sent. Thread: its session's. */
public interface Numbered {
  /**
   * The number under which it is being sent now; right before it is written.
   *
   * @param id new each time that it is sent
   */
  void messageId(long id);

  /**
   * The number under which it was sent last.
   *
   * @return as {@link #messageId(long)} was told
   */
  long messageId();

  /**
   * What answers it, if not an error.
   *
   * @return the one right kind of reply
   */
  ReplyKind expects();
}
