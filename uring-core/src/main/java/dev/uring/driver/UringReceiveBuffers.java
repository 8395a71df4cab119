package dev.uring.driver;

import dev.uring.ring.BufferRing;
import java.lang.foreign.MemorySegment;

/**
 * Receive buffers that the kernel takes from a ring; given back in batches, once for each turn.
 *
 * <p>The kernel takes buffers in the order in which they were given, so a ring of a thousand is
 * walked from end to end before a buffer is used again, and by then neither its bytes nor its page
 * are in any cache. Therefore the kernel has a window of them at most, and the others wait here as
 * a stack: the one used last is the one given next.
 */
final class UringReceiveBuffers extends ReceiveBuffers {
  // For streams. Against 1024, an echo of 64 bytes over 64 connections cost
  // 2 to 4 % less, one of 128 KiB over 8 connections 10 to 20 %. More receives than this in one
  // enter find no buffer and are asked again in the next turn: 1000 busy connections were not
  // slower for it.
  static final int WINDOW = 256;

  private final BufferRing ring;

  /** Bytes in front of the payload; 0 for streams. */
  final int headerBytes;

  private final int window;
  private final int[] spare;
  private int spareCount;
  private int withKernel;

  /** Buffers of which the kernel has {@code window} at once, at most. */
  UringReceiveBuffers(BufferRing ring, int window) {
    this(ring, window, 0);
  }

  /** The same, for messages, whose payload follows a header. */
  UringReceiveBuffers(BufferRing ring, int window, int headerBytes) {
    super(ring.entries());
    this.headerBytes = headerBytes;
    this.ring = ring;
    this.window = window;
    this.spare = new int[ring.entries()];
    for (int bufferId = ring.entries() - 1; bufferId >= 0; bufferId--) {
      spare[spareCount++] = bufferId;
    }
    publish();
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
    spare[spareCount++] = bufferId;
  }

  @Override
  protected void taken() {
    withKernel--;
  }

  /** How many buffers the kernel can fill before it must say that there is none. */
  int freeCount() {
    return Math.min(window, withKernel + spareCount);
  }

  /** Lets the kernel have what was given back, up to its window. */
  void publish() {
    int wanted = Math.min(spareCount, window - withKernel);
    if (wanted > 0) {
      for (int given = 0; given < wanted; given++) {
        ring.add(spare[--spareCount]);
      }
      withKernel += wanted;
      ring.publish();
    }
  }
}
