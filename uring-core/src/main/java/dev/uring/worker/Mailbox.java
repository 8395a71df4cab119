package dev.uring.worker;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The only way into a worker from another thread: a bounded queue with many producers and one
 * consumer, that allocates nothing for a message.
 *
 * <p>A producer claims a position with a compare-and-set on the tail and then stores its message in
 * the claimed slot; the consumer takes messages in claim order and waits for none: a claimed slot
 * that is still empty reads as "nothing yet", and the producer's wake comes after its store.
 *
 * <p>Closing sets the sign of the tail, which fails every later claim: after it the claims that
 * were made are all there will ever be, so the consumer can take every accepted message and know
 * that it was the last.
 *
 * <p><i>Invariant:</i> consumed ≤ claimed ≤ consumed + capacity; a slot is null exactly when it is
 * free or claimed and not stored yet.
 *
 * <p><i>Rejected:</i> a linked queue (a node per message, garbage on the hottest cross-core path)
 * and an unbounded one (a slow worker would take the heap with it instead of slowing its callers).
 */
final class Mailbox {
  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(Runnable[].class);
  private static final VarHandle CLAIMED;
  private static final VarHandle CONSUMED;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      CLAIMED = lookup.findVarHandle(Mailbox.class, "claimed", long.class);
      CONSUMED = lookup.findVarHandle(Mailbox.class, "consumed", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final long CLOSED = Long.MIN_VALUE;

  private final Runnable[] slots;
  private final int mask;

  // Written by every producer and by the consumer respectively; the padding keeps the consumer's
  // progress out of the cache line that the producers fight over.
  private long claimed;

  @SuppressWarnings("unused")
  private long pad0, pad1, pad2, pad3, pad4, pad5, pad6, pad7;

  private long consumed;

  /**
   * A mailbox.
   *
   * @param capacity most messages it holds; a power of two
   */
  Mailbox(int capacity) {
    slots = new Runnable[capacity];
    mask = capacity - 1;
  }

  /**
   * Adds a message. Any thread.
   *
   * @return {@code false} when the mailbox is full or closed
   */
  boolean offer(Runnable message) {
    long position;
    do {
      position = (long) CLAIMED.getVolatile(this);
      if (position < 0) {
        return false;
      }
      // Acquire: a slot counts as free only after the consumer's null store in it is visible.
      if (position - (long) CONSUMED.getAcquire(this) > mask) {
        return false;
      }
    } while (!CLAIMED.compareAndSet(this, position, position + 1));
    // Volatile, not release: the producer reads the worker's sleep state next, and that load must
    // not
    // pass this store, or both sides could believe the other will act.
    SLOT.setVolatile(slots, (int) position & mask, message);
    return true;
  }

  /**
   * Takes the oldest message. Owner only.
   *
   * @return the message, or null when there is none or the next producer has not stored yet
   */
  Runnable poll() {
    int index = (int) consumed & mask;
    Runnable message = (Runnable) SLOT.getAcquire(slots, index);
    if (message == null) {
      return null;
    }
    SLOT.setRelease(slots, index, null);
    CONSUMED.setRelease(this, consumed + 1);
    return message;
  }

  /** Whether {@link #poll} would find a message. Owner only. */
  boolean isEmpty() {
    return SLOT.getVolatile(slots, (int) consumed & mask) == null;
  }

  /** Messages claimed and not consumed; a snapshot. Any thread. */
  int depth() {
    long all = (long) CLAIMED.getAcquire(this) & ~CLOSED;
    return (int) Math.max(0, all - (long) CONSUMED.getAcquire(this));
  }

  /** Takes no message any more; those inside stay. Any thread. */
  void close() {
    CLAIMED.getAndBitwiseOr(this, CLOSED);
  }

  /** Whether {@link #close} was called. Any thread. */
  boolean isClosed() {
    return (long) CLAIMED.getVolatile(this) < 0;
  }
}
