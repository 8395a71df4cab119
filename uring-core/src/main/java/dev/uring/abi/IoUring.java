package dev.uring.abi;

/**
 * Numbers of {@code <linux/io_uring.h>}, under the names the header uses.
 *
 * <p>"Since" is the first kernel release that accepts the value; no remark means Linux 6.1 or
 * older, the floor of this library. Structure offsets are named {@code STRUCT_FIELD}; unions appear
 * once per name in use.
 */
public final class IoUring {

  private IoUring() {}

  // System calls: include/uapi/asm-generic/unistd.h and arch/x86/entry/syscalls/syscall_64.tbl
  // agree on these three.

  /** {@code io_uring_setup(2)}, since 5.1. */
  public static final long SYS_IO_URING_SETUP = 425;

  /** {@code io_uring_enter(2)}, since 5.1. */
  public static final long SYS_IO_URING_ENTER = 426;

  /** {@code io_uring_register(2)}, since 5.1. */
  public static final long SYS_IO_URING_REGISTER = 427;

  // enum io_uring_op: sqe->opcode.

  /** Does nothing and completes; since 5.1. */
  public static final int IORING_OP_NOP = 0;

  /** {@code fsync(2)}; since 5.1. */
  public static final int IORING_OP_FSYNC = 3;

  /** {@code pread(2)} into a registered buffer; since 5.1. */
  public static final int IORING_OP_READ_FIXED = 4;

  /** {@code pwrite(2)} from a registered buffer; since 5.1. */
  public static final int IORING_OP_WRITE_FIXED = 5;

  /** Waits for poll events, once or repeatedly; since 5.1, multishot since 5.13. */
  public static final int IORING_OP_POLL_ADD = 6;

  /** {@code sendmsg(2)}; since 5.3. */
  public static final int IORING_OP_SENDMSG = 9;

  /** {@code recvmsg(2)}; since 5.3, multishot since 6.0. */
  public static final int IORING_OP_RECVMSG = 10;

  /** A timer; since 5.4. */
  public static final int IORING_OP_TIMEOUT = 11;

  /** Removes or changes a timer; since 5.5. */
  public static final int IORING_OP_TIMEOUT_REMOVE = 12;

  /** {@code accept4(2)}; since 5.5, multishot and direct descriptors since 5.19. */
  public static final int IORING_OP_ACCEPT = 13;

  /** Asks for the cancellation of other operations; since 5.5, by descriptor since 5.19. */
  public static final int IORING_OP_ASYNC_CANCEL = 14;

  /** A time limit for the operation linked before it; since 5.5. */
  public static final int IORING_OP_LINK_TIMEOUT = 15;

  /** {@code connect(2)}; since 5.5. */
  public static final int IORING_OP_CONNECT = 16;

  /** {@code fallocate(2)}; since 5.6. */
  public static final int IORING_OP_FALLOCATE = 17;

  /** {@code close(2)}; since 5.6, direct descriptors since 5.15. */
  public static final int IORING_OP_CLOSE = 19;

  /** Changes entries of the registered file table; since 5.6. */
  public static final int IORING_OP_FILES_UPDATE = 20;

  /** {@code statx(2)}; since 5.6. */
  public static final int IORING_OP_STATX = 21;

  /** {@code pread(2)}; since 5.6. */
  public static final int IORING_OP_READ = 22;

  /** {@code pwrite(2)}; since 5.6. */
  public static final int IORING_OP_WRITE = 23;

  /** {@code send(2)}; since 5.6. */
  public static final int IORING_OP_SEND = 26;

  /** {@code recv(2)}; since 5.6, multishot since 6.0. */
  public static final int IORING_OP_RECV = 27;

  /** {@code openat2(2)}; since 5.6. */
  public static final int IORING_OP_OPENAT2 = 28;

  /** {@code shutdown(2)}; since 5.11. */
  public static final int IORING_OP_SHUTDOWN = 34;

  /** {@code renameat2(2)}; since 5.11. */
  public static final int IORING_OP_RENAMEAT = 35;

  /** {@code unlinkat(2)}; since 5.11. */
  public static final int IORING_OP_UNLINKAT = 36;

  /** {@code mkdirat(2)}; since 5.15. */
  public static final int IORING_OP_MKDIRAT = 37;

  /** Posts a completion to another ring; since 5.18. */
  public static final int IORING_OP_MSG_RING = 40;

