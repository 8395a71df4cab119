package dev.uring.abi;

import java.util.Arrays;

/**
 * Error numbers of {@code <errno.h>} (asm-generic), with their names and meanings.
 *
 * <p>The constants are those this library decides on; {@link #name} and {@link #describe} know all
 * of them. Numbers are positive here; the kernel and {@code dev.uring.ffi} return them negated.
 */
public final class Errno {

  private Errno() {}

  /** Not permitted. */
  public static final int EPERM = 1;

  /** No such file, or nothing to cancel. */
  public static final int ENOENT = 2;

  /** No such process. */
  public static final int ESRCH = 3;

  /** Interrupted by a signal. */
  public static final int EINTR = 4;

  /** Device error. */
  public static final int EIO = 5;

  /** No such device or registration. */
  public static final int ENXIO = 6;

  /** Arguments and environment are too long. */
  public static final int E2BIG = 7;

  /** Not a program. */
  public static final int ENOEXEC = 8;

  /** Not an open descriptor. */
  public static final int EBADF = 9;

  /** Try again; also called EWOULDBLOCK. */
  public static final int EAGAIN = 11;

  /** Out of memory or of locked memory. */
  public static final int ENOMEM = 12;

  /** Permission denied. */
  public static final int EACCES = 13;

  /** Bad address. */
  public static final int EFAULT = 14;

  /** Busy. */
  public static final int EBUSY = 16;

  /** Exists; from io_uring: called by a thread that is not the owner. */
  public static final int EEXIST = 17;

  /** The rename or link would cross file systems; from openat2: the path leaves its directory. */
  public static final int EXDEV = 18;

  /** No such device. */
  public static final int ENODEV = 19;

  /** Not a directory. */
  public static final int ENOTDIR = 20;

  /** A directory. */
  public static final int EISDIR = 21;

  /** Invalid argument. */
  public static final int EINVAL = 22;

  /** The system, or a direct descriptor range, is out of files. */
  public static final int ENFILE = 23;

  /** The process is out of descriptors. */
  public static final int EMFILE = 24;

  /** File too large. */
  public static final int EFBIG = 27;

  /** No space left. */
  public static final int ENOSPC = 28;

  /** Cannot seek. */
  public static final int ESPIPE = 29;

  /** The file system is read-only. */
  public static final int EROFS = 30;

  /** The reader has gone. */
  public static final int EPIPE = 32;

  /** A name or path is too long. */
  public static final int ENAMETOOLONG = 36;

  /** No such system call. */
  public static final int ENOSYS = 38;

  /** The directory has entries. */
  public static final int ENOTEMPTY = 39;

  /** Too many symbolic links, or one where none may be. */
  public static final int ELOOP = 40;

  /** The time limit passed. */
  public static final int ETIME = 62;

  /** Protocol error. */
  public static final int EPROTO = 71;

  /** Value too large. */
  public static final int EOVERFLOW = 75;

  /** Wrong state; from io_uring: the ring is not enabled. */
  public static final int EBADFD = 77;

  /** Not a socket. */
  public static final int ENOTSOCK = 88;

  /** Message too long. */
  public static final int EMSGSIZE = 90;

  /** The level has no such option. */
  public static final int ENOPROTOOPT = 92;

  /** Not supported on this socket. */
  public static final int EOPNOTSUPP = 95;

  /** Address family not supported. */
  public static final int EAFNOSUPPORT = 97;

  /** Address in use. */
  public static final int EADDRINUSE = 98;

  /** Not an address of this machine. */
  public static final int EADDRNOTAVAIL = 99;

  /** Network is down. */
  public static final int ENETDOWN = 100;

  /** Network unreachable. */
  public static final int ENETUNREACH = 101;

  /** Connection aborted before it was accepted. */
  public static final int ECONNABORTED = 103;

  /** The peer reset the connection. */
  public static final int ECONNRESET = 104;

  /** No buffer; from io_uring: the buffer group is empty. */
  public static final int ENOBUFS = 105;

  /** Already connected. */
  public static final int EISCONN = 106;

  /** Not connected. */
  public static final int ENOTCONN = 107;

  /** Timed out. */
  public static final int ETIMEDOUT = 110;

  /** Connection refused. */
  public static final int ECONNREFUSED = 111;

  /** No route to host. */
  public static final int EHOSTUNREACH = 113;

  /** Already in progress. */
  public static final int EALREADY = 114;

  /** In progress. */
  public static final int EINPROGRESS = 115;

  /** The quota is used up. */
  public static final int EDQUOT = 122;

  /** Cancelled. */
  public static final int ECANCELED = 125;

  /** The file is not what it was. */
  public static final int ESTALE = 116;

