package dev.uring.abi;

/**
 * Sizes and field offsets of the structures that cross the system-call boundary, in bytes.
 *
 * <p>Named {@code STRUCT_FIELD}, with {@code STRUCT_BYTES} for the size. The values hold for 64-bit
 * little-endian Linux (x86_64 and aarch64); {@code LayoutsAgainstCTest} compares each of them with
 * what a C compiler says.
 */
public final class Layouts {

  private Layouts() {}

  // struct io_uring_sqe, <linux/io_uring.h>.

  /** {@code sizeof(struct io_uring_sqe)} without SQE128. */
  public static final int SQE_BYTES = 64;

  /** u8 opcode. */
  public static final int SQE_OPCODE = 0;

  /** u8 flags (IOSQE_*). */
  public static final int SQE_FLAGS = 1;

  /** u16 ioprio; also the flags of accept, send and recv. */
  public static final int SQE_IOPRIO = 2;

  /** s32 fd. */
  public static final int SQE_FD = 4;

  /** u64 off, or addr2. */
  public static final int SQE_OFF = 8;

  /** u64 addr. */
  public static final int SQE_ADDR = 16;

  /** u32 len. */
  public static final int SQE_LEN = 24;

  /** u32 of the operation's own flags: msg_flags, accept_flags, cancel_flags, poll32_events … */
  public static final int SQE_OP_FLAGS = 28;

  /** u64 user_data. */
  public static final int SQE_USER_DATA = 32;

  /** u16 buf_group, or buf_index. */
  public static final int SQE_BUF_GROUP = 40;

  /** u16 personality. */
  public static final int SQE_PERSONALITY = 42;

  /** u32 file_index, or splice_fd_in, or u16 addr_len. */
  public static final int SQE_FILE_INDEX = 44;

  /** u64 addr3. */
  public static final int SQE_ADDR3 = 48;

  /** {@code sizeof(struct io_uring_sqe)} with SQE128. */
  public static final int SQE128_BYTES = 128;

  /** u32 cmd_op of a URING_CMD. */
  public static final int SQE_CMD_OP = 8;

  /** 80 bytes cmd of a URING_CMD; with SQE128 only. */
  public static final int SQE_CMD = 48;

  // struct nvme_uring_cmd, <linux/nvme_ioctl.h>: what a URING_CMD of an NVMe device carries.

  /** {@code sizeof(struct nvme_uring_cmd)}. */
  public static final int NVME_CMD_BYTES = 72;

  /** u8 opcode. */
  public static final int NVME_CMD_OPCODE = 0;

  /** u32 nsid: the namespace. */
  public static final int NVME_CMD_NSID = 4;

  /** u64 addr: the data. */
  public static final int NVME_CMD_ADDR = 24;

  /** u32 data_len. */
  public static final int NVME_CMD_DATA_LEN = 36;

  /** u32 cdw10: low half of the first block's number. */
  public static final int NVME_CMD_CDW10 = 40;

  /** u32 cdw11: its high half. */
  public static final int NVME_CMD_CDW11 = 44;

  /** u32 cdw12: number of blocks minus one. */
  public static final int NVME_CMD_CDW12 = 48;

  /** u32 timeout_ms; 0 is the driver's own. */
  public static final int NVME_CMD_TIMEOUT_MS = 64;

  // struct io_uring_cqe, <linux/io_uring.h>.

  /** {@code sizeof(struct io_uring_cqe)} with CQE32. */
  public static final int CQE32_BYTES = 32;

  /** {@code sizeof(struct io_uring_cqe)} without CQE32. */
  public static final int CQE_BYTES = 16;

  /** u64 user_data. */
  public static final int CQE_USER_DATA = 0;

  /** s32 res. */
  public static final int CQE_RES = 8;

  /** u32 flags. */
  public static final int CQE_FLAGS = 12;

  // struct io_uring_params with its two offset tables, <linux/io_uring.h>.

  /** {@code sizeof(struct io_uring_params)}. */
  public static final int PARAMS_BYTES = 120;

  /** u32 sq_entries. */
  public static final int PARAMS_SQ_ENTRIES = 0;

  /** u32 cq_entries. */
  public static final int PARAMS_CQ_ENTRIES = 4;