  /** {@code socket(2)}; since 5.19. */
  public static final int IORING_OP_SOCKET = 45;

  /** A command of a driver, of a socket since 6.7; since 5.19. */
  public static final int IORING_OP_URING_CMD = 46;

  /** Zero-copy send with a notification CQE; since 6.0. */
  public static final int IORING_OP_SEND_ZC = 47;

  /** Zero-copy sendmsg with a notification CQE; since 6.1. */
  public static final int IORING_OP_SENDMSG_ZC = 48;

  /** Repeating read into provided buffers; since 6.7. */
  public static final int IORING_OP_READ_MULTISHOT = 49;

  /** Futex wait; since 6.7. */
  public static final int IORING_OP_FUTEX_WAIT = 51;

  /** Futex wake; since 6.7. */
  public static final int IORING_OP_FUTEX_WAKE = 52;

  /** Makes an ordinary descriptor from a direct one; since 6.8. */
  public static final int IORING_OP_FIXED_FD_INSTALL = 54;

  /** {@code ftruncate(2)}; since 6.9. */
  public static final int IORING_OP_FTRUNCATE = 55;

  /** {@code bind(2)}; since 6.11. */
  public static final int IORING_OP_BIND = 56;

  /** {@code listen(2)}; since 6.11. */
  public static final int IORING_OP_LISTEN = 57;

  /** Zero-copy receive into a registered area; since 6.15. */
  public static final int IORING_OP_RECV_ZC = 58;

  // sqe->flags (IOSQE_*).

  /** {@code sqe.fd} is an index into the registered file table. */
  public static final int IOSQE_FIXED_FILE = 1;

  /** Start only after everything submitted before has completed. */
  public static final int IOSQE_IO_DRAIN = 1 << 1;

  /** The next SQE starts only when this one has succeeded. */
  public static final int IOSQE_IO_LINK = 1 << 2;

  /** The next SQE starts when this one has completed, whatever its result. */
  public static final int IOSQE_IO_HARDLINK = 1 << 3;

  /** Go to a kernel worker thread at once. */
  public static final int IOSQE_ASYNC = 1 << 4;

  /** The kernel takes the buffer from group {@code sqe.buf_group}. */
  public static final int IOSQE_BUFFER_SELECT = 1 << 5;

  /** No CQE when the operation succeeds; since 5.17. Never for an operation that holds a buffer. */
  public static final int IOSQE_CQE_SKIP_SUCCESS = 1 << 6;

  // io_uring_params.flags (IORING_SETUP_*).

  /** {@code cq_entries} gives the completion queue's size. */
  public static final int IORING_SETUP_CQSIZE = 1 << 3;

  /** Sizes above the kernel's limits are lowered instead of refused. */
  public static final int IORING_SETUP_CLAMP = 1 << 4;

  /** The ring starts disabled; {@link #IORING_REGISTER_ENABLE_RINGS} starts it. */
  public static final int IORING_SETUP_R_DISABLED = 1 << 6;

  /** An SQE that fails does not stop the ones behind it; since 5.18. */
  public static final int IORING_SETUP_SUBMIT_ALL = 1 << 7;

  /** Completion work does not interrupt the running thread; since 5.19. */
  public static final int IORING_SETUP_COOP_TASKRUN = 1 << 8;

  /** SQEs of 128 bytes; since 5.19. */
  public static final int IORING_SETUP_SQE128 = 1 << 10;

  /** CQEs of 32 bytes; since 5.19. */
  public static final int IORING_SETUP_CQE32 = 1 << 11;

  /** One thread only submits; since 6.0. */
  public static final int IORING_SETUP_SINGLE_ISSUER = 1 << 12;

  /** Completion work runs only inside enter with GETEVENTS; since 6.1. */
  public static final int IORING_SETUP_DEFER_TASKRUN = 1 << 13;

  /** SQEs are taken in ring order, without the index array; since 6.6. */
  public static final int IORING_SETUP_NO_SQARRAY = 1 << 16;

  // io_uring_enter(2) flags (IORING_ENTER_*).

  /** Wait for {@code min_complete} completions, and run deferred completion work. */
  public static final int IORING_ENTER_GETEVENTS = 1;

  /** The argument is a {@code struct io_uring_getevents_arg}. */
  public static final int IORING_ENTER_EXT_ARG = 1 << 3;

