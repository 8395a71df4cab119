package dev.uring.driver;

import dev.uring.ring.BufferRing;
import java.lang.foreign.MemorySegment;

/**
 * Receive buffers that the kernel takes from a ring; given back in batches, once for each turn.
 *
 * <p>All of them are with the kernel from the start: {@link BufferRing} sees to that.
 */
final class UringReceiveBuffers extends ReceiveBuffers {
  private final BufferRing ring;
  private boolean isUnpublished;

  UringReceiveBuffers(BufferRing ring) {
    super(ring.entries());
    this.ring = ring;
  }

  @Override
  public MemorySegment memory() {
    return ring.memory();
  }

  @Override
  public long offset(int bufferId) {
    return ring.offset(bufferId);
  }

  @Override
  public int headroomBytes() {
    return ring.headroomBytes();
  }

  @Override
  protected void giveBack(int bufferId) {
    ring.add(bufferId);
    isUnpublished = true;
  }

  /** Lets the kernel see what was given back. */
  void publish() {
    if (isUnpublished) {
      isUnpublished = false;
      ring.publish();
    }
  }
}
