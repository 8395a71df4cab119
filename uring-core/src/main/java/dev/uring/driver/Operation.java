package dev.uring.driver;

import dev.uring.buffer.Block;

/**
 * One thing asked of the kernel, and who hears the answer.
 *
 * <h2>Shapes and units</h2>
 *
 * At most one asking is under way for an operation object at any time; it is used again and again,
 * so asking allocates nothing. A multishot asking is answered many times and is over with the first
 * answer that is the last.
 *
 * <h2>Ownership</h2>
 *
 * While an asking is under way the driver's table holds the operation, and through it everything
 * the kernel may still touch. An owner that has lost interest changes what its {@link #completed}
 * does; it never frees early.
 *
 * <h2>Threading and cancellation</h2>
 *
 * The driver's thread only. {@link Driver#cancel} is a request: the answer still comes, and may be
 * a success.
 */
public abstract class Operation {
  static final int NO_SLOT = -1;

  // Invariant: slot != NO_SLOT exactly while an asking is under way.
  int slot = NO_SLOT;
  int generation;

  // What the kernel may read until the answer besides the payload: an address, the list of a send's
  // parts.
  Block description;

  // A receive that found no buffer waits in the driver's list for one; see UringDriver.starve.
  int receivingSocket = NO_SLOT;
  boolean isStarved;

  // The buffers of a receive of messages: datagrams, or a stream's with stamps. Null for everything
  // else.
  DatagramGroup datagramGroup;

  // Whether the present asking is to end. The driver must know when the kernel's answer is ENOBUFS:
  // asked again, the receive would live on, for the cancellation has found nothing to cancel.
  boolean isCancelRequested;
  Operation starvedNext;

  /** For subclasses. */
  protected Operation() {}

  /**
   * Hears an answer, on the driver's thread, at the top level of its turn.
   *
   * @param result a count or descriptor ≥ 0, or a negative errno
   * @param bufferId for a receive with data, the buffer that holds it, lent for this call;
   *     otherwise {@link Driver#NO_BUFFER}
   * @param isLast whether the asking is over; when {@code false}, more answers follow by themselves
   */
  protected abstract void completed(int result, int bufferId, boolean isLast);

  /**
   * Hears that what there was for now is told, from a driver that does at once what it is asked:
   * what the program has written in answer may leave now. A driver that gathers what is asked in a
   * turn does not call it.
   */
  protected void deliveryEnded() {}

  /**
   * Whether an asking is under way.
   *
   * @return {@code true} from asking until the last answer
   */
  public final boolean isUnderWay() {
    return slot != NO_SLOT || isStarved;
  }
}
