package dev.uring.client.session;

/**
 * Somebody who waits for the replies to what was sent: of one request, or of several that were sent
 * as one.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Belongs to the thread of its session. {@link #abandon()} says that nobody waits any more; the
 * replies still come, and are thrown away, each in its turn. Afterwards the object may be used
 * again.
 *
 * @param <R> what a reply is read with
 */
public abstract class Pending<R> {
  int missing;
  private boolean isAbandoned;

  /** For subclasses. */
  protected Pending() {}

  /**
   * How many replies it waits for.
   *
   * @return at least 1; asked once for each time that it is sent
   */
  protected int repliesCount() {
    return 1;
  }

  /**
   * A reply has come. Not called for one that is abandoned.
   *
   * @param reply stands before the reply, which may be an error; borrowed for the call
   * @param isLast whether it was the last one: the session has forgotten this object then
   */
  protected abstract void replied(R reply, boolean isLast);

  /**
   * Gives it a reply, or drops the reply when nobody waits any more. For sessions.
   *
   * @param reply borrowed for the call
   * @param isLast whether it was the last one: the session must have forgotten this object
   */
  public final void answer(R reply, boolean isLast) {
    if (!isAbandoned) {
      replied(reply, isLast);
    } else if (isLast) {
      drained();
    }
  }

  /** Every reply of an abandoned one has come and was dropped: the session has forgotten it. */
  protected void drained() {}

  /** Nobody waits any more. Replies that are still to come belong to it all the same. */
  public final void abandon() {
    isAbandoned = true;
  }

  /**
   * Whether {@link #abandon()} was called since it was sent.
   *
   * @return {@code true} until it is sent again
   */
  public final boolean isAbandoned() {
    return isAbandoned;
  }

  /** Makes it as new, to be used again. */
  protected final void renew() {
    isAbandoned = false;
  }
}
