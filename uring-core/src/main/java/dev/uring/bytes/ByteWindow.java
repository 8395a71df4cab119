package dev.uring.bytes;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * A {@link ByteView} as its lender sees it: the one place where a view begins and ends.
 *
 * <h2>Ownership</h2>
 *
 * Lends memory that somebody else keeps alive. One window serves many loans in turn, so a loan
 * allocates nothing. {@link #end()} empties the window; a borrower that kept the view then gets an
 * exception that names the lender.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Not thread-safe.
 */
public final class ByteWindow extends ByteView {
  private final String lender;
  private boolean ended = true;

  /**
   * A window with nothing lent yet.
   *
   * @param lender who lends, as error messages should call it, for example
   *     {@code "Connection.receive"}
   */
  public ByteWindow(String lender) {
    this.lender = Objects.requireNonNull(lender, "lender");
  }

  /**
   * A window over a native copy of an array; the copy lives as long as the window.
   *
   * @param bytes what to copy
   * @return a new window whose loan never ends by itself
   */
  public static ByteWindow copyOf(byte[] bytes) {
    // Native and not heap memory: a codec that only ever meets native segments keeps its accesses
    // monomorphic, and a test must not be what makes them otherwise.
    MemorySegment copy = Arena.ofAuto().allocate(Math.max(bytes.length, 1));
    MemorySegment.copy(bytes, 0, copy, ValueLayout.JAVA_BYTE, 0, bytes.length);
    ByteWindow window = new ByteWindow("ByteWindow.copyOf");
    window.lend(copy, 0, bytes.length);
    return window;
  }

  /**
   * Begins a loan, ending the one before.
   *
   * @param memory the memory, alive until {@link #end()}
   * @param offset first byte lent
   * @param size how many bytes are lent
   */
  public void lend(MemorySegment memory, long offset, int size) {
    Objects.checkFromIndexSize(offset, size, memory.byteSize());
    this.memory = memory;
    this.offset = offset;
    this.size = size;
    this.ended = false;
  }

  /**
   * Begins a loan over a part of another view, ending the one before. The new loan must end no
   * later than the other view's.
   *
   * @param source the view to take a part of
   * @param from first position of the part
   * @param count how many bytes
   */
  public void lend(ByteView source, int from, int count) {
    source.check(from, count);
    this.memory = source.memory;
    this.offset = source.offset + from;
    this.size = count;
    this.ended = false;
  }

  /** Ends the loan: the window is empty, and use of it throws. Harmless when nothing is lent. */
  public void end() {
    memory = MemorySegment.NULL;
    offset = 0;
    size = 0;
    ended = true;
  }

  /**
   * The memory under a view, for code that hands addresses to the kernel.
   *
   * @param view the view
   * @return the segment that holds its bytes
   */
  public static MemorySegment memoryOf(ByteView view) {
    return view.memory;
  }

  /**
   * Where a view begins inside {@link #memoryOf}.
   *
   * @param view the view
   * @return the offset of its first byte
   */
  public static long offsetOf(ByteView view) {
    return view.offset;
  }

  @Override
  String describeLoan() {
    return "lent by " + lender;
  }

  @Override
  boolean isEnded() {
    return ended;
  }
}
