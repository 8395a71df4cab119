package dev.uring.ring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.uring.abi.IoUring;
import dev.uring.abi.Layouts;
import dev.uring.abi.Nvme;
import java.lang.foreign.MemorySegment;

/**
 * One submission queue entry: a window that {@link SubmissionQueue#next} moves from slot to slot.
 *
 * <h2>Shapes and units</h2>
 *
 * Call one {@code prep…} method, then {@link #userData}, then {@link #flags} if needed. The
 * {@code prep…} methods carry the names liburing gives them and fill a zeroed slot. Addresses are
 * raw, lengths are bytes.
 *
 * <h2>Ownership</h2>
 *
 * Memory at an address passed here must live until the operation's CQE, for {@code …Zc} until its
 * notification CQE. Structures that only describe memory (msghdr, iovec, sockaddr, timespec) may be
 * reused once the SQE is submitted, that is when {@link Ring#enter} has taken it
 * (IORING_FEAT_SUBMIT_STABLE).
 *
 * <h2>Threading and cancellation</h2>
 *
 * Owner thread only. Plain stores throughout: the tail's release publishes them.
 */
public final class Sqe {

  private final MemorySegment sqes;
  private final int bytes;
  private long offset;

  Sqe(MemorySegment sqes, int bytes) {
    this.sqes = sqes;
    this.bytes = bytes;
  }

  void moveTo(long newOffset) {
    offset = newOffset;
    for (int field = 0; field < bytes; field += Long.BYTES) {
      sqes.set(JAVA_LONG, newOffset + field, 0L);
    }
  }

  // Sockets.

  /**
   * io_uring_prep_accept(3), since kernel 5.5; {@code acceptFlags} are SOCK_NONBLOCK and
   * SOCK_CLOEXEC.
   */
  public Sqe prepAccept(int fd, int acceptFlags) {
    return operation(IoUring.IORING_OP_ACCEPT, fd).operationFlags(acceptFlags);
  }

  /**
   * io_uring_prep_multishot_accept(3), since kernel 5.19: one CQE per connection until one without
   * F_MORE.
   */
  public Sqe prepAcceptMultishot(int fd, int acceptFlags) {
    return prepAccept(fd, acceptFlags).ioprio(IoUring.IORING_ACCEPT_MULTISHOT);
  }

  /**
   * io_uring_prep_multishot_accept_direct(3), since kernel 5.19: results are direct descriptors the
   * kernel picked.
   */
  public Sqe prepAcceptMultishotDirect(int fd, int acceptFlags) {
    return prepAcceptMultishot(fd, acceptFlags).fileIndex(IoUring.IORING_FILE_INDEX_ALLOC);
  }

  /**
   * io_uring_prep_accept_direct(3), since kernel 5.15, with a slot the kernel picks (since 5.19).
   */
  public Sqe prepAcceptDirect(int fd, int acceptFlags) {
    return prepAccept(fd, acceptFlags).fileIndex(IoUring.IORING_FILE_INDEX_ALLOC);
  }

  /** io_uring_prep_connect(3), since kernel 5.5; the sockaddr is read at submission. */
  public Sqe prepConnect(int fd, long sockaddrAddress, int sockaddrBytes) {
    return operation(IoUring.IORING_OP_CONNECT, fd).address(sockaddrAddress).off(sockaddrBytes);
  }

  /** io_uring_prep_recv(3), since kernel 5.6: one receive into memory of the caller. */
  public Sqe prepRecv(int fd, long address, int bytes, int msgFlags) {
    return operation(IoUring.IORING_OP_RECV, fd)
        .address(address)
        .length(bytes)
        .operationFlags(msgFlags);
  }

  /**
   * io_uring_prep_recv_multishot(3) with buffer selection, since kernel 6.0: one CQE per filled
   * buffer of {@code group}, until one without F_MORE ({@code -ENOBUFS}: the group was empty).
   */
  public Sqe prepRecvMultishot(int fd, int group) {
    return prepRecvSelect(fd, group).ioprio(IoUring.IORING_RECV_MULTISHOT);
  }