  /** u32 flags (IORING_SETUP_*). */
  public static final int PARAMS_FLAGS = 8;

  /** u32 features (IORING_FEAT_*). */
  public static final int PARAMS_FEATURES = 20;

  /** u32 sq_off.head. */
  public static final int PARAMS_SQ_HEAD = 40;

  /** u32 sq_off.tail. */
  public static final int PARAMS_SQ_TAIL = 44;

  /** u32 sq_off.ring_mask. */
  public static final int PARAMS_SQ_RING_MASK = 48;

  /** u32 sq_off.ring_entries. */
  public static final int PARAMS_SQ_RING_ENTRIES = 52;

  /** u32 sq_off.flags. */
  public static final int PARAMS_SQ_FLAGS = 56;

  /** u32 sq_off.dropped. */
  public static final int PARAMS_SQ_DROPPED = 60;

  /** u32 sq_off.array. */
  public static final int PARAMS_SQ_ARRAY = 64;

  /** u32 cq_off.head. */
  public static final int PARAMS_CQ_HEAD = 80;

  /** u32 cq_off.tail. */
  public static final int PARAMS_CQ_TAIL = 84;

  /** u32 cq_off.ring_mask. */
  public static final int PARAMS_CQ_RING_MASK = 88;

  /** u32 cq_off.ring_entries. */
  public static final int PARAMS_CQ_RING_ENTRIES = 92;

  /** u32 cq_off.overflow. */
  public static final int PARAMS_CQ_OVERFLOW = 96;

  /** u32 cq_off.cqes. */
  public static final int PARAMS_CQ_CQES = 100;

  // struct io_uring_getevents_arg, <linux/io_uring.h>.

  /** {@code sizeof(struct io_uring_getevents_arg)}. */
  public static final int GETEVENTS_ARG_BYTES = 24;

  /** u64 sigmask. */
  public static final int GETEVENTS_ARG_SIGMASK = 0;

  /** u32 sigmask_sz. */
  public static final int GETEVENTS_ARG_SIGMASK_SZ = 8;

  /** u32 min_wait_usec, called pad before 6.12. */
  public static final int GETEVENTS_ARG_MIN_WAIT_USEC = 12;

  /** u64 ts: address of a {@code struct __kernel_timespec}. */
  public static final int GETEVENTS_ARG_TS = 16;

  // struct __kernel_timespec, <linux/time_types.h>.

  /** {@code sizeof(struct __kernel_timespec)}. */
  public static final int TIMESPEC_BYTES = 16;

  /** s64 tv_sec. */
  public static final int TIMESPEC_SEC = 0;

  /** s64 tv_nsec. */
  public static final int TIMESPEC_NSEC = 8;

  // struct io_uring_buf and io_uring_buf_ring, <linux/io_uring.h>.

  /** {@code sizeof(struct io_uring_buf)}: one entry of a buffer ring. */
  public static final int BUF_BYTES = 16;

  /** u64 addr. */
  public static final int BUF_ADDR = 0;

  /** u32 len. */
  public static final int BUF_LEN = 8;

  /** u16 bid. */
  public static final int BUF_BID = 12;

  /** u16 tail of the whole ring: it lies over the unused last field of entry 0. */
  public static final int BUF_RING_TAIL = 14;

  /** {@code sizeof(struct io_uring_buf_reg)}. */
  public static final int BUF_REG_BYTES = 40;

  /** u64 ring_addr. */
  public static final int BUF_REG_RING_ADDR = 0;

  /** u32 ring_entries. */
  public static final int BUF_REG_RING_ENTRIES = 8;

  /** u16 bgid. */
  public static final int BUF_REG_BGID = 12;

  /** u16 flags, called pad before 6.4. */
  public static final int BUF_REG_FLAGS = 14;

  // Arguments of the file table's register calls, <linux/io_uring.h>.

  /** {@code sizeof(struct io_uring_rsrc_register)}. */
  public static final int RSRC_REGISTER_BYTES = 32;

  /** u32 nr. */
  public static final int RSRC_REGISTER_NR = 0;

  /** u32 flags. */
  public static final int RSRC_REGISTER_FLAGS = 4;

  /** {@code sizeof(struct io_uring_rsrc_update)}; also the entry of REGISTER_RING_FDS. */
  public static final int RSRC_UPDATE_BYTES = 16;

