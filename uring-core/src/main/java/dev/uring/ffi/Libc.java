package dev.uring.ffi;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.uring.abi.Errno;
import dev.uring.abi.Fcntl;
import dev.uring.abi.Layouts;
import dev.uring.abi.Posix;
import dev.uring.abi.Socket;
import dev.uring.base.RingSetupException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.stream.IntStream;

/**
 * The C library's calls for sockets, descriptors, memory mappings, CPU placement and limits.
 *
 * <h2>Shapes and units</h2>
 *
 * Methods are named after the function they call and return its result: zero or more, or minus the
 * error number. Lengths are bytes. Flags are those of {@code dev.uring.abi}.
 *
 * <h2>Ownership</h2>
 *
 * A returned descriptor is owned by the caller. Segments are borrowed for the call.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Any thread. Calls that can block ({@code connect}, {@code read}, {@code write} on a blocking
 * descriptor) block the calling thread; a worker uses them on non-blocking descriptors only.
 */
public final class Libc {

  private static final MemorySegment SOCKET = Downcalls.find("socket");
  private static final MemorySegment SOCKETPAIR = Downcalls.find("socketpair");
  private static final MemorySegment BIND = Downcalls.find("bind");
  private static final MemorySegment LISTEN = Downcalls.find("listen");
  private static final MemorySegment CONNECT = Downcalls.find("connect");
  private static final MemorySegment SETSOCKOPT = Downcalls.find("setsockopt");
  private static final MemorySegment GETSOCKOPT = Downcalls.find("getsockopt");
  private static final MemorySegment GETSOCKNAME = Downcalls.find("getsockname");
  private static final MemorySegment GETPEERNAME = Downcalls.find("getpeername");
  private static final MemorySegment SHUTDOWN = Downcalls.find("shutdown");
  private static final MemorySegment CLOSE = Downcalls.find("close");
  private static final MemorySegment EVENTFD = Downcalls.find("eventfd");
  private static final MemorySegment GETRLIMIT = Downcalls.find("getrlimit");
  private static final MemorySegment SETRLIMIT = Downcalls.find("setrlimit");
  private static final MemorySegment SCHED_SETAFFINITY = Downcalls.find("sched_setaffinity");
  private static final MemorySegment SCHED_GETAFFINITY = Downcalls.find("sched_getaffinity");
  private static final MemorySegment GETTID = Downcalls.find("gettid");
  private static final MemorySegment UNAME = Downcalls.find("uname");
  private static final MemorySegment MUNMAP = Downcalls.find("munmap");
  private static final MemorySegment READ = Downcalls.find("read");
  private static final MemorySegment WRITE = Downcalls.find("write");
  private static final MemorySegment SYSCONF = Downcalls.find("sysconf");
  private static final MemorySegment MMAP = Downcalls.find("mmap");
  private static final MemorySegment FCNTL = Downcalls.find("fcntl");
  private static final MemorySegment FTRUNCATE = Downcalls.find("ftruncate");
  private static final MemorySegment OPEN = Downcalls.find("open");
  private static final MemorySegment FLOCK = Downcalls.find("flock");

  // The kernel refuses a mask shorter than its own CPU count; 8192 is the largest NR_CPUS it can be
  // built with.
  private static final int CPUS_MAX = 8192;
  private static final int CPU_MASK_BYTES = CPUS_MAX / Byte.SIZE;

  private Libc() {}

  // Sockets.

  /** {@code socket(2)}: returns a descriptor. */
  public static int socket(int domain, int type, int protocol) {
    return callInt(SOCKET, domain, type, protocol, 0, 0);
  }

  /** {@code socketpair(2)} of AF_UNIX: fills {@code pair} with two connected descriptors. */
  public static int socketpair(int type, MemorySegment pair) {
    try {
      return callInt(SOCKETPAIR, Socket.AF_UNIX, type, 0, pair.address(), 0);
    } finally {
      Reference.reachabilityFence(pair);
    }
  }

