package dev.uring.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.uring.abi.IoUring;
import dev.uring.abi.Layouts;
import dev.uring.ffi.IoUringSyscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A ring's table of direct descriptors: files that only this ring can name, by slot, without an
 * ordinary descriptor.
 *
 * <h2>Shapes and units</h2>
 *
 * Slots 0 until {@link #slots}, empty at first. Operations that make a descriptor can let the
 * kernel pick a slot ({@link Sqe#prepAcceptMultishotDirect}) within {@link #allocateFrom}; an SQE
 * names a slot with {@link Sqe#fixedFile}.
 *
 * <h2>Ownership</h2>
 *
 * A filled slot holds its file open; {@link Sqe#prepCloseDirect} or {@link #clear} empties it.
 * {@link #put} takes a second reference: the ordinary descriptor stays open until it is closed.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Owner thread only.
 *
 * <h2>Source</h2>
 *
 * io_uring_register_files_sparse(3), io_uring_register_file_alloc_range(3), since kernel 6.0.
 */
public final class DirectDescriptors implements AutoCloseable {

  private static final int EMPTY = -1;

  private final Ring owner;
  private final int slots;
  private boolean closed;

  DirectDescriptors(Ring owner, int slots) {
    if (slots < 1) {
      throw new IllegalArgumentException("slots=%d is below 1".formatted(slots));
    }
    this.owner = owner;
    this.slots = slots;
    try (Arena call = Arena.ofConfined()) {
      MemorySegment table = call.allocate(Layouts.RSRC_REGISTER_BYTES, Long.BYTES);
      table.set(JAVA_INT, Layouts.RSRC_REGISTER_NR, slots);
      table.set(JAVA_INT, Layouts.RSRC_REGISTER_FLAGS, IoUring.IORING_RSRC_REGISTER_SPARSE);
      // For this opcode the last argument is the size of the structure, not a count.
      register("FILES2", IoUring.IORING_REGISTER_FILES2, table, Layouts.RSRC_REGISTER_BYTES);
    }
  }

  /** Limits the slots that the kernel picks from to {@code from} until {@code from + count}. */
  public void allocateFrom(int from, int count) {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment range = call.allocate(Layouts.FILE_INDEX_RANGE_BYTES, Long.BYTES);
      range.set(JAVA_INT, Layouts.FILE_INDEX_RANGE_OFF, from);
      range.set(JAVA_INT, Layouts.FILE_INDEX_RANGE_LEN, count);
      register("FILE_ALLOC_RANGE", IoUring.IORING_REGISTER_FILE_ALLOC_RANGE, range, 0);
    }
  }

  /** Puts the file of descriptor {@code fd} into {@code slot}, replacing what was there. */
  public void put(int slot, int fd) {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment update = call.allocate(Layouts.RSRC_UPDATE_BYTES, Long.BYTES);
      update.set(JAVA_INT, Layouts.RSRC_UPDATE_OFFSET, slot);
      update.set(
          JAVA_LONG, Layouts.RSRC_UPDATE_DATA, call.allocateFrom(JAVA_INT, fd).address());
      register("FILES_UPDATE", IoUring.IORING_REGISTER_FILES_UPDATE, update, 1);
    }
  }

  /** Empties {@code slot}. */
  public void clear(int slot) {
    put(slot, EMPTY);
  }

  /** Returns the number of slots. */
  public int slots() {
    return slots;
  }

  /** Drops the table and the references it holds; idempotent. Closing the ring does the same. */
  @Override
  public void close() {
    // After the ring's close its descriptor number may belong to somebody else.
    if (closed || owner.isClosed()) {
      return;
    }
    closed = true;
    register("UNREGISTER_FILES", IoUring.IORING_UNREGISTER_FILES, MemorySegment.NULL, 0);
  }

  private void register(String name, int opcode, MemorySegment argument, int count) {
    int result = IoUringSyscalls.register(owner.fd(), opcode, argument, count);
    if (result < 0) {
      throw RingErrors.refused(
          "io_uring_register(" + name + ")", -result, "slots=%d".formatted(slots));
    }
  }
}
