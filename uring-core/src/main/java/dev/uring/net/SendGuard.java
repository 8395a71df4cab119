package dev.uring.net;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * Memory of the program's own, with whom to tell that the kernel is done with it.
 *
 * <h2>Shapes and units</h2>
 *
 * All bytes of {@link #memory()} are sent, in their place among what else was written.
 *
 * <h2>Ownership</h2>
 *
 * From {@code Connection.write(guard)} until {@link #released()} the memory is handed over: it must
 * stay mapped and unchanged, for the kernel may read it at any time. Unchanged also matters for
 * bytes that count as sent: a zero-copy send reads them again when it must send them again.
 *
 * <h2>Threading and cancellation</h2>
 *
 * {@link #released()} is called exactly once for each hand-over, on the connection's worker, from
 * the top level of its loop: after the last byte went to the kernel (zero-copy: after the peer has
 * acknowledged it), or when the connection has ended and the kernel let go. When the worker's loop
 * itself has failed, it is called as the worker ends.
 *
 * <h2>Errors</h2>
 *
 * What {@link #released()} throws is logged and counted; nothing else comes of it.
 */
public interface SendGuard {
  /**
   * The bytes. Asked once for each hand-over.
   *
   * @return native memory that the worker's thread may read and that has at most 2 GiB − 1 bytes
   */
  MemorySegment memory();

  /**
   * The same memory as a buffer, for layers such as TLS, whose engines know no segments. With one
   * they read where the bytes lie; without it the bytes are copied for them.
   *
   * @return from index 0 on the bytes of {@link #memory()}; position and limit are set by whoever
   *     asks. Null, which is the default, when there is none. May be asked more than once
   */
  default ByteBuffer buffer() {
    return null;
  }

  /** The memory is the program's again. */
  void released();

  /**
   * A guard of two parts.
   *
   * @param memory the bytes
   * @param onReleased runs when the memory is the program's again
   * @return a new guard
   */
  static SendGuard of(MemorySegment memory, Runnable onReleased) {
    Objects.requireNonNull(memory, "memory");
    Objects.requireNonNull(onReleased, "onReleased");
    return new SendGuard() {
      private ByteBuffer buffer;

      @Override
      public MemorySegment memory() {
        return memory;
      }

      @Override
      public ByteBuffer buffer() {
        if (buffer == null) {
          buffer = memory.asByteBuffer();
        }
        return buffer;
      }

      @Override
      public void released() {
        onReleased.run();
      }
    };
  }
}
