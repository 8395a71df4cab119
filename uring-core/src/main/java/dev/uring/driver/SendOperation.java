package dev.uring.driver;

/**
 * A gathered send: up to {@link #PARTS_MAX} pieces of memory that leave in one system call.
 *
 * <p><i>Owner:</i> the parts belong to the subclass, which keeps them unchanged until the answer. A
 * socket has one such operation, which is what keeps its bytes in order.
 */
public abstract class SendOperation extends Operation {
  /** Most pieces of one send: a block of 4 KiB holds their descriptions and the header. */
  public static final int PARTS_MAX = 128;

  /** For subclasses. */
  protected SendOperation() {}

  /**
   * How many parts this send has.
   *
   * @return 1 to {@link #PARTS_MAX}
   */
  protected abstract int partsCount();

  /**
   * Whether the kernel may send from the parts' memory itself instead of copying it. Asked for, the
   * answer may be followed by one {@link #memoryReleased}, and the operation is over only then; its
   * {@link #completed} says so by {@code isLast}.
   *
   * @return {@code false} unless overridden
   */
  protected boolean isZeroCopy() {
    return false;
  }

  /**
   * Hears that the kernel has let go of the parts' memory, after an answer that was not the last.
   *
   * @param wasCopied whether the kernel had to copy all the same
   */
  protected void memoryReleased(boolean wasCopied) {
    throw new IllegalStateException("a copying send was told that its memory is released: " + this);
  }

  /**
   * Whether more bytes follow soon: the kernel may hold a last, incomplete segment back for them.
   *
   * @return {@code false} unless overridden
   */
  protected boolean hasMore() {
    return false;
  }

  /**
   * A part.
   *
   * @param index 0 to {@link #partsCount}, exclusive
   * @return the part; the driver reads it and keeps nothing
   */
  protected abstract SendPart part(int index);
}
