package dev.uring.driver;

import java.lang.foreign.MemorySegment;

/** One piece of memory of a gathered send. */
public class SendPart {
  private MemorySegment memory;
  private long offset;
  private int length;

  /** A part that says nothing yet. */
  public SendPart() {}

  /**
   * Says where the bytes lie.
   *
   * @param newMemory native memory
   * @param newOffset where in it the bytes begin
   * @param newLength how many bytes
   */
  public final void lie(MemorySegment newMemory, long newOffset, int newLength) {
    memory = newMemory;
    offset = newOffset;
    length = newLength;
  }

  /**
   * Takes bytes off the front: they are sent.
   *
   * @param count fewer than {@link #length}
   */
  public final void skip(int count) {
    offset += count;
    length -= count;
  }

  /**
   * How many bytes.
   *
   * @return bytes
   */
  public final int length() {
    return length;
  }

  /**
   * The memory that the bytes lie in.
   *
   * @return native memory
   */
  public final MemorySegment memory() {
    return memory;
  }

  /**
   * Where in {@link #memory} the bytes begin.
   *
   * @return an offset in bytes
   */
  public final long offset() {
    return offset;
  }

  final long address() {
    return memory.address() + offset;
  }
}
