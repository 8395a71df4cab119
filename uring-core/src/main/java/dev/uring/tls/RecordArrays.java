package dev.uring.tls;

import dev.uring.worker.Worker;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Where the records of a worker's connections pass through, one at a time.
 *
 * <p>Arrays for the JDK, native memory for an engine in C; in a handshake, which is no matter of
 * copies, arrays for both. The JDK's AES-GCM works on arrays. It copies native memory into arrays
 * of its own, made for every record, and back; and it refuses the receive buffers' memory
 * altogether. One copy into an array that is there already is the cheapest way past that. An engine
 * in C would do the same the other way round; it is shown a record where it arrived, if all of it
 * did.
 *
 * <p><i>Thread:</i> the worker's. What is in here is of use to one call only.
 */
final class RecordArrays {
  // RFC 5246 6.2.3: header, 2^14 bytes of content and 2048 for the cipher. TLS 1.3 needs less.
  static final int RECORD_BYTES_MAX = 5 + (1 << 14) + (1 << 11);

  final byte[] arrived = new byte[RECORD_BYTES_MAX];
  final ByteBuffer arrivedBuffer = ByteBuffer.wrap(arrived);
  private ByteBuffer nativeArrived;
  private MemorySegment nativeMemory;
  // The memory that was looked at last and a buffer over it: it is the same for every arrival.
  private MemorySegment seen;
  private ByteBuffer seenBuffer;
  private byte[] leaving = new byte[RECORD_BYTES_MAX];
  private ByteBuffer leavingBuffer = ByteBuffer.wrap(leaving);

  static RecordArrays of(Worker worker) {
    return worker.attachment(RecordArrays.class, ignored -> new RecordArrays());
  }

  /** Native memory for a record that did not arrive in one piece. */
  MemorySegment nativeMemory() {
    if (nativeMemory == null) {
      nativeArrived = ByteBuffer.allocateDirect(RECORD_BYTES_MAX);
      nativeMemory = MemorySegment.ofBuffer(nativeArrived);
    }
    return nativeMemory;
  }

  /** The same as a buffer. */
  ByteBuffer nativeBuffer() {
    nativeMemory();
    return nativeArrived;
  }

  /** A record where it arrived; null if the memory is too large for a buffer. */
  ByteBuffer arrivedAt(MemorySegment memory, long offset, int length) {
    if (memory.byteSize() > Integer.MAX_VALUE) {
      return null;
    }
    if (seen != memory) {
      seen = memory;
      seenBuffer = memory.asByteBuffer();
    }
    int from = (int) offset;
    return seenBuffer.limit(from + length).position(from);
  }

  byte[] leaving() {
    return leaving;
  }

  /** Empty, for a record to leave. */
  ByteBuffer leavingBuffer() {
    return leavingBuffer.clear();
  }

  /** The engine asks for more: some do for their first flight. */
  void enlargeLeaving(int bytes) {
    leaving = new byte[Math.max(bytes, leaving.length * 2)];
    leavingBuffer = ByteBuffer.wrap(leaving);
  }
}