  /** u32 offset. */
  public static final int RSRC_UPDATE_OFFSET = 0;

  /** u64 data. */
  public static final int RSRC_UPDATE_DATA = 8;

  /** {@code sizeof(struct io_uring_file_index_range)}. */
  public static final int FILE_INDEX_RANGE_BYTES = 16;

  /** u32 off. */
  public static final int FILE_INDEX_RANGE_OFF = 0;

  /** u32 len. */
  public static final int FILE_INDEX_RANGE_LEN = 4;

  // struct io_uring_probe and io_uring_probe_op, <linux/io_uring.h>.

  /** {@code sizeof(struct io_uring_probe)} without its operations. */
  public static final int PROBE_BYTES = 16;

  /** u8 last_op. */
  public static final int PROBE_LAST_OP = 0;

  /** u8 ops_len. */
  public static final int PROBE_OPS_LEN = 1;

  /** {@code sizeof(struct io_uring_probe_op)}. */
  public static final int PROBE_OP_BYTES = 8;

  /** u8 op. */
  public static final int PROBE_OP_OP = 0;

  /** u16 flags. */
  public static final int PROBE_OP_FLAGS = 2;

  // Socket addresses: <netinet/in.h>, <sys/un.h>. Ports and IPv4 addresses are in network byte
  // order.

  /** u16 sa_family, first field of every address. */
  public static final int SOCKADDR_FAMILY = 0;

  /** {@code sizeof(struct sockaddr_storage)}: room for any address. */
  public static final int SOCKADDR_STORAGE_BYTES = 128;

  /** {@code sizeof(struct sockaddr_in)}. */
  public static final int SOCKADDR_IN_BYTES = 16;

  /** u16 sin_port. */
  public static final int SOCKADDR_IN_PORT = 2;

  /** 4 bytes sin_addr. */
  public static final int SOCKADDR_IN_ADDR = 4;

  /** {@code sizeof(struct sockaddr_in6)}. */
  public static final int SOCKADDR_IN6_BYTES = 28;

  /** u16 sin6_port. */
  public static final int SOCKADDR_IN6_PORT = 2;

  /** u32 sin6_flowinfo. */
  public static final int SOCKADDR_IN6_FLOWINFO = 4;

  /** 16 bytes sin6_addr. */
  public static final int SOCKADDR_IN6_ADDR = 8;

  /** u32 sin6_scope_id, in host byte order. */
  public static final int SOCKADDR_IN6_SCOPE_ID = 24;

  /** {@code sizeof(struct sockaddr_un)}. */
  public static final int SOCKADDR_UN_BYTES = 110;

  /** char[108] sun_path. */
  public static final int SOCKADDR_UN_PATH = 2;

  // Scatter and gather: <bits/types/struct_iovec.h>, <bits/socket.h>.

  /** {@code sizeof(struct iovec)}. */
  public static final int IOVEC_BYTES = 16;

  /** void* iov_base. */
  public static final int IOVEC_BASE = 0;

  /** size_t iov_len. */
  public static final int IOVEC_LEN = 8;

  /** {@code sizeof(struct msghdr)}. */
  public static final int MSGHDR_BYTES = 56;

  /** void* msg_name. */
  public static final int MSGHDR_NAME = 0;

  /** u32 msg_namelen. */
  public static final int MSGHDR_NAMELEN = 8;

  /** struct iovec* msg_iov. */
  public static final int MSGHDR_IOV = 16;

  /** size_t msg_iovlen. */
  public static final int MSGHDR_IOVLEN = 24;

  /** void* msg_control. */
  public static final int MSGHDR_CONTROL = 32;

  /** size_t msg_controllen. */
  public static final int MSGHDR_CONTROLLEN = 40;

  /** int msg_flags. */
  public static final int MSGHDR_FLAGS = 48;

  // struct open_how, <linux/openat2.h>.

  /** {@code sizeof(struct open_how)}. */
  public static final int OPEN_HOW_BYTES = 24;

  /** u64 flags (O_*). */
  public static final int OPEN_HOW_FLAGS = 0;

  /** u64 mode; 0 unless a file may be created. */
  public static final int OPEN_HOW_MODE = 8;