  // Numbers 41 and 58 are unassigned. The wording of the meanings is that of strerror(3).
  private static final String TABLE = """
      1 EPERM operation not permitted
      2 ENOENT no such file or directory
      3 ESRCH no such process
      4 EINTR interrupted system call
      5 EIO input/output error
      6 ENXIO no such device or address
      7 E2BIG argument list too long
      8 ENOEXEC exec format error
      9 EBADF bad file descriptor
      10 ECHILD no child processes
      11 EAGAIN resource temporarily unavailable
      12 ENOMEM cannot allocate memory
      13 EACCES permission denied
      14 EFAULT bad address
      15 ENOTBLK block device required
      16 EBUSY device or resource busy
      17 EEXIST file exists
      18 EXDEV invalid cross-device link
      19 ENODEV no such device
      20 ENOTDIR not a directory
      21 EISDIR is a directory
      22 EINVAL invalid argument
      23 ENFILE too many open files in system
      24 EMFILE too many open files
      25 ENOTTY inappropriate ioctl for device
      26 ETXTBSY text file busy
      27 EFBIG file too large
      28 ENOSPC no space left on device
      29 ESPIPE illegal seek
      30 EROFS read-only file system
      31 EMLINK too many links
      32 EPIPE broken pipe
      33 EDOM numerical argument out of domain
      34 ERANGE numerical result out of range
      35 EDEADLK resource deadlock avoided
      36 ENAMETOOLONG file name too long
      37 ENOLCK no locks available
      38 ENOSYS function not implemented
      39 ENOTEMPTY directory not empty
      40 ELOOP too many levels of symbolic links
      42 ENOMSG no message of desired type
      43 EIDRM identifier removed
      44 ECHRNG channel number out of range
      45 EL2NSYNC level 2 not synchronized
      46 EL3HLT level 3 halted
      47 EL3RST level 3 reset
      48 ELNRNG link number out of range
      49 EUNATCH protocol driver not attached
      50 ENOCSI no CSI structure available
      51 EL2HLT level 2 halted
      52 EBADE invalid exchange
      53 EBADR invalid request descriptor
      54 EXFULL exchange full
      55 ENOANO no anode
      56 EBADRQC invalid request code
      57 EBADSLT invalid slot
      59 EBFONT bad font file format
      60 ENOSTR device not a stream
      61 ENODATA no data available
      62 ETIME timer expired
      63 ENOSR out of streams resources
      64 ENONET machine is not on the network
      65 ENOPKG package not installed
      66 EREMOTE object is remote
      67 ENOLINK link has been severed
      68 EADV advertise error
      69 ESRMNT srmount error
      70 ECOMM communication error on send
      71 EPROTO protocol error
      72 EMULTIHOP multihop attempted
      73 EDOTDOT RFS specific error
      74 EBADMSG bad message
      75 EOVERFLOW value too large for defined data type
      76 ENOTUNIQ name not unique on network
      77 EBADFD file descriptor in bad state
      78 EREMCHG remote address changed
      79 ELIBACC can not access a needed shared library
      80 ELIBBAD accessing a corrupted shared library
      81 ELIBSCN .lib section in a.out corrupted
      82 ELIBMAX attempting to link in too many shared libraries
      83 ELIBEXEC cannot exec a shared library directly
      84 EILSEQ invalid or incomplete multibyte or wide character
      85 ERESTART interrupted system call should be restarted
      86 ESTRPIPE streams pipe error
      87 EUSERS too many users
      88 ENOTSOCK socket operation on non-socket
      89 EDESTADDRREQ destination address required
      90 EMSGSIZE message too long
      91 EPROTOTYPE protocol wrong type for socket
      92 ENOPROTOOPT protocol not available
      93 EPROTONOSUPPORT protocol not supported
      94 ESOCKTNOSUPPORT socket type not supported
      95 EOPNOTSUPP operation not supported
      96 EPFNOSUPPORT protocol family not supported
      97 EAFNOSUPPORT address family not supported by protocol
      98 EADDRINUSE address already in use
      99 EADDRNOTAVAIL cannot assign requested address
      100 ENETDOWN network is down
      101 ENETUNREACH network is unreachable
      102 ENETRESET network dropped connection on reset
      103 ECONNABORTED software caused connection abort
      104 ECONNRESET connection reset by peer
      105 ENOBUFS no buffer space available
      106 EISCONN transport endpoint is already connected
      107 ENOTCONN transport endpoint is not connected
      108 ESHUTDOWN cannot send after transport endpoint shutdown
      109 ETOOMANYREFS too many references: cannot splice
      110 ETIMEDOUT connection timed out
      111 ECONNREFUSED connection refused
      112 EHOSTDOWN host is down
      113 EHOSTUNREACH no route to host
      114 EALREADY operation already in progress
      115 EINPROGRESS operation now in progress
      116 ESTALE stale file handle
      117 EUCLEAN structure needs cleaning
      118 ENOTNAM not a XENIX named type file
      119 ENAVAIL no XENIX semaphores available
      120 EISNAM is a named type file
      121 EREMOTEIO remote I/O error
      122 EDQUOT disk quota exceeded
      123 ENOMEDIUM no medium found
      124 EMEDIUMTYPE wrong medium type
      125 ECANCELED operation canceled
      126 ENOKEY required key not available
      127 EKEYEXPIRED key has expired
      128 EKEYREVOKED key has been revoked
      129 EKEYREJECTED key was rejected by service
      130 EOWNERDEAD owner died
      131 ENOTRECOVERABLE state not recoverable
      132 ERFKILL operation not possible due to RF-kill
      """;

  private static final String[] NAMES = new String[133];
  private static final String[] MEANINGS = new String[NAMES.length];

  static {
    Arrays.setAll(NAMES, number -> "errno " + number);
    Arrays.setAll(MEANINGS, number -> "unknown error");
    TABLE.lines().map(line -> line.split(" ", 3)).forEach(row -> {
      int number = Integer.parseInt(row[0]);
      NAMES[number] = row[1];
      MEANINGS[number] = row[2];
    });
  }

  /**
   * Returns the symbol of {@code errno}, such as {@code ECONNRESET}; {@code "errno 999"} for an
   * unknown number.
   */
  public static String name(int errno) {
    return known(errno) ? NAMES[errno] : "errno " + errno;
  }

  /** Returns the meaning of {@code errno}, such as {@code "connection reset by peer"}. */
  public static String describe(int errno) {
    return known(errno) ? MEANINGS[errno] : "unknown error";
  }

  /**
   * Returns symbol and meaning, such as {@code "ECONNRESET (connection reset by peer)"}: what
   * messages show.
   */
  public static String text(int errno) {
    return name(errno) + " (" + describe(errno) + ")";
  }

  private static boolean known(int errno) {
    return errno >= 0 && errno < NAMES.length;
  }
}