  /** {@code bind(2)}; {@code address} holds a sockaddr of {@code addressBytes}. */
  public static int bind(int fd, MemorySegment address, int addressBytes) {
    return callWithAddress(BIND, fd, address, addressBytes);
  }

  /** {@code listen(2)}; the kernel cuts {@code backlog} to {@code net.core.somaxconn}. */
  public static int listen(int fd, int backlog) {
    return callInt(LISTEN, fd, backlog, 0, 0, 0);
  }

  /** {@code connect(2)}. */
  public static int connect(int fd, MemorySegment address, int addressBytes) {
    return callWithAddress(CONNECT, fd, address, addressBytes);
  }

  /** {@code setsockopt(2)} for an {@code int} option. */
  public static int setsockopt(int fd, int level, int option, int value) {
    try (Arena arena = Arena.ofConfined()) {
      return setsockopt(fd, level, option, arena.allocateFrom(JAVA_INT, value));
    }
  }

  /** {@code setsockopt(2)} for a structure such as {@code linger}; its length is the segment's. */
  public static int setsockopt(int fd, int level, int option, MemorySegment value) {
    try {
      return callInt(SETSOCKOPT, fd, level, option, value.address(), value.byteSize());
    } finally {
      Reference.reachabilityFence(value);
    }
  }

