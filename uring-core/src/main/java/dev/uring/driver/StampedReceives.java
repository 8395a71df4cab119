package dev.uring.driver;

import dev.uring.abi.IoUring;
import dev.uring.abi.Layouts;
import dev.uring.abi.Socket;
import dev.uring.ring.CompletionQueue;
import dev.uring.ring.Sqe;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Receives of streams with the kernel's time of arrival: a multishot RECVMSG instead of a RECV, on
 * the same buffers, because only messages carry control messages.
 *
 * <p>A filled buffer begins with what the kernel says:
 *
 * <pre>
 *   0   io_uring_recvmsg_out: lengths and flags
 *  16   one control message, {@link #CONTROL_BYTES}: the timestamp
 *  48   the payload
 * </pre>
 *
 * <p>A FIN fills a buffer too, with no payload.
 *
 * <p><i>Thread:</i> the driver's.
 */
final class StampedReceives {
  // CMSG_SPACE of a struct __kernel_timespec.
  private static final int CONTROL_BYTES = Layouts.CMSGHDR_BYTES + Layouts.TIMESPEC_BYTES;

  /** Bytes in front of the payload. */
  static final int HEADER_BYTES = Layouts.RECVMSG_OUT_BYTES + CONTROL_BYTES;

  private static final long NANOS_PER_SECOND = 1_000_000_000;

  /** Marks the operations that are answered here; never has a starved one of its own. */
  final DatagramGroup group;

  private final UringReceiveBuffers buffers;
  private final MemorySegment header;

  StampedReceives(UringReceiveBuffers buffers, int bufferGroup, Arena arena) {
    this.buffers = buffers;
    this.group = new DatagramGroup(buffers, bufferGroup, 0);
    // Of a multishot's msghdr the kernel reads the two lengths only, so one serves all.
    this.header = arena.allocate(Layouts.MSGHDR_BYTES, Long.BYTES);
    header.set(ValueLayout.JAVA_LONG, Layouts.MSGHDR_CONTROLLEN, CONTROL_BYTES);
  }

  void prepare(Sqe sqe, int socket, ReceiveOperation operation) {
    sqe.prepRecvmsgMultishot(socket, header.address(), group.id, 0);
    operation.datagramGroup = group;
    operation.stampBytes = HEADER_BYTES;
  }

  /** Delivers an answer that has a buffer. */
  void deliver(ReceiveOperation operation, int result, int flags, boolean isLast) {
    int bufferId = CompletionQueue.bufferId(flags);
    buffers.lend(bufferId);
    try {
      operation.stampNanos = stampNanos(buffers.memory(), buffers.offset(bufferId));
      operation.completed(result - HEADER_BYTES, bufferId, isLast);
    } finally {
      buffers.release(bufferId);
    }
  }

  static boolean hasBuffer(int flags) {
    return (flags & IoUring.IORING_CQE_F_BUFFER) != 0;
  }

  private static long stampNanos(MemorySegment memory, long at) {
    int bytes = memory.get(ValueLayout.JAVA_INT_UNALIGNED, at + Layouts.RECVMSG_OUT_CONTROLLEN);
    long message = at + Layouts.RECVMSG_OUT_BYTES;
    if (bytes < CONTROL_BYTES
        || memory.get(ValueLayout.JAVA_INT_UNALIGNED, message + Layouts.CMSGHDR_LEVEL)
            != Socket.SOL_SOCKET
        || memory.get(ValueLayout.JAVA_INT_UNALIGNED, message + Layouts.CMSGHDR_TYPE)
            != Socket.SO_TIMESTAMPNS_NEW) {
      // Bytes that came before the option was set, or a socket that has no network under it.
      return ReceiveOperation.NO_STAMP;
    }
    return timespecNanos(memory, message + Layouts.CMSGHDR_BYTES);
  }

  /** Reads a {@code struct __kernel_timespec}. */
  static long timespecNanos(MemorySegment memory, long at) {
    long seconds = memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
    return seconds * NANOS_PER_SECOND
        + memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at + Long.BYTES);
  }
}
