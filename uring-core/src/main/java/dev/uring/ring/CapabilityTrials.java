package dev.uring.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.uring.abi.Errno;
import dev.uring.abi.Socket;
import dev.uring.base.RingSetupException;
import dev.uring.ffi.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;

/**
 * Tries abilities with real operations on a scratch ring that has nothing else in flight.
 *
 * <p>Results are the kernel's: zero or more, or minus an error number.
 */
final class CapabilityTrials {

  private static final long USER_DATA = 0x7472_6961_6cL;
  private static final long PATIENCE_NANOS = 1_000_000_000L;
  private static final int MESSAGE = 42;
  private static final int GROUP = 1;
  private static final int BUFFERS = 2;
  private static final int BUFFER_BYTES = 64;

  private CapabilityTrials() {}

  /** Runs a NOP. */
  static int nop(Ring ring) {
    ring.sq().next().prepNop().userData(USER_DATA);
    return firstResult(ring);
  }

  /** Posts a message from the ring to itself. */
  static int msgRing(Ring ring) {
    ring.sq().next().prepMsgRing(ring.fd(), MESSAGE, USER_DATA).userData(USER_DATA);
    int result = firstResult(ring);
    discardCompletions(ring);
    return result < 0 ? result : 0;
  }

  /** Receives one byte by multishot into a ring-provided buffer, over a pair of local sockets. */
  static int recvMultishot(Ring ring) {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment pair = call.allocate(JAVA_INT, 2);
      int made = Libc.socketpair(Socket.SOCK_STREAM | Socket.SOCK_CLOEXEC, pair);
      if (made < 0) {
        return made;
      }
      int reader = pair.getAtIndex(JAVA_INT, 0);
      int writer = pair.getAtIndex(JAVA_INT, 1);
      try {
        Libc.write(writer, call.allocate(1));
        return recvMultishotFrom(ring, reader);
      } finally {
        Libc.close(writer);
        Libc.close(reader);
      }
    }
  }

  /**
   * Operations that a rule of this ring or of the system forbids, whatever the kernel has: each is
   * asked for with no descriptor and nothing else, so what is allowed fails by that.
   */
  static BitSet refused(Ring ring) {
    BitSet refused = new BitSet();
    for (Opcode opcode : Opcode.values()) {
      if (opcode.required()) {
        ring.sq().next().prepBare(opcode.number()).userData(USER_DATA);
        int result = firstResult(ring);
        if (result == -Errno.EACCES || result == -Errno.EPERM) {
          refused.set(opcode.number());
        }
        discardCompletions(ring);
      }
    }
    return refused;
  }

  private static int recvMultishotFrom(Ring ring, int reader) {
    try (BufferRing buffers = ring.newBufferRing(GROUP, BUFFERS, BUFFER_BYTES, 0)) {
      ring.sq().next().prepRecvMultishot(reader, buffers.group()).userData(USER_DATA);
      int result = firstResult(ring);
      // The receive must be gone before its buffers are: shut the socket down and reap its last
      // CQE.
      if (result >= 0) {
        Libc.shutdown(reader, Socket.SHUT_RDWR);
        ring.enter(1, PATIENCE_NANOS);
      }
      discardCompletions(ring);
      return result;
    } catch (RingSetupException refused) {
      return -refused.errno();
    }
  }

  private static int firstResult(Ring ring) {
    int entered = ring.enter(1, PATIENCE_NANOS);
    CompletionQueue cq = ring.cq();
    if (cq.ready() == 0) {
      return entered < 0 ? entered : -Errno.ETIME;
    }
    int result = cq.userData(0) == USER_DATA ? cq.result(0) : -Errno.EIO;
    cq.advance(1);
    return result;
  }

  private static void discardCompletions(Ring ring) {
    ring.enter(0, 0);
    ring.cq().advance(ring.cq().ready());
  }
}
