package dev.uring.ring;

import dev.uring.abi.IoUring;

/** Operations that this library submits or may submit, and the kernel that first had each. */
public enum Opcode {
  /** {@link IoUring#IORING_OP_NOP}. */
  NOP(IoUring.IORING_OP_NOP, "5.1", true),
  /** {@link IoUring#IORING_OP_ACCEPT}. */
  ACCEPT(IoUring.IORING_OP_ACCEPT, "5.5", true),
  /** {@link IoUring#IORING_OP_CONNECT}. */
  CONNECT(IoUring.IORING_OP_CONNECT, "5.5", true),
  /** {@link IoUring#IORING_OP_RECV}. */
  RECV(IoUring.IORING_OP_RECV, "5.6", true),
  /** {@link IoUring#IORING_OP_SEND}. */
  SEND(IoUring.IORING_OP_SEND, "5.6", true),
  /** {@link IoUring#IORING_OP_SENDMSG}. */
  SENDMSG(IoUring.IORING_OP_SENDMSG, "5.3", true),
  /** {@link IoUring#IORING_OP_RECVMSG}. */
  RECVMSG(IoUring.IORING_OP_RECVMSG, "5.3", false),
  /** {@link IoUring#IORING_OP_SHUTDOWN}. */
  SHUTDOWN(IoUring.IORING_OP_SHUTDOWN, "5.11", true),
  /** {@link IoUring#IORING_OP_CLOSE}. */
  CLOSE(IoUring.IORING_OP_CLOSE, "5.6", true),
  /** {@link IoUring#IORING_OP_ASYNC_CANCEL}. */
  ASYNC_CANCEL(IoUring.IORING_OP_ASYNC_CANCEL, "5.5", true),
  /** {@link IoUring#IORING_OP_MSG_RING}. */
  MSG_RING(IoUring.IORING_OP_MSG_RING, "5.18", true),
  /** {@link IoUring#IORING_OP_POLL_ADD}. */
  POLL_ADD(IoUring.IORING_OP_POLL_ADD, "5.1", true),
  /** {@link IoUring#IORING_OP_TIMEOUT}. */
  TIMEOUT(IoUring.IORING_OP_TIMEOUT, "5.4", true),
  /** {@link IoUring#IORING_OP_READ}. */
  READ(IoUring.IORING_OP_READ, "5.6", true),
  /** {@link IoUring#IORING_OP_WRITE}. */
  WRITE(IoUring.IORING_OP_WRITE, "5.6", true),
  /** {@link IoUring#IORING_OP_FSYNC}. */
  FSYNC(IoUring.IORING_OP_FSYNC, "5.1", true),
  /** {@link IoUring#IORING_OP_READ_FIXED}. */
  READ_FIXED(IoUring.IORING_OP_READ_FIXED, "5.1", true),
  /** {@link IoUring#IORING_OP_WRITE_FIXED}. */
  WRITE_FIXED(IoUring.IORING_OP_WRITE_FIXED, "5.1", true),
  /** {@link IoUring#IORING_OP_FALLOCATE}. */
  FALLOCATE(IoUring.IORING_OP_FALLOCATE, "5.6", true),
  /** {@link IoUring#IORING_OP_OPENAT2}. */
  OPENAT2(IoUring.IORING_OP_OPENAT2, "5.6", true),
  /** {@link IoUring#IORING_OP_STATX}. */
  STATX(IoUring.IORING_OP_STATX, "5.6", true),
  /** {@link IoUring#IORING_OP_RENAMEAT}. */
  RENAMEAT(IoUring.IORING_OP_RENAMEAT, "5.11", true),
  /** {@link IoUring#IORING_OP_UNLINKAT}. */
  UNLINKAT(IoUring.IORING_OP_UNLINKAT, "5.11", true),
  /** {@link IoUring#IORING_OP_MKDIRAT}. */
  MKDIRAT(IoUring.IORING_OP_MKDIRAT, "5.15", true),
  /** {@link IoUring#IORING_OP_FTRUNCATE}. */
  FTRUNCATE(IoUring.IORING_OP_FTRUNCATE, "6.9", false),
  /** {@link IoUring#IORING_OP_SEND_ZC}. */
  SEND_ZC(IoUring.IORING_OP_SEND_ZC, "6.0", false),
  /** {@link IoUring#IORING_OP_SENDMSG_ZC}. */
  SENDMSG_ZC(IoUring.IORING_OP_SENDMSG_ZC, "6.1", false),
  /** {@link IoUring#IORING_OP_URING_CMD}. */
  URING_CMD(IoUring.IORING_OP_URING_CMD, "5.19", false),
  /** {@link IoUring#IORING_OP_READ_MULTISHOT}. */
  READ_MULTISHOT(IoUring.IORING_OP_READ_MULTISHOT, "6.7", false),
  /** {@link IoUring#IORING_OP_FUTEX_WAIT}. */
  FUTEX_WAIT(IoUring.IORING_OP_FUTEX_WAIT, "6.7", false),
  /** {@link IoUring#IORING_OP_RECV_ZC}. */
  RECV_ZC(IoUring.IORING_OP_RECV_ZC, "6.15", false);

  private final int number;
  private final String sinceKernel;
  private final boolean required;

  Opcode(int number, String sinceKernel, boolean required) {
    this.number = number;
    this.sinceKernel = sinceKernel;
    this.required = required;
  }

  /** Returns the value of {@code sqe.opcode}. */
  public int number() {
    return number;
  }

  /** Returns the first kernel release that has it, such as {@code 5.6}. */
  public String sinceKernel() {
    return sinceKernel;
  }

  /** Tells whether this library cannot do without. */
  public boolean required() {
    return required;
  }
}