  /**
   * io_uring_prep_recv(3) with buffer selection, since kernel 5.7: one receive into one buffer of
   * {@code group}.
   */
  public Sqe prepRecvSelect(int fd, int group) {
    return operation(IoUring.IORING_OP_RECV, fd)
        .flags(IoUring.IOSQE_BUFFER_SELECT)
        .bufferGroup(group);
  }

  /**
   * io_uring_prep_send(3), since kernel 5.6. With MSG_WAITALL the kernel retries a short send of a
   * stream itself (since 5.19); short results still happen when the connection ends.
   */
  public Sqe prepSend(int fd, long address, int bytes, int msgFlags) {
    return operation(IoUring.IORING_OP_SEND, fd)
        .address(address)
        .length(bytes)
        .operationFlags(msgFlags);
  }

  /** io_uring_prep_sendmsg(3), since kernel 5.3. */
  public Sqe prepSendmsg(int fd, long msghdrAddress, int msgFlags) {
    return operation(IoUring.IORING_OP_SENDMSG, fd)
        .address(msghdrAddress)
        .length(1)
        .operationFlags(msgFlags);
  }

  /**
   * io_uring_prep_recvmsg_multishot(3) with buffer selection, since kernel 6.0: one CQE per
   * datagram, its buffer beginning with an io_uring_recvmsg_out. Of the msghdr only the two lengths
   * are read; it must live until the last CQE.
   */
  public Sqe prepRecvmsgMultishot(int fd, long msghdrAddress, int group, int msgFlags) {
    return operation(IoUring.IORING_OP_RECVMSG, fd)
        .address(msghdrAddress)
        .length(1)
        .operationFlags(msgFlags)
        .flags(IoUring.IOSQE_BUFFER_SELECT)
        .bufferGroup(group)
        .ioprio(IoUring.IORING_RECV_MULTISHOT);
  }

  /**
   * io_uring_prep_sendto(3), since kernel 6.1: a send with an address, which must live as long as
   * the payload.
   */
  public Sqe prepSendto(
      int fd, long address, int bytes, int msgFlags, long sockaddrAddress, int sockaddrBytes) {
    prepSend(fd, address, bytes, msgFlags).off(sockaddrAddress);
    sqes.set(JAVA_SHORT, offset + Layouts.SQE_FILE_INDEX, (short) sockaddrBytes);
    return this;
  }

  /**
   * io_uring_prep_send_zc(3), since kernel 6.0: two CQEs, the result with F_MORE and the
   * notification with F_NOTIF; the memory is busy until the second. An error before anything was
   * sent may come alone, without F_MORE.
   */
  public Sqe prepSendZc(int fd, long address, int bytes, int msgFlags) {
    return operation(IoUring.IORING_OP_SEND_ZC, fd)
        .address(address)
        .length(bytes)
        .operationFlags(msgFlags);
  }

  /** io_uring_prep_sendmsg_zc(3), since kernel 6.1; completions as for {@link #prepSendZc}. */
  public Sqe prepSendmsgZc(int fd, long msghdrAddress, int msgFlags) {
    return operation(IoUring.IORING_OP_SENDMSG_ZC, fd)
        .address(msghdrAddress)
        .length(1)
        .operationFlags(msgFlags);
  }

  /** io_uring_prep_shutdown(3), since kernel 5.11. */
  public Sqe prepShutdown(int fd, int how) {
    return operation(IoUring.IORING_OP_SHUTDOWN, fd).length(how);
  }

  // Descriptors and files.

  /** io_uring_prep_close(3), since kernel 5.6. */
  public Sqe prepClose(int fd) {
    return operation(IoUring.IORING_OP_CLOSE, fd);
  }

