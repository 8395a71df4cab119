package dev.uring.driver;

/**
 * One thing asked of a {@link FileDriver}.
 *
 * <p>A kind of its own, because a driver that is being closed waits for these and for no others: a
 * socket's operations end at once when they are cancelled, but what a disk has begun goes on, and
 * it goes on in memory of ours.
 */
public abstract class FileOperation extends Operation {
  // The driver whose file the answer will be; null unless this is an open.
  UringFiles opening;

  /** For subclasses. */
  protected FileOperation() {}

  /**
   * Hears the answer, on the driver's thread, at the top level of its turn. May ask again.
   *
   * @param result a count or file ≥ 0, or a negative errno
   */
  protected abstract void answered(int result);

  @Override
  protected final void completed(int result, int bufferId, boolean isLast) {
    if (opening != null) {
      if (result >= 0) {
        opening.opened(result);
      }
      opening = null;
    }
    answered(result);
  }
}
