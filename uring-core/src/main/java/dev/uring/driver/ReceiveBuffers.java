package dev.uring.driver;

import java.lang.foreign.MemorySegment;

/**
 * The buffers a driver receives into, each with a count of who still needs its bytes.
 *
 * <p>A buffer is lent with a completion (one holder, the driver). Whoever must keep the bytes
 * beyond that call retains it: a send that passes received bytes on without a copy. The last
 * release gives the buffer back to the kernel.
 *
 * <p><i>Limit:</i> {@link #retainableMax()}, half of all buffers: senders to slow peers may pin
 * that many; then they copy instead, so the other half always circulates and no receiver can starve
 * behind a stuck sender.
 *
 * <p><i>Thread:</i> the driver's.
 */
public abstract class ReceiveBuffers {
  private final int[] holders;
  private int heldCount;
  private int retainedCount;

  /**
   * Buffers, all free.
   *
   * @param count how many
   */
  protected ReceiveBuffers(int count) {
    holders = new int[count];
  }

  /**
   * The memory of all buffers.
   *
   * @return one segment
   */
  public abstract MemorySegment memory();

  /**
   * Where a buffer's first received byte lies in {@link #memory()}.
   *
   * @param bufferId the buffer
   * @return an offset in bytes
   */
  public abstract long offset(int bufferId);

  /**
   * Bytes in front of each buffer that a carried tail may use while the buffer is held.
   *
   * @return bytes
   */
  public abstract int headroomBytes();

  /** Gives a buffer back to where the kernel takes them from. */
  protected abstract void giveBack(int bufferId);

  /** A buffer has left the place where the kernel takes them from. */
  protected abstract void taken();

  /**
   * How many buffers there are.
   *
   * @return a count
   */
  public final int count() {
    return holders.length;
  }

  /**
   * Buffers that somebody holds now.
   *
   * @return a count; 0 between turns when nothing is retained
   */
  public final int heldCount() {
    return heldCount;
  }

  /**
   * Most buffers that may be retained beyond their completion.
   *
   * @return half of {@link #count()}
   */
  public final int retainableMax() {
    return holders.length / 2;
  }

  /**
   * Keeps a lent buffer beyond its completion, if the limit allows.
   *
   * @param bufferId the buffer
   * @return whether it is kept; when not, the caller copies
   */
  public final boolean tryRetain(int bufferId) {
    if (retainedCount >= retainableMax()) {
      return false;
    }
    retainedCount++;
    holders[bufferId]++;
    return true;
  }

  /**
   * Lets go of a buffer kept with {@link #tryRetain}.
   *
   * @param bufferId the buffer
   */
  public final void releaseRetained(int bufferId) {
    retainedCount--;
    release(bufferId);
  }

  /** The kernel has filled a buffer: the driver holds it. */
  final void lend(int bufferId) {
    if (holders[bufferId] != 0) {
      throw new IllegalStateException(
          "buffer " + bufferId + " filled while held, holders=" + holders[bufferId]);
    }
    holders[bufferId] = 1;
    heldCount++;
    taken();
  }

  /** The completion that lent the buffer is over. */
  final void release(int bufferId) {
    int left = --holders[bufferId];
    if (left == 0) {
      heldCount--;
      giveBack(bufferId);
    } else if (left < 0) {
      throw new IllegalStateException("buffer " + bufferId + " released twice");
    }
  }
}