  /** u64 resolve (RESOLVE_*). */
  public static final int OPEN_HOW_RESOLVE = 16;

  // struct statx, <linux/stat.h>.

  /** {@code sizeof(struct statx)}. */
  public static final int STATX_BYTES = 256;

  /** u32 stx_mask: which fields the kernel has filled. */
  public static final int STATX_MASK = 0;

  /** u32 stx_nlink. */
  public static final int STATX_NLINK = 16;

  /** u32 stx_uid. */
  public static final int STATX_UID = 20;

  /** u32 stx_gid. */
  public static final int STATX_GID = 24;

  /** u16 stx_mode: type and permissions. */
  public static final int STATX_MODE = 28;

  /** u64 stx_ino. */
  public static final int STATX_INO = 32;

  /** u64 stx_size. */
  public static final int STATX_SIZE = 40;

  /** u64 stx_blocks, of 512 bytes each. */
  public static final int STATX_BLOCKS = 48;

  /** s64 stx_atime.tv_sec. */
  public static final int STATX_ATIME_SEC = 64;

  /** u32 stx_atime.tv_nsec. */
  public static final int STATX_ATIME_NSEC = 72;

  /** s64 stx_mtime.tv_sec. */
  public static final int STATX_MTIME_SEC = 112;

  /** u32 stx_mtime.tv_nsec. */
  public static final int STATX_MTIME_NSEC = 120;

  /** u32 stx_dio_mem_align; since 6.1. */
  public static final int STATX_DIO_MEM_ALIGN = 152;

  /** u32 stx_dio_offset_align; since 6.1. */
  public static final int STATX_DIO_OFFSET_ALIGN = 156;

  // struct linger, <bits/socket.h>.

  /** {@code sizeof(struct linger)}. */
  public static final int LINGER_BYTES = 8;

  /** int l_onoff. */
  public static final int LINGER_ONOFF = 0;

  /** int l_linger, in seconds. */
  public static final int LINGER_SECONDS = 4;

  // struct ucred, <bits/socket.h>.

  /** {@code sizeof(struct ucred)}. */
  public static final int UCRED_BYTES = 12;

  /** s32 pid. */
  public static final int UCRED_PID = 0;

  /** u32 uid. */
  public static final int UCRED_UID = 4;

  /** u32 gid. */
  public static final int UCRED_GID = 8;

  // struct tcp_info, <linux/tcp.h>; it grows at its end with the kernel.

  /** Bytes up to the last field that is read. */
  public static final int TCP_INFO_READ_BYTES = 168;

  /** u8 tcpi_state. */
  public static final int TCP_INFO_STATE = 0;

  /** u8 tcpi_retransmits. */
  public static final int TCP_INFO_RETRANSMITS = 2;

  /** u32 tcpi_rto, microseconds. */
  public static final int TCP_INFO_RTO = 8;

  /** u32 tcpi_snd_mss. */
  public static final int TCP_INFO_SND_MSS = 16;

  /** u32 tcpi_rcv_mss. */
  public static final int TCP_INFO_RCV_MSS = 20;

  /** u32 tcpi_unacked. */
  public static final int TCP_INFO_UNACKED = 24;

  /** u32 tcpi_lost. */
  public static final int TCP_INFO_LOST = 32;

  /** u32 tcpi_pmtu. */
  public static final int TCP_INFO_PMTU = 60;

  /** u32 tcpi_rtt, microseconds. */
  public static final int TCP_INFO_RTT = 68;

  /** u32 tcpi_rttvar, microseconds. */
  public static final int TCP_INFO_RTTVAR = 72;

  /** u32 tcpi_snd_cwnd. */
  public static final int TCP_INFO_SND_CWND = 80;

  /** u32 tcpi_total_retrans. */
  public static final int TCP_INFO_TOTAL_RETRANS = 100;

  /** u64 tcpi_bytes_acked. */
  public static final int TCP_INFO_BYTES_ACKED = 120;

  /** u64 tcpi_bytes_received. */
  public static final int TCP_INFO_BYTES_RECEIVED = 128;

  /** u32 tcpi_segs_out. */
  public static final int TCP_INFO_SEGS_OUT = 136;

  /** u32 tcpi_segs_in. */
  public static final int TCP_INFO_SEGS_IN = 140;

