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
   * A part.
   *
   * @param index 0 to {@link #partsCount}, exclusive
   * @return the part; the driver reads it and keeps nothing
   */
  protected abstract SendPart part(int index);
}
