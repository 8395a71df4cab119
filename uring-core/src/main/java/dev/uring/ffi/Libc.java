package dev.uring.ffi;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.uring.abi.Errno;
import dev.uring.abi.Layouts;
import dev.uring.abi.Posix;
import dev.uring.abi.Socket;
import dev.uring.base.RingSetupException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
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

  private static final MethodHandle SOCKET = bind("socket", JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle SOCKETPAIR =
      bind("socketpair", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle BIND = bind("bind", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle LISTEN = bind("listen", JAVA_INT, JAVA_INT);
  private static final MethodHandle CONNECT = bind("connect", JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle SETSOCKOPT =
      bind("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle GETSOCKOPT =
      bind("getsockopt", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
  private static final MethodHandle GETSOCKNAME = bind("getsockname", JAVA_INT, ADDRESS, ADDRESS);
  private static final MethodHandle GETPEERNAME = bind("getpeername", JAVA_INT, ADDRESS, ADDRESS);
  private static final MethodHandle SHUTDOWN = bind("shutdown", JAVA_INT, JAVA_INT);
  private static final MethodHandle CLOSE = bind("close", JAVA_INT);
  private static final MethodHandle EVENTFD = bind("eventfd", JAVA_INT, JAVA_INT);
  private static final MethodHandle GETRLIMIT = bind("getrlimit", JAVA_INT, ADDRESS);
  private static final MethodHandle SETRLIMIT = bind("setrlimit", JAVA_INT, ADDRESS);
  private static final MethodHandle SCHED_SETAFFINITY =
      bind("sched_setaffinity", JAVA_INT, JAVA_LONG, ADDRESS);
  private static final MethodHandle SCHED_GETAFFINITY =
      bind("sched_getaffinity", JAVA_INT, JAVA_LONG, ADDRESS);
  private static final MethodHandle GETTID = bind("gettid");
  private static final MethodHandle UNAME = bind("uname", ADDRESS);
  private static final MethodHandle MUNMAP = bind("munmap", JAVA_LONG, JAVA_LONG);
  private static final MethodHandle READ =
      Downcalls.bind("read", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle WRITE =
      Downcalls.bind("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle SYSCONF =
      Downcalls.bind("sysconf", FunctionDescriptor.of(JAVA_LONG, JAVA_INT));
  private static final MethodHandle MMAP = Downcalls.bind(
      "mmap",
      FunctionDescriptor.of(
          JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));

  // The kernel refuses a mask shorter than its own CPU count; 8192 is the largest NR_CPUS it can be
  // built with.
  private static final int CPUS_MAX = 8192;
  private static final int CPU_MASK_BYTES = CPUS_MAX / Byte.SIZE;

  private Libc() {}

  // Sockets.

  /** {@code socket(2)}: returns a descriptor. */
  public static int socket(int domain, int type, int protocol) {
    MemorySegment capture = Downcalls.capture();
    try {
      return Downcalls.result((int) SOCKET.invokeExact(capture, domain, type, protocol), capture);
    } catch (Throwable thrown) {
      throw Downcalls.unexpected(thrown);
    }
  }

  /** {@code socketpair(2)} of AF_UNIX: fills {@code pair} with two connected descriptors. */
  public static int socketpair(int type, MemorySegment pair) {
    MemorySegment capture = Downcalls.capture();
    try {
      return Downcalls.result(
          (int) SOCKETPAIR.invokeExact(capture, Socket.AF_UNIX, type, 0, pair), capture);
    } catch (Throwable thrown) {
      throw Downcalls.unexpected(thrown);
    }
  }

  /** {@code bind(2)}; {@code address} holds a sockaddr of {@code addressBytes}. */
  public static int bind(int fd, MemorySegment address, int addressBytes) {
    return call(BIND, fd, address, addressBytes);
  }

  /** {@code listen(2)}; the kernel cuts {@code backlog} to {@code net.core.somaxconn}. */
  public static int listen(int fd, int backlog) {
    return call(LISTEN, fd, backlog);
  }

  /** {@code connect(2)}. */
  public static int connect(int fd, MemorySegment address, int addressBytes) {
    return call(CONNECT, fd, address, addressBytes);
  }

  /** {@code setsockopt(2)} for an {@code int} option. */
  public static int setsockopt(int fd, int level, int option, int value) {
    try (Arena arena = Arena.ofConfined()) {
      return setsockopt(fd, level, option, arena.allocateFrom(JAVA_INT, value));
    }
  }

  /** {@code setsockopt(2)} for a structure such as {@code linger}; its length is the segment's. */
  public static int setsockopt(int fd, int level, int option, MemorySegment value) {
    MemorySegment capture = Downcalls.capture();
    try {
      int returned =
          (int) SETSOCKOPT.invokeExact(capture, fd, level, option, value, (int) value.byteSize());
      return Downcalls.result(returned, capture);
    } catch (Throwable thrown) {
      throw Downcalls.unexpected(thrown);
    }
  }

  /** {@code getsockopt(2)} for an {@code int} option that is never negative; returns its value. */
  public static int getsockoptInt(int fd, int level, int option) {
    MemorySegment capture = Downcalls.capture();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(JAVA_INT);
      MemorySegment bytes = arena.allocateFrom(JAVA_INT, Integer.BYTES);
      int returned = (int) GETSOCKOPT.invokeExact(capture, fd, level, option, value, bytes);
      return returned < 0 ? Downcalls.result(returned, capture) : value.get(JAVA_INT, 0);
    } catch (Throwable thrown) {
      throw Downcalls.unexpected(thrown);
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
    return call(SHUTDOWN, fd, how);
  }

  // Descriptors.

  /**
   * {@code close(2)}. Never retry it: on Linux the descriptor is gone even when the call reports
   * {@code EINTR}, and a second close could hit a descriptor that another thread has just been
   * given.
   */
  public static int close(int fd) {
    MemorySegment capture = Downcalls.capture();
    try {
      return Downcalls.result((int) CLOSE.invokeExact(capture, fd), capture);
    } catch (Throwable thrown) {
      throw Downcalls.unexpected(thrown);
    }
  }

  /** {@code eventfd(2)}: returns a descriptor. */
  public static int eventfd(int initial, int flags) {
    return call(EVENTFD, initial, flags);
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
    MemorySegment capture = Downcalls.capture();
    try {
      return (int)
          Downcalls.result((long) READ.invokeExact(capture, fd, address, (long) bytes), capture);
    } catch (Throwable thrown) {
      throw Downcalls.unexpected(thrown);
    }
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
    MemorySegment capture = Downcalls.capture();
    try {
      return (int)
          Downcalls.result((long) WRITE.invokeExact(capture, fd, address, (long) bytes), capture);
    } catch (Throwable thrown) {
      throw Downcalls.unexpected(thrown);
    }
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
    MemorySegment capture = Downcalls.capture();
    long address;
    try {
      address = (long) MMAP.invokeExact(capture, 0L, bytes, protection, flags, fd, offset);
    } catch (Throwable thrown) {
      throw Downcalls.unexpected(thrown);
    }
    if (address == -1) {
      throw mmapRefused((int) -Downcalls.result(address, capture), bytes, flags, fd);
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
    MemorySegment capture = Downcalls.capture();
    int result;
    try {
      result = Downcalls.result((int) MUNMAP.invokeExact(capture, address, bytes), capture);
    } catch (Throwable thrown) {
      throw Downcalls.unexpected(thrown);
    }
    if (result < 0) {
      throw new IllegalStateException(
          "munmap failed: " + Errno.name(-result) + ", address=" + address);
    }
  }

  /** {@code sysconf(_SC_PAGESIZE)}: bytes per page. */
  public static int pageBytes() {
    MemorySegment capture = Downcalls.capture();
    try {
      return (int) (long) SYSCONF.invokeExact(capture, Posix.SC_PAGESIZE);
    } catch (Throwable thrown) {
      throw Downcalls.unexpected(thrown);
    }
  }

  // Threads and CPUs.

  /** {@code gettid(2)}: the kernel's id of the calling thread. */
  public static int gettid() {
    MemorySegment capture = Downcalls.capture();
    try {
      return (int) GETTID.invokeExact(capture);
    } catch (Throwable thrown) {
      throw Downcalls.unexpected(thrown);
    }
  }

  /** {@code sched_setaffinity(2)}: the calling thread runs on {@code cpu} only. */
  public static int schedSetaffinityCurrentThread(int cpu) {
    if (cpu < 0 || cpu >= CPUS_MAX) {
      return -Errno.EINVAL;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mask = arena.allocate(CPU_MASK_BYTES, Long.BYTES);
      mask.set(JAVA_BYTE, cpu / Byte.SIZE, (byte) (1 << cpu % Byte.SIZE));
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

  private static int affinity(MethodHandle function, MemorySegment mask) {
    MemorySegment capture = Downcalls.capture();
    try {
      return Downcalls.result(
          (int) function.invokeExact(capture, 0, mask.byteSize(), mask), capture);
    } catch (Throwable thrown) {
      throw Downcalls.unexpected(thrown);
    }
  }

  // Limits and the kernel's name.

  /** {@code getrlimit(2)}. */
  public static ResourceLimit getrlimit(int resource) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment limit = arena.allocate(Layouts.RLIMIT_BYTES, Long.BYTES);
      int result = call(GETRLIMIT, resource, limit);
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
      return call(SETRLIMIT, resource, memory);
    }
  }

  /** {@code uname(2)}: the kernel's release, such as {@code 6.1.0-18-amd64}. */
  public static String unameRelease() {
    MemorySegment capture = Downcalls.capture();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocate(Layouts.UTSNAME_BYTES);
      int returned = (int) UNAME.invokeExact(capture, name);
      return returned < 0 ? "" : name.getString(Layouts.UTSNAME_RELEASE);
    } catch (Throwable thrown) {
      throw Downcalls.unexpected(thrown);
    }
  }

  // Shapes shared by several functions. The handle is a constant wherever the compiler inlines
  // these.

  private static MethodHandle bind(String name, MemoryLayout... parameters) {
    return Downcalls.bind(name, FunctionDescriptor.of(JAVA_INT, parameters));
  }

  private static int call(MethodHandle function, int first, int second) {
    MemorySegment capture = Downcalls.capture();
    try {
      return Downcalls.result((int) function.invokeExact(capture, first, second), capture);
    } catch (Throwable thrown) {
      throw Downcalls.unexpected(thrown);
    }
  }

  private static int call(MethodHandle function, int first, MemorySegment memory) {
    MemorySegment capture = Downcalls.capture();
    try {
      return Downcalls.result((int) function.invokeExact(capture, first, memory), capture);
    } catch (Throwable thrown) {
      throw Downcalls.unexpected(thrown);
    }
  }

  private static int call(MethodHandle function, int first, MemorySegment memory, int bytes) {
    MemorySegment capture = Downcalls.capture();
    try {
      return Downcalls.result((int) function.invokeExact(capture, first, memory, bytes), capture);
    } catch (Throwable thrown) {
      throw Downcalls.unexpected(thrown);
    }
  }

  private static int name(MethodHandle function, int fd, MemorySegment address) {
    MemorySegment capture = Downcalls.capture();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocateFrom(JAVA_INT, requireInt(address.byteSize()));
      int returned = (int) function.invokeExact(capture, fd, address, bytes);
      return returned < 0 ? Downcalls.result(returned, capture) : bytes.get(JAVA_INT, 0);
    } catch (Throwable thrown) {
      throw Downcalls.unexpected(thrown);
    }
  }

  private static int requireInt(long bytes) {
    if (bytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("bytes=" + bytes + " exceeds " + Integer.MAX_VALUE);
    }
    return (int) bytes;
  }
}
