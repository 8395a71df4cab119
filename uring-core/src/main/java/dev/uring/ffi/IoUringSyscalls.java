package dev.uring.ffi;

import dev.uring.abi.IoUring;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/**
 * The three system calls of io_uring.
 *
 * <h2>Shapes and units</h2>
 *
 * Results are the kernel's: zero or more, or minus the error number.
 *
 * <h2>Ownership</h2>
 *
 * Addresses passed as {@code long} must stay valid for the duration of the call; what the kernel
 * keeps longer is said in the manual of the opcode.
 *
 * <h2>Source</h2>
 *
 * io_uring_setup(2), io_uring_enter(2), io_uring_register(2), since kernel 5.1. The C library has
 * no wrappers for them, so all go through {@code syscall(3)}.
 */
public final class IoUringSyscalls {

  private static final MemorySegment SYSCALL = Downcalls.find("syscall");

  private IoUringSyscalls() {}

  /** Creates a ring; {@code params} is read and filled in. Returns its descriptor. */
  public static int setup(int entries, MemorySegment params) {
    return syscall(
        Downcalls.capture(),
        IoUring.SYS_IO_URING_SETUP,
        entries,
        params.address(),
        0,
        0,
        0,
        0,
        params);
  }

  /** Registers or changes something of the ring {@code fd}. */
  public static int register(int fd, int opcode, MemorySegment argument, int argumentsCount) {
    return syscall(
        Downcalls.capture(),
        IoUring.SYS_IO_URING_REGISTER,
        fd,
        opcode,
        argument.address(),
        argumentsCount,
        0,
        0,
        argument);
  }

  /** As {@link #register(int, int, MemorySegment, int)}, with the argument's address. */
  public static int register(int fd, int opcode, long argumentAddress, int argumentsCount) {
    return syscall(
        Downcalls.capture(),
        IoUring.SYS_IO_URING_REGISTER,
        fd,
        opcode,
        argumentAddress,
        argumentsCount,
        0,
        0,
        MemorySegment.NULL);
  }

  /** Submits and waits; for callers without a capture segment of their own. */
  public static int enter(
      int fd,
      int toSubmit,
      int minComplete,
      int flags,
      MemorySegment argument,
      long argumentBytes) {
    return syscall(
        Downcalls.capture(),
        IoUring.SYS_IO_URING_ENTER,
        fd,
        toSubmit,
        minComplete,
        flags,
        argument.address(),
        argumentBytes,
        argument);
  }

  /**
   * Returns a segment for {@link #enter(MemorySegment, int, int, int, int, long, long)}; one per
   * ring.
   */
  public static MemorySegment newErrnoCapture() {
    return Downcalls.newCapture();
  }

  /**
   * Submits and waits: the hot call of every worker.
   *
   * <p>Takes addresses and a capture segment instead of looking either up, and allocates nothing.
   * Passing the argument as a segment would pin its arena, which for a shared arena is two atomic
   * operations per call.
   */
  public static int enter(
      MemorySegment errnoCapture,
      int fd,
      int toSubmit,
      int minComplete,
      int flags,
      long argumentAddress,
      long argumentBytes) {
    long value = Downcalls.call(
        SYSCALL,
        errnoCapture,
        IoUring.SYS_IO_URING_ENTER,
        fd,
        toSubmit,
        minComplete,
        flags,
        argumentAddress,
        argumentBytes);
    return (int) Downcalls.result(value, errnoCapture);
  }

  private static int syscall(
      MemorySegment capture,
      long number,
      long arg0,
      long arg1,
      long arg2,
      long arg3,
      long arg4,
      long arg5,
      MemorySegment keptAlive) {
    try {
      long value = Downcalls.call(SYSCALL, capture, number, arg0, arg1, arg2, arg3, arg4, arg5);
      return (int) Downcalls.result(value, capture);
    } finally {
      // Only addresses went down; an automatic arena must not be collected while the kernel reads
      // from it.
      Reference.reachabilityFence(keptAlive);
    }
  }
}
