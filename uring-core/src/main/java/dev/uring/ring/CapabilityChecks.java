package dev.uring.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.uring.abi.Errno;
import dev.uring.abi.IoUring;
import dev.uring.abi.Layouts;
import dev.uring.abi.Posix;
import dev.uring.base.RingSetupException;
import dev.uring.ffi.IoUringSyscalls;
import dev.uring.ffi.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;

/**
 * Finds out whether each {@link Capability} works: by doing it where that is cheap, else by opcode
 * or feature bit.
 *
 * <p>Doing it beats a version number: distributions carry features back, and filters take them
 * away.
 */
final class CapabilityChecks {

  // Registrations of a check are undone at once; ids far from those a program picks avoid clashes
  // on a live ring.
  private static final int SCRATCH_GROUP = 0xFFF0;
  private static final int SCRATCH_ENTRIES = 8;

  private CapabilityChecks() {}

  /** Returns why {@code capability} is missing, empty if it works. */
  static String missing(Capability capability, Ring ring, BitSet opcodes) {
    return switch (capability) {
      case ACCEPT_MULTISHOT -> opcode(opcodes, IoUring.IORING_OP_SOCKET);
      case RECV_MULTISHOT -> opcode(opcodes, IoUring.IORING_OP_SEND_ZC);
      case MSG_RING -> opcode(opcodes, IoUring.IORING_OP_MSG_RING);
      case SEND_ZC -> opcode(opcodes, IoUring.IORING_OP_SEND_ZC);
      case SENDMSG_ZC -> opcode(opcodes, IoUring.IORING_OP_SENDMSG_ZC);
      case RECV_ZC -> opcode(opcodes, IoUring.IORING_OP_RECV_ZC);
      case EXT_ARG -> feature(ring, IoUring.IORING_FEAT_EXT_ARG);
      case RECVSEND_BUNDLE -> feature(ring, IoUring.IORING_FEAT_RECVSEND_BUNDLE);
      case MIN_WAIT -> feature(ring, IoUring.IORING_FEAT_MIN_TIMEOUT);
      case DEFER_TASKRUN -> setupFlag(ring, IoUring.IORING_SETUP_DEFER_TASKRUN);
      case NO_SQARRAY -> setupFlag(ring, IoUring.IORING_SETUP_NO_SQARRAY);
      case REGISTERED_RING_FD ->
        ring.uses(RingFeature.REGISTERED_RING_FD) ? "" : "the kernel refused to register it";
      case BUFFER_RING -> bufferRing(ring.fd(), 0);
      case BUFFER_RING_INCREMENTAL -> bufferRing(ring.fd(), IoUring.IOU_PBUF_RING_INC);
      case DIRECT_DESCRIPTORS -> directDescriptors(ring);
    };
  }

  // Flags of an operation cannot be asked for. Where a flag came with an opcode of the same
  // release, that stands for it:
  // multishot accept came with SOCKET (5.19), multishot receive with SEND_ZC (6.0).
  private static String opcode(BitSet opcodes, int opcode) {
    return opcodes.get(opcode) ? "" : "the kernel has no opcode " + opcode;
  }

  private static String feature(Ring ring, int bit) {
    return (ring.features() & bit) != 0
        ? ""
        : "the kernel reports no feature bit 0x%x".formatted(bit);
  }

  private static String setupFlag(Ring ring, int flag) {
    return (ring.setupFlags() & flag) != 0
        ? ""
        : "the ring runs without setup flag 0x%x".formatted(flag);
  }

  private static String bufferRing(int ringFd, int flags) {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment registration = call.allocate(Layouts.BUF_REG_BYTES, Long.BYTES);
      MemorySegment entries = Libc.mmap(
          (long) SCRATCH_ENTRIES * Layouts.BUF_BYTES,
          Posix.PROT_READ | Posix.PROT_WRITE,
          Posix.MAP_PRIVATE | Posix.MAP_ANONYMOUS,
          -1,
          0,
          call);
      registration.set(JAVA_LONG, Layouts.BUF_REG_RING_ADDR, entries.address());
      registration.set(JAVA_INT, Layouts.BUF_REG_RING_ENTRIES, SCRATCH_ENTRIES);
      registration.set(JAVA_SHORT, Layouts.BUF_REG_BGID, (short) SCRATCH_GROUP);
      registration.set(JAVA_SHORT, Layouts.BUF_REG_FLAGS, (short) flags);
      int result =
          IoUringSyscalls.register(ringFd, IoUring.IORING_REGISTER_PBUF_RING, registration, 1);
      if (result < 0) {
        return "registering one failed: " + Errno.name(-result);
      }
      MemorySegment group = call.allocate(Layouts.BUF_REG_BYTES, Long.BYTES);
      group.set(JAVA_SHORT, Layouts.BUF_REG_BGID, (short) SCRATCH_GROUP);
      IoUringSyscalls.register(ringFd, IoUring.IORING_UNREGISTER_PBUF_RING, group, 1);
      return "";
    }
  }

  private static String directDescriptors(Ring ring) {
    try (DirectDescriptors table = ring.newDirectDescriptors(SCRATCH_ENTRIES)) {
      table.allocateFrom(0, SCRATCH_ENTRIES);
      return "";
    } catch (RingSetupException refused) {
      // EBUSY: a table is registered already, so it works.
      return refused.errno() == Errno.EBUSY
          ? ""
          : "registering a table failed: " + Errno.name(refused.errno());
    }
  }
}