  /** {@code getsockopt(2)} for an {@code int} option that is never negative; returns its value. */
  public static int getsockoptInt(int fd, int level, int option) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(JAVA_INT);
      MemorySegment bytes = arena.allocateFrom(JAVA_INT, Integer.BYTES);
      int result = callInt(GETSOCKOPT, fd, level, option, value.address(), bytes.address());
      return result < 0 ? result : value.get(JAVA_INT, 0);
    }
  }

  /** {@code getsockopt(2)} for a structure: fills {@code value}, returns how many bytes of it. */
  public static int getsockopt(int fd, int level, int option, MemorySegment value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocateFrom(JAVA_INT, requireInt(value.byteSize()));
      int result = callInt(GETSOCKOPT, fd, level, option, value.address(), bytes.address());
      return result < 0 ? result : bytes.get(JAVA_INT, 0);
    } finally {
      Reference.reachabilityFence(value);
    }
  }

  /** {@code getsockname(2)}: fills {@code address}, returns the address's length. */
  public static int getsockname(int fd, MemorySegment address) {
    return name(GETSOCKNAME, fd, address);
  }

  /** {@code getpeername(2)}: fills {@code address}, returns the address's length. */
  public static int getpeername(int fd, MemorySegment address) {
    return name(GETPEERNAME, fd, address);
  }

  /** {@code shutdown(2)}. */
  public static int shutdown(int fd, int how) {
    return callInt(SHUTDOWN, fd, how, 0, 0, 0);
  }

  // Descriptors.

  /**
   * {@code close(2)}. Never retry it: on Linux the descriptor is gone even when the call reports
   * {@code EINTR}, and a second close could hit a descriptor that another thread has just been
   * given.
   */
  public static int close(int fd) {
    return callInt(CLOSE, fd, 0, 0, 0, 0);
  }

  /** {@code eventfd(2)}: returns a descriptor. */
  public static int eventfd(int initial, int flags) {
    return callInt(EVENTFD, initial, flags, 0, 0, 0);
  }

  /** {@code read(2)} into {@code buffer}; returns the bytes read, 0 at the end. */
  public static int read(int fd, MemorySegment buffer) {
    try {
      return read(fd, buffer.address(), requireInt(buffer.byteSize()));
    } finally {
      Reference.reachabilityFence(buffer);
    }
  }

  /** {@code read(2)} to a raw address. */
  public static int read(int fd, long address, int bytes) {
    return (int) callLong(READ, fd, address, bytes, 0, 0, 0);
  }

  /** {@code write(2)} from {@code buffer}; returns the bytes written. */
  public static int write(int fd, MemorySegment buffer) {
    try {
      return write(fd, buffer.address(), requireInt(buffer.byteSize()));
    } finally {
      Reference.reachabilityFence(buffer);
    }
  }

  /** {@code write(2)} from a raw address. */
  public static int write(int fd, long address, int bytes) {
    return (int) callLong(WRITE, fd, address, bytes, 0, 0, 0);
  }

  /** {@code fcntl(F_DUPFD_CLOEXEC)}: returns a second descriptor of the same open file. */
  public static int duplicate(int fd) {
    return callInt(FCNTL, fd, Fcntl.F_DUPFD_CLOEXEC, 0, 0, 0);
  }

  /** {@code ftruncate(2)}; blocks while the file system works. */
  public static int ftruncate(int fd, long bytes) {
    return callInt(FTRUNCATE, fd, bytes, 0, 0, 0);
  }

  /** {@code open(2)} of something that exists; blocks while the file system works. */
  public static int open(String path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      return callInt(OPEN, arena.allocateFrom(path).address(), flags, 0, 0, 0);
    }
  }

  /** {@code flock(2)}: blocks unless told not to. */
  public static int flock(int fd, int operation) {
    return callInt(FLOCK, fd, operation, 0, 0, 0);
  }

  // Memory.

  /**
   * {@code mmap(2)}: maps {@code bytes} and hands the mapping over to {@code arena}, which unmaps
   * it when it closes.
   *
   * @throws RingSetupException the kernel refused
   */
  @SuppressWarnings("restricted")
  public static MemorySegment mmap(
      long bytes, int protection, int flags, int fd, long offset, Arena arena) {
    long address = callLong(MMAP, 0, bytes, protection, flags, fd, offset);
    if (address < 0) {
      throw mmapRefused((int) -address, bytes, flags, fd);
    }
    return MemorySegment.ofAddress(address)
        .reinterpret(bytes, arena, mapped -> munmap(mapped.address(), bytes));
  }

  private static RingSetupException mmapRefused(int errno, long bytes, int flags, int fd) {
    return new RingSetupException(
        "mmap",
        errno,
        Errno.name(errno),
        "bytes=%d, flags=0x%x, fd=%d".formatted(bytes, flags, fd),
        errno == Errno.ENOMEM || errno == Errno.EAGAIN
            ? "out of memory or of address space"
            : Errno.describe(errno),
        "ulimit -v, ulimit -l, the container's memory limit, and sysctl vm.max_map_count");
  }

  private static void munmap(long address, long bytes) {
    int result = callInt(MUNMAP, address, bytes, 0, 0, 0);
    if (result < 0) {
      throw new IllegalStateException(
          "munmap failed: " + Errno.name(-result) + ", address=" + address);
    }
  }

  /** {@code sysconf(_SC_PAGESIZE)}: bytes per page. */
  public static int pageBytes() {
    return (int) callLong(SYSCONF, Posix.SC_PAGESIZE, 0, 0, 0, 0, 0);
  }

  // Threads and CPUs.

  /** {@code gettid(2)}: the kernel's id of the calling thread. */
  public static int gettid() {
    return callInt(GETTID, 0, 0, 0, 0, 0);
  }

  /** {@code sched_setaffinity(2)}: the calling thread runs on {@code cpus} only. */
  public static int schedSetaffinityCurrentThread(int... cpus) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mask = arena.allocate(CPU_MASK_BYTES, Long.BYTES);
      for (int cpu : cpus) {
        if (cpu < 0 || cpu >= CPUS_MAX) {
          return -Errno.EINVAL;
        }
        int at = cpu / Byte.SIZE;
        mask.set(JAVA_BYTE, at, (byte) (mask.get(JAVA_BYTE, at) | 1 << cpu % Byte.SIZE));
      }
      return affinity(SCHED_SETAFFINITY, mask);
    }
  }

  /**
   * {@code sched_getaffinity(2)}: the CPUs the calling thread may run on, ascending; empty if the
   * kernel refused.
   */
  public static int[] schedGetaffinity() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mask = arena.allocate(CPU_MASK_BYTES, Long.BYTES);
      if (affinity(SCHED_GETAFFINITY, mask) < 0) {
        return new int[0];
      }
      return IntStream.range(0, CPUS_MAX)
          .filter(cpu -> (mask.get(JAVA_BYTE, cpu / Byte.SIZE) >> cpu % Byte.SIZE & 1) != 0)
          .toArray();
    }
  }

  private static int affinity(MemorySegment function, MemorySegment mask) {
    return callInt(function, 0, mask.byteSize(), mask.address(), 0, 0);
  }

  // Limits and the kernel's name.

  /** {@code getrlimit(2)}. */
  public static ResourceLimit getrlimit(int resource) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment limit = arena.allocate(Layouts.RLIMIT_BYTES, Long.BYTES);
      int result = callInt(GETRLIMIT, resource, limit.address(), 0, 0, 0);
      if (result < 0) {
        throw new IllegalArgumentException(
            "getrlimit(" + resource + ") failed: " + Errno.name(-result));
      }
      return new ResourceLimit(
          limit.get(JAVA_LONG, Layouts.RLIMIT_SOFT), limit.get(JAVA_LONG, Layouts.RLIMIT_HARD));
    }
  }

  /** {@code setrlimit(2)}: {@code EPERM} when {@code hard} would be raised without the right to. */
  public static int setrlimit(int resource, ResourceLimit limit) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(Layouts.RLIMIT_BYTES, Long.BYTES);
      memory.set(JAVA_LONG, Layouts.RLIMIT_SOFT, limit.soft());
      memory.set(JAVA_LONG, Layouts.RLIMIT_HARD, limit.hard());
      return callInt(SETRLIMIT, resource, memory.address(), 0, 0, 0);
    }
  }

  /** {@code uname(2)}: the kernel's release, such as {@code 6.1.0-18-amd64}. */
  public static String unameRelease() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocate(Layouts.UTSNAME_BYTES);
      int result = callInt(UNAME, name.address(), 0, 0, 0, 0);
      return result < 0 ? "" : name.getString(Layouts.UTSNAME_RELEASE);
    }
  }

  private static int callInt(
      MemorySegment function, long arg0, long arg1, long arg2, long arg3, long arg4) {
    MemorySegment capture = Downcalls.capture();
    int value = (int) Downcalls.call(function, capture, arg0, arg1, arg2, arg3, arg4, 0, 0);
    return Downcalls.result(value, capture);
  }

  private static long callLong(
      MemorySegment function, long arg0, long arg1, long arg2, long arg3, long arg4, long arg5) {
    MemorySegment capture = Downcalls.capture();
    long value = Downcalls.call(function, capture, arg0, arg1, arg2, arg3, arg4, arg5, 0);
    return Downcalls.result(value, capture);
  }

  private static int callWithAddress(
      MemorySegment function, int fd, MemorySegment address, int addressBytes) {
    try {
      return callInt(function, fd, address.address(), addressBytes, 0, 0);
    } finally {
      Reference.reachabilityFence(address);
    }
  }

  private static int name(MemorySegment function, int fd, MemorySegment address) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocateFrom(JAVA_INT, requireInt(address.byteSize()));
      int result = callInt(function, fd, address.address(), bytes.address(), 0, 0);
      return result < 0 ? result : bytes.get(JAVA_INT, 0);
    } finally {
      Reference.reachabilityFence(address);
    }
  }

  private static int requireInt(long bytes) {
    if (bytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("bytes=" + bytes + " exceeds " + Integer.MAX_VALUE);
    }
    return (int) bytes;
  }
}