  /** u32 tcpi_notsent_bytes. */
  public static final int TCP_INFO_NOTSENT_BYTES = 144;

  /** u32 tcpi_min_rtt, microseconds. */
  public static final int TCP_INFO_MIN_RTT = 148;

  /** u64 tcpi_delivery_rate, bytes per second. */
  public static final int TCP_INFO_DELIVERY_RATE = 160;

  // struct rlimit, <bits/resource.h>.

  /** {@code sizeof(struct rlimit)}. */
  public static final int RLIMIT_BYTES = 16;

  /** u64 rlim_cur. */
  public static final int RLIMIT_SOFT = 0;

  /** u64 rlim_max. */
  public static final int RLIMIT_HARD = 8;

  // struct utsname, <sys/utsname.h>.

  /** {@code sizeof(struct utsname)}. */
  public static final int UTSNAME_BYTES = 390;

  /** char[65] release. */
  public static final int UTSNAME_RELEASE = 130;

  /** Bytes of each field of {@code struct utsname}. */
  public static final int UTSNAME_FIELD_BYTES = 65;

  // struct io_uring_recvmsg_out, <linux/io_uring.h>; since kernel 6.0.

  /** {@code sizeof(struct io_uring_recvmsg_out)}. */
  public static final int RECVMSG_OUT_BYTES = 16;

  /** u32 namelen. */
  public static final int RECVMSG_OUT_NAMELEN = 0;

  /** u32 controllen. */
  public static final int RECVMSG_OUT_CONTROLLEN = 4;

  /** u32 payloadlen. */
  public static final int RECVMSG_OUT_PAYLOADLEN = 8;

  /** u32 flags. */
  public static final int RECVMSG_OUT_FLAGS = 12;

  // struct cmsghdr, <sys/socket.h>; the data follows, the next one at a multiple of 8.

  /** {@code sizeof(struct cmsghdr)}. */
  public static final int CMSGHDR_BYTES = 16;

  /** size_t cmsg_len, header and data. */
  public static final int CMSGHDR_LEN = 0;

  /** int cmsg_level. */
  public static final int CMSGHDR_LEVEL = 8;

  /** int cmsg_type. */
  public static final int CMSGHDR_TYPE = 12;

  // struct group_req and struct ip_mreqn, <netinet/in.h>.

  /** {@code sizeof(struct group_req)}. */
  public static final int GROUP_REQ_BYTES = 136;

  /** u32 gr_interface. */
  public static final int GROUP_REQ_INTERFACE = 0;

  /** struct sockaddr_storage gr_group. */
  public static final int GROUP_REQ_GROUP = 8;

  /** {@code sizeof(struct ip_mreqn)}. */
  public static final int IP_MREQN_BYTES = 12;

  /** int imr_ifindex. */
  public static final int IP_MREQN_IFINDEX = 8;

  // struct inotify_event, <sys/inotify.h>.

  /** {@code sizeof(struct inotify_event)}; the name follows. */
  public static final int INOTIFY_EVENT_BYTES = 16;

  /** u32 mask. */
  public static final int INOTIFY_EVENT_MASK = 4;

  /** u32 cookie. */
  public static final int INOTIFY_EVENT_COOKIE = 8;

  /** u32 len: of the name, with the zeros that pad it. */
  public static final int INOTIFY_EVENT_LEN = 12;

  // siginfo_t as waitid(2) fills it, <signal.h>.

  /** {@code sizeof(siginfo_t)}. */
  public static final int SIGINFO_BYTES = 128;

  /** int si_code: how the child ended, CLD_*. */
  public static final int SIGINFO_CODE = 8;

  /** pid_t si_pid; 0 when there is nothing to tell. */
  public static final int SIGINFO_PID = 16;

  /** int si_status: the exit code or the signal. */
  public static final int SIGINFO_STATUS = 24;

  // struct pollfd, <poll.h>.

  /** Bytes. */
  public static final int POLLFD_BYTES = 8;

  /** int fd; ignored when negative. */
  public static final int POLLFD_FD = 0;

  /** short events: what is waited for. */
  public static final int POLLFD_EVENTS = 4;

  /** short revents: what is there. */
  public static final int POLLFD_REVENTS = 6;
}
