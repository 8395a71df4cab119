package dev.uring.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.uring.abi.Errno;
import dev.uring.abi.IoUring;
import dev.uring.abi.Layouts;
import dev.uring.abi.Posix;
import dev.uring.ffi.IoUringSyscalls;
import dev.uring.ffi.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What {@code io_uring_setup} answered: the descriptor and the filled-in parameters.
 *
 * <p>The flags, each with its reason:
 *
 * <ul>
 *   <li>R_DISABLED: the ring is made before its worker runs, and becomes the worker's in
 *       {@link Ring#enable}.
 *   <li>SINGLE_ISSUER: the kernel may rely on, and enforces, that one thread submits.
 *   <li>DEFER_TASKRUN: completion work runs when we enter, in batches, and never interrupts the
 *       worker. Without it (nor COOP_TASKRUN) an echo costs 6 % more CPU, with COOP_TASKRUN in its
 *       place 2 %.
 *   <li>CQSIZE: multishot operations complete more often than they are submitted.
 *   <li>SUBMIT_ALL: a bad SQE yields a CQE with its error and does not hold up the ones behind it.
 *   <li>CLAMP: a size above the kernel's limit is lowered instead of refused.
 *   <li>NO_SQARRAY: one indirection less; left out if the kernel refuses it (before 6.6).
 * </ul>
 */
record RingSetup(int fd, MemorySegment params) {

  private static final int FLAGS = IoUring.IORING_SETUP_R_DISABLED
      | IoUring.IORING_SETUP_SINGLE_ISSUER
      | IoUring.IORING_SETUP_DEFER_TASKRUN
      | IoUring.IORING_SETUP_CQSIZE
      | IoUring.IORING_SETUP_SUBMIT_ALL
      | IoUring.IORING_SETUP_CLAMP;

  private static final String FLAGS_TEXT =
      "R_DISABLED|SINGLE_ISSUER|DEFER_TASKRUN|CQSIZE|SUBMIT_ALL|CLAMP";

  static RingSetup create(RingOptions options, int moreFlags) {
    MemorySegment params = Arena.ofAuto().allocate(Layouts.PARAMS_BYTES, Long.BYTES);
    int fd = -Errno.EINVAL;
    if (options.allows(RingFeature.NO_SQARRAY)) {
      fd = setup(options, params, FLAGS | moreFlags | IoUring.IORING_SETUP_NO_SQARRAY);
    }
    // Unknown flags give EINVAL; so do other mistakes, which the second try then reports.
    if (fd == -Errno.EINVAL) {
      fd = setup(options, params, FLAGS | moreFlags);
    }
    if (fd < 0) {
      String parameters = "entries=%d, cqEntries=%d, flags=%s"
          .formatted(options.sqEntries(), options.cqEntries(), FLAGS_TEXT);
      throw RingErrors.refused("io_uring_setup", -fd, parameters);
    }
    return new RingSetup(fd, params);
  }

  private static int setup(RingOptions options, MemorySegment params, int flags) {
    params.fill((byte) 0);
    params.set(JAVA_INT, Layouts.PARAMS_FLAGS, flags);
    params.set(JAVA_INT, Layouts.PARAMS_CQ_ENTRIES, options.cqEntries());
    return IoUringSyscalls.setup(options.sqEntries(), params);
  }

  static int sqeBytes(MemorySegment params) {
    boolean isLarge =
        (params.get(JAVA_INT, Layouts.PARAMS_FLAGS) & IoUring.IORING_SETUP_SQE128) != 0;
    return isLarge ? Layouts.SQE128_BYTES : Layouts.SQE_BYTES;
  }

  static int cqeBytes(MemorySegment params) {
    boolean isLarge =
        (params.get(JAVA_INT, Layouts.PARAMS_FLAGS) & IoUring.IORING_SETUP_CQE32) != 0;
    return isLarge ? Layouts.CQE32_BYTES : Layouts.CQE_BYTES;
  }

  int flags() {
    return params.get(JAVA_INT, Layouts.PARAMS_FLAGS);
  }

  int features() {
    return params.get(JAVA_INT, Layouts.PARAMS_FEATURES);
  }

  /**
   * Maps both queues: one mapping serves them (IORING_FEAT_SINGLE_MMAP), as long as the longer of
   * the two.
   */
  MemorySegment mapRings(Arena arena) {
    long cqBytes = get(Layouts.PARAMS_CQ_CQES) + get(Layouts.PARAMS_CQ_ENTRIES) * cqeBytes(params);
    boolean indexed = (flags() & IoUring.IORING_SETUP_NO_SQARRAY) == 0;
    long sqBytes =
        indexed ? get(Layouts.PARAMS_SQ_ARRAY) + get(Layouts.PARAMS_SQ_ENTRIES) * Integer.BYTES : 0;
    return map(Math.max(cqBytes, sqBytes), IoUring.IORING_OFF_SQ_RING, arena);
  }

  MemorySegment mapSqes(Arena arena) {
    return map(get(Layouts.PARAMS_SQ_ENTRIES) * sqeBytes(params), IoUring.IORING_OFF_SQES, arena);
  }

  private MemorySegment map(long bytes, long offset, Arena arena) {
    int flags = Posix.MAP_SHARED | Posix.MAP_POPULATE;
    return Libc.mmap(bytes, Posix.PROT_READ | Posix.PROT_WRITE, flags, fd, offset, arena);
  }

  private long get(int offset) {
    return Integer.toUnsignedLong(params.get(JAVA_INT, offset));
  }
}
