package dev.uring.tls;

import dev.uring.worker.Worker;
import java.nio.ByteBuffer;

/**
 * Where the records of a worker's connections pass through, one at a time.
 *
 * <p>Arrays and not native memory: the JDK's AES-GCM works on arrays. It copies native memory into
 * arrays of its own, made for every record, and back; and it refuses the receive buffers' memory
 * altogether. One copy into an array that is there already is the cheapest way past that.
 *
 * <p><i>Thread:</i> the worker's. What is in here is of use to one call only.
 */
final class RecordArrays {
  // RFC 5246 6.2.3: header, 2^14 bytes of content and 2048 for the cipher. TLS 1.3 needs less.
  static final int RECORD_BYTES_MAX = 5 + (1 << 14) + (1 << 11);

  final byte[] arrived = new byte[RECORD_BYTES_MAX];
  final ByteBuffer arrivedBuffer = ByteBuffer.wrap(arrived);
  private byte[] leaving = new byte[RECORD_BYTES_MAX];
  private ByteBuffer leavingBuffer = ByteBuffer.wrap(leaving);

  static RecordArrays of(Worker worker) {
    return worker.attachment(RecordArrays.class, ignored -> new RecordArrays());
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