  /**
   * io_uring_prep_close_direct(3), since kernel 5.15: frees slot {@code index} of the direct
   * descriptors.
   */
  public Sqe prepCloseDirect(int index) {
    // file_index counts from one: zero says "not a direct descriptor".
    return operation(IoUring.IORING_OP_CLOSE, 0).fileIndex(index + 1);
  }

  /**
   * io_uring_prep_read(3), since kernel 5.6; {@code fileOffset} -1 reads at the current position.
   */
  public Sqe prepRead(int fd, long address, int bytes, long fileOffset) {
    return operation(IoUring.IORING_OP_READ, fd).address(address).length(bytes).off(fileOffset);
  }

  /**
   * io_uring_prep_write(3), since kernel 5.6; {@code fileOffset} -1 writes at the current position.
   */
  public Sqe prepWrite(int fd, long address, int bytes, long fileOffset) {
    return operation(IoUring.IORING_OP_WRITE, fd).address(address).length(bytes).off(fileOffset);
  }

  /** io_uring_prep_fsync(3), since kernel 5.1; {@code fsyncFlags} is 0 or IORING_FSYNC_DATASYNC. */
  public Sqe prepFsync(int fd, int fsyncFlags) {
    return operation(IoUring.IORING_OP_FSYNC, fd).operationFlags(fsyncFlags);
  }

  /**
   * io_uring_prep_read_fixed(3), since kernel 5.1: the memory lies in registered buffer
   * {@code bufferIndex}.
   */
  public Sqe prepReadFixed(int fd, long address, int bytes, long fileOffset, int bufferIndex) {
    return operation(IoUring.IORING_OP_READ_FIXED, fd)
        .address(address)
        .length(bytes)
        .off(fileOffset)
        .bufferGroup(bufferIndex);
  }

  /**
   * io_uring_prep_write_fixed(3), since kernel 5.1: the memory lies in registered buffer
   * {@code bufferIndex}.
   */
  public Sqe prepWriteFixed(int fd, long address, int bytes, long fileOffset, int bufferIndex) {
    return operation(IoUring.IORING_OP_WRITE_FIXED, fd)
        .address(address)
        .length(bytes)
        .off(fileOffset)
        .bufferGroup(bufferIndex);
  }

  /** io_uring_prep_fallocate(3), since kernel 5.6. */
  public Sqe prepFallocate(int fd, int mode, long fileOffset, long bytes) {
    return operation(IoUring.IORING_OP_FALLOCATE, fd)
        .address(bytes)
        .length(mode)
        .off(fileOffset);
  }

  /** io_uring_prep_ftruncate(3), since kernel 6.9. */
  public Sqe prepFtruncate(int fd, long bytes) {
    return operation(IoUring.IORING_OP_FTRUNCATE, fd).off(bytes);
  }

  /** io_uring_prep_openat2(3), since kernel 5.6; {@code howAddress} is that of an open_how. */
  public Sqe prepOpenat2(int directoryFd, long pathAddress, long howAddress, int howBytes) {
    return operation(IoUring.IORING_OP_OPENAT2, directoryFd)
        .address(pathAddress)
        .length(howBytes)
        .off(howAddress);
  }

  /** io_uring_prep_statx(3), since kernel 5.6; the kernel fills the statx at the end. */
  public Sqe prepStatx(
      int directoryFd, long pathAddress, int statxFlags, int mask, long statxAddress) {
    return operation(IoUring.IORING_OP_STATX, directoryFd)
        .address(pathAddress)
        .length(mask)
        .off(statxAddress)
        .operationFlags(statxFlags);
  }

  /** io_uring_prep_renameat(3), since kernel 5.11. */
  public Sqe prepRenameat(
      int oldDirectoryFd, long oldPathAddress, int newDirectoryFd, long newPathAddress, int flags) {
    return operation(IoUring.IORING_OP_RENAMEAT, oldDirectoryFd)
        .address(oldPathAddress)
        .length(newDirectoryFd)
        .off(newPathAddress)
        .operationFlags(flags);
  }