  /** {@code fd} is an index of a registered ring; since 5.18. */
  public static final int IORING_ENTER_REGISTERED_RING = 1 << 4;

  // io_uring_params.features (IORING_FEAT_*).

  /** SQ and CQ ring share one mapping; since 5.4. */
  public static final int IORING_FEAT_SINGLE_MMAP = 1;

  /** A full CQ loses nothing: the kernel keeps the overflow; since 5.5. */
  public static final int IORING_FEAT_NODROP = 1 << 1;

  /** Structures named by an SQE may be reused once it is submitted; since 5.5. */
  public static final int IORING_FEAT_SUBMIT_STABLE = 1 << 2;

  /** Waiting sockets use internal poll instead of worker threads; since 5.7. */
  public static final int IORING_FEAT_FAST_POLL = 1 << 5;

  /** Time limits can be passed to enter; since 5.11. */
  public static final int IORING_FEAT_EXT_ARG = 1 << 8;

  /** {@link #IOSQE_CQE_SKIP_SUCCESS} works; since 5.17. */
  public static final int IORING_FEAT_CQE_SKIP = 1 << 11;

  /** Linked operations resolve descriptors late; since 5.17. */
  public static final int IORING_FEAT_LINKED_FILE = 1 << 12;

  /** Register calls accept a registered ring; since 6.3. */
  public static final int IORING_FEAT_REG_REG_RING = 1 << 13;

  /** Send and receive bundles; since 6.10. */
  public static final int IORING_FEAT_RECVSEND_BUNDLE = 1 << 14;

  /** A minimum wait for batching can be given; since 6.12. */
  public static final int IORING_FEAT_MIN_TIMEOUT = 1 << 15;

  // Operation flags.

  /** {@code sqe.fsync_flags}: data only, as {@code fdatasync(2)}. */
  public static final int IORING_FSYNC_DATASYNC = 1;

  /** {@code sqe.timeout_flags}: absolute time. */
  public static final int IORING_TIMEOUT_ABS = 1;

  /** {@code sqe.len} of POLL_ADD: repeat. */
  public static final int IORING_POLL_ADD_MULTI = 1;

  /** {@code sqe.cancel_flags}: all matches instead of the first; since 5.19. */
  public static final int IORING_ASYNC_CANCEL_ALL = 1;

  /** {@code sqe.cancel_flags}: match the descriptor; since 5.19. */
  public static final int IORING_ASYNC_CANCEL_FD = 1 << 1;

  /** {@code sqe.cancel_flags}: match everything; since 5.19. */
  public static final int IORING_ASYNC_CANCEL_ANY = 1 << 2;

  /** {@code sqe.cancel_flags}: the descriptor is a direct one; since 6.0. */
  public static final int IORING_ASYNC_CANCEL_FD_FIXED = 1 << 3;

  /** {@code sqe.ioprio} of send and recv: wait for readiness before the first try; since 5.19. */
  public static final int IORING_RECVSEND_POLL_FIRST = 1;

  /** {@code sqe.ioprio} of recv: repeat; since 6.0. */
  public static final int IORING_RECV_MULTISHOT = 1 << 1;

  /** {@code sqe.ioprio} of send: use a registered buffer; since 6.0. */
  public static final int IORING_RECVSEND_FIXED_BUF = 1 << 2;

  /**
   * {@code sqe.ioprio} of send_zc: the notification says whether the data was copied; since 6.2.
   */
  public static final int IORING_SEND_ZC_REPORT_USAGE = 1 << 3;

  /**
   * {@code sqe.ioprio} of send and recv: several provided buffers in one completion; since 6.10.
   */
  public static final int IORING_RECVSEND_BUNDLE = 1 << 4;

  /** {@code cqe.res} of a notification, with REPORT_USAGE: the data was copied; since 6.2. */
  public static final int IORING_NOTIF_USAGE_ZC_COPIED = 1 << 31;

  /** {@code sqe.ioprio} of accept: repeat; since 5.19. */
  public static final int IORING_ACCEPT_MULTISHOT = 1;

  /** {@code sqe.file_index}: the kernel picks a free direct descriptor; since 5.19. */
  public static final int IORING_FILE_INDEX_ALLOC = -1;

  /**
   * {@code sqe.addr} of MSG_RING: send {@code len} and {@code off} as result and user data; since
   * 5.18.
   */
  public static final int IORING_MSG_DATA = 0;