  /** io_uring_prep_unlinkat(3), since kernel 5.11. */
  public Sqe prepUnlinkat(int directoryFd, long pathAddress, int flags) {
    return operation(IoUring.IORING_OP_UNLINKAT, directoryFd)
        .address(pathAddress)
        .operationFlags(flags);
  }

  /** io_uring_prep_mkdirat(3), since kernel 5.15. */
  public Sqe prepMkdirat(int directoryFd, long pathAddress, int mode) {
    return operation(IoUring.IORING_OP_MKDIRAT, directoryFd)
        .address(pathAddress)
        .length(mode);
  }

  /** io_uring_prep_poll_add(3), since kernel 5.1: one CQE, the events that are there. */
  public Sqe prepPollAdd(int fd, int events) {
    return operation(IoUring.IORING_OP_POLL_ADD, fd).operationFlags(events);
  }

  /** io_uring_prep_poll_multishot(3), since kernel 5.13. */
  public Sqe prepPollMultishot(int fd, int events) {
    return operation(IoUring.IORING_OP_POLL_ADD, fd)
        .length(IoUring.IORING_POLL_ADD_MULTI)
        .operationFlags(events);
  }

  /**
   * A command of an NVMe device, since kernel 5.19, on a ring of {@link Ring#createForCommands}.
   * Its result is 0, a positive NVMe status word, or minus an error number.
   *
   * @param fd of the device's generic character device
   * @param opcode of the NVM command set
   * @param namespace the namespace's number
   * @param address of the data, or 0
   * @param dataBytes how much data
   * @param block number of the first block
   * @param blocksMinusOne how many blocks, counted from zero
   */
  public Sqe prepNvmeCommand(
      int fd,
      int opcode,
      int namespace,
      long address,
      int dataBytes,
      long block,
      int blocksMinusOne) {
    if (bytes != Layouts.SQE128_BYTES) {
      throw new IllegalStateException("an NVMe command needs SQEs of 128 bytes, this ring's have "
          + bytes
          + ": use Ring.createForCommands");
    }
    operation(IoUring.IORING_OP_URING_CMD, fd);
    sqes.set(JAVA_INT, offset + Layouts.SQE_CMD_OP, Nvme.NVME_URING_CMD_IO);
    long command = offset + Layouts.SQE_CMD;
    sqes.set(JAVA_BYTE, command + Layouts.NVME_CMD_OPCODE, (byte) opcode);
    sqes.set(JAVA_INT, command + Layouts.NVME_CMD_NSID, namespace);
    sqes.set(JAVA_LONG, command + Layouts.NVME_CMD_ADDR, address);
    sqes.set(JAVA_INT, command + Layouts.NVME_CMD_DATA_LEN, dataBytes);
    sqes.set(JAVA_INT, command + Layouts.NVME_CMD_CDW10, (int) block);
    sqes.set(JAVA_INT, command + Layouts.NVME_CMD_CDW11, (int) (block >>> Integer.SIZE));
    sqes.set(JAVA_INT, command + Layouts.NVME_CMD_CDW12, blocksMinusOne);
    return this;
  }

  // Control.

  /** io_uring_prep_nop(3), since kernel 5.1. */
  public Sqe prepNop() {
    return operation(IoUring.IORING_OP_NOP, -1);
  }

  /** An operation by its number, with nothing to work on. */
  Sqe prepBare(int opcode) {
    return operation(opcode, -1);
  }

  /**
   * io_uring_prep_timeout(3), since kernel 5.4: completes with {@code -ETIME} after the timespec,
   * or with 0 after {@code completions} other completions if that is not 0.
   */
  public Sqe prepTimeout(long timespecAddress, int completions, int timeoutFlags) {
    return operation(IoUring.IORING_OP_TIMEOUT, -1)
        .address(timespecAddress)
        .length(1)
        .off(completions)
        .operationFlags(timeoutFlags);
  }