  /** {@code sqe.addr} of MSG_RING: send a direct descriptor; since 6.0. */
  public static final int IORING_MSG_SEND_FD = 1;

  // cqe->flags (IORING_CQE_F_*).

  /** The upper 16 bits hold the id of the buffer the kernel picked. */
  public static final int IORING_CQE_F_BUFFER = 1;

  /** The same SQE will post more CQEs. */
  public static final int IORING_CQE_F_MORE = 1 << 1;

  /** The socket has more data to read; since 5.19. */
  public static final int IORING_CQE_F_SOCK_NONEMPTY = 1 << 2;

  /** The second CQE of a zero-copy send: its memory is free again; since 6.0. */
  public static final int IORING_CQE_F_NOTIF = 1 << 3;

  /** The buffer is consumed in part and will be used again; since 6.12. */
  public static final int IORING_CQE_F_BUF_MORE = 1 << 4;

  /** Shift from {@code cqe.flags} to the buffer id. */
  public static final int IORING_CQE_BUFFER_SHIFT = 16;

  // Shared words of the SQ ring: sq_ring->flags.

  /** The kernel holds completions that did not fit into the CQ. */
  public static final int IORING_SQ_CQ_OVERFLOW = 1 << 1;

  /** Completion work waits for an enter; with COOP_TASKRUN and TASKRUN_FLAG only; since 5.19. */
  public static final int IORING_SQ_TASKRUN = 1 << 2;

  // Offsets for mmap(2) on the ring's descriptor.

  /** Maps the SQ and CQ rings. */
  public static final long IORING_OFF_SQ_RING = 0;

  /** Maps the SQE array. */
  public static final long IORING_OFF_SQES = 0x1000_0000L;

  // io_uring_register(2) opcodes.

  /** Registers memory that fixed reads and writes may use. */
  public static final int IORING_REGISTER_BUFFERS = 0;

  /** Tells which opcodes the kernel has. */
  public static final int IORING_REGISTER_PROBE = 8;

  /** Starts a ring created with R_DISABLED; the calling thread becomes the single issuer. */
  public static final int IORING_REGISTER_ENABLE_RINGS = 12;

  /** Registers a file table, sparse if asked; since 5.13, sparse since 5.19. */
  public static final int IORING_REGISTER_FILES2 = 13;

  /** Drops the file table. */
  public static final int IORING_UNREGISTER_FILES = 3;

  /** Changes a range of the file table. */
  public static final int IORING_REGISTER_FILES_UPDATE = 6;

  /** Registers ring descriptors with the calling thread; since 5.18. */
  public static final int IORING_REGISTER_RING_FDS = 20;

  /** Takes them back. */
  public static final int IORING_UNREGISTER_RING_FDS = 21;

  /** Registers a buffer ring; since 5.19. */
  public static final int IORING_REGISTER_PBUF_RING = 22;

  /** Takes it back. */
  public static final int IORING_UNREGISTER_PBUF_RING = 23;

  /** Sets the range in which the kernel picks direct descriptors; since 6.0. */
  public static final int IORING_REGISTER_FILE_ALLOC_RANGE = 25;

  /** Tells how far the kernel has consumed a buffer ring; since 6.8. */
  public static final int IORING_REGISTER_PBUF_STATUS = 26;

  /** Changes ring sizes at run time; since 6.13. */
  public static final int IORING_REGISTER_RESIZE_RINGS = 33;

  /** {@code io_uring_rsrc_register.flags}: an empty table; since 5.19. */
  public static final int IORING_RSRC_REGISTER_SPARSE = 1;

  /** {@code io_uring_buf_reg.flags}: buffers are consumed in parts; since 6.12. */
  public static final int IOU_PBUF_RING_INC = 2;

  /** {@code io_uring_probe_op.flags}: the kernel has this opcode. */
  public static final int IO_URING_OP_SUPPORTED = 1;

  /**
   * Entries the kernel allows in a submission queue: {@code IORING_MAX_ENTRIES} of
   * io_uring/io_uring.c.
   */
  public static final int SQ_ENTRIES_MAX = 32_768;

  /** Entries the kernel allows in a completion queue: {@code IORING_MAX_CQ_ENTRIES}. */
  public static final int CQ_ENTRIES_MAX = 2 * SQ_ENTRIES_MAX;

  /** Entries the kernel allows in one buffer ring. */
  public static final int PBUF_RING_ENTRIES_MAX = 32_768;
}