  /**
   * io_uring_prep_cancel64(3), since kernel 5.5. A request: the target's own CQE retires it, with
   * {@code -ECANCELED} or with its result if it was faster.
   */
  public Sqe prepCancel(long targetUserData, int cancelFlags) {
    return operation(IoUring.IORING_OP_ASYNC_CANCEL, -1)
        .address(targetUserData)
        .operationFlags(cancelFlags);
  }

  /**
   * io_uring_prep_cancel_fd(3), since kernel 5.19: cancels operations on {@code fd}; all with
   * ASYNC_CANCEL_ALL.
   */
  public Sqe prepCancelFd(int fd, int cancelFlags) {
    return operation(IoUring.IORING_OP_ASYNC_CANCEL, fd)
        .operationFlags(cancelFlags | IoUring.IORING_ASYNC_CANCEL_FD);
  }

  /**
   * io_uring_prep_msg_ring(3), since kernel 5.18: posts a CQE with result {@code value} and user
   * data {@code data} to the ring whose ordinary descriptor is {@code targetRingFd}, and wakes its
   * owner if that waits.
   */
  public Sqe prepMsgRing(int targetRingFd, int value, long data) {
    return operation(IoUring.IORING_OP_MSG_RING, targetRingFd)
        .address(IoUring.IORING_MSG_DATA)
        .length(value)
        .off(data);
  }

  // Fields common to all operations.

  /** Sets what the CQEs of this operation carry back. */
  public Sqe userData(long userData) {
    sqes.set(JAVA_LONG, offset + Layouts.SQE_USER_DATA, userData);
    return this;
  }

  /** Adds {@code IOSQE_*} flags to those the {@code prep…} method has set. */
  public Sqe flags(int flags) {
    long at = offset + Layouts.SQE_FLAGS;
    sqes.set(JAVA_BYTE, at, (byte) (sqes.get(JAVA_BYTE, at) | flags));
    return this;
  }

  /** Says that the descriptor is a direct one: IOSQE_FIXED_FILE. */
  public Sqe fixedFile() {
    return flags(IoUring.IOSQE_FIXED_FILE);
  }

  /**
   * Adds {@code IORING_ACCEPT_*}, {@code IORING_RECV_*} or {@code IORING_RECVSEND_*} flags, which
   * live in ioprio.
   */
  public Sqe ioprio(int flags) {
    long at = offset + Layouts.SQE_IOPRIO;
    sqes.set(JAVA_SHORT, at, (short) (sqes.get(JAVA_SHORT, at) | flags));
    return this;
  }

  private Sqe operation(int opcode, int fd) {
    sqes.set(JAVA_BYTE, offset + Layouts.SQE_OPCODE, (byte) opcode);
    sqes.set(JAVA_INT, offset + Layouts.SQE_FD, fd);
    return this;
  }

  private Sqe off(long value) {
    sqes.set(JAVA_LONG, offset + Layouts.SQE_OFF, value);
    return this;
  }

  private Sqe address(long value) {
    sqes.set(JAVA_LONG, offset + Layouts.SQE_ADDR, value);
    return this;
  }

  private Sqe length(int value) {
    sqes.set(JAVA_INT, offset + Layouts.SQE_LEN, value);
    return this;
  }

  private Sqe operationFlags(int value) {
    sqes.set(JAVA_INT, offset + Layouts.SQE_OP_FLAGS, value);
    return this;
  }

  private Sqe bufferGroup(int value) {
    sqes.set(JAVA_SHORT, offset + Layouts.SQE_BUF_GROUP, (short) value);
    return this;
  }

  private Sqe fileIndex(int value) {
    sqes.set(JAVA_INT, offset + Layouts.SQE_FILE_INDEX, value);
    return this;
  }
}
