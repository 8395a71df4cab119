package dev.uring.ffi;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.uring.abi.Errno;
import dev.uring.abi.Fcntl;
import dev.uring.abi.Layouts;
import dev.uring.abi.Process;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The C library's calls for child processes.
 *
 * <p>Conventions as in {@link Libc}; a process is known by its number until it has a descriptor.
 * {@link #spawn} and {@link #open} block, in the kernel and on disks.
 *
 * <p><i>Rejected:</i> {@code fork(2)} and {@code exec(2)}, between which a child of a program with
 * many threads may do next to nothing, and certainly not run a virtual machine.
 */
public final class ProcessCalls {
  private static final MemorySegment SPAWN = Downcalls.find("posix_spawnp");
  private static final MemorySegment ACTIONS_INIT = Downcalls.find("posix_spawn_file_actions_init");
  private static final MemorySegment ACTIONS_DESTROY =
      Downcalls.find("posix_spawn_file_actions_destroy");
  private static final MemorySegment ADD_DUP2 = Downcalls.find("posix_spawn_file_actions_adddup2");
  private static final MemorySegment ADD_CHDIR =
      Downcalls.find("posix_spawn_file_actions_addchdir_np");

  // Since glibc 2.34; without it the child gets what is not marked close-on-exec: nothing of ours.
  private static final MemorySegment ADD_CLOSEFROM =
      Downcalls.findOrNull("posix_spawn_file_actions_addclosefrom_np");
  private static final MemorySegment ATTR_INIT = Downcalls.find("posix_spawnattr_init");
  private static final MemorySegment ATTR_DESTROY = Downcalls.find("posix_spawnattr_destroy");
  private static final MemorySegment ATTR_FLAGS = Downcalls.find("posix_spawnattr_setflags");
  private static final MemorySegment ATTR_DEFAULTS =
      Downcalls.find("posix_spawnattr_setsigdefault");
  private static final MemorySegment ATTR_MASK = Downcalls.find("posix_spawnattr_setsigmask");
  private static final MemorySegment PIPE2 = Downcalls.find("pipe2");
  private static final MemorySegment OPEN = Downcalls.find("open");
  private static final MemorySegment WAITID = Downcalls.find("waitid");
  private static final MemorySegment KILL = Downcalls.find("kill");
  private static final MemorySegment SYSCALL = Downcalls.find("syscall");

  // Both are opaque and have room to grow: 80 and 336 bytes in glibc 2.41.
  private static final int OPAQUE_BYTES = 1024;
  private static final int SIGSET_BYTES = 128;

  private static final int STANDARD_STREAMS = 3;

  private ProcessCalls() {}

  /**
   * {@code posix_spawnp(3)}: starts a program with default signals, none blocked, and no descriptor
   * but its standard streams.
   *
   * @param arguments the program, searched for in PATH unless it has a slash, and its arguments
   * @param environment each {@code NAME=value}
   * @param directory its working directory, or null for this process's
   * @param streams descriptors for its standard input, output and error, or -1 for this process's
   * @return the number of the process, or minus the error number
   */
  public static int spawn(
      List<String> arguments, List<String> environment, String directory, int[] streams) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment actions = arena.allocate(OPAQUE_BYTES, Long.BYTES);
      MemorySegment attributes = arena.allocate(OPAQUE_BYTES, Long.BYTES);
      int refused = call(ACTIONS_INIT, actions.address(), 0, 0);
      if (refused != 0) {
        return -refused;
      }
      try {
        refused = call(ATTR_INIT, attributes.address(), 0, 0);
        if (refused != 0) {
          return -refused;
        }
        try {
          refused = describe(actions, attributes, directory, streams, arena);
          if (refused != 0) {
            return -refused;
          }
          return spawn(arguments, environment, actions, attributes, arena);
        } finally {
          call(ATTR_DESTROY, attributes.address(), 0, 0);
        }
      } finally {
        call(ACTIONS_DESTROY, actions.address(), 0, 0);
      }
    }
  }

  private static int spawn(
      List<String> arguments,
      List<String> environment,
      MemorySegment actions,
      MemorySegment attributes,
      Arena arena) {
    MemorySegment pid = arena.allocate(JAVA_INT);
    MemorySegment argv = strings(arguments, arena);
    int refused = (int) Downcalls.call(
        SPAWN,
        Downcalls.capture(),
        pid.address(),
        argv.get(ADDRESS, 0).address(),
        actions.address(),
        attributes.address(),
        argv.address(),
        strings(environment, arena).address(),
        0);
    return refused != 0 ? -refused : pid.get(JAVA_INT, 0);
  }

  // Returns 0 or a positive error number, as these functions do.
  private static int describe(
      MemorySegment actions,
      MemorySegment attributes,
      String directory,
      int[] streams,
      Arena arena) {
    int refused = 0;
    for (int stream = 0; stream < STANDARD_STREAMS && refused == 0; stream++) {
      if (streams[stream] >= 0) {
        refused = call(ADD_DUP2, actions.address(), streams[stream], stream);
      }
    }
    if (refused == 0 && directory != null) {
      refused = call(ADD_CHDIR, actions.address(), arena.allocateFrom(directory).address(), 0);
    }
    if (refused == 0 && ADD_CLOSEFROM != null) {
      refused = call(ADD_CLOSEFROM, actions.address(), STANDARD_STREAMS, 0);
    }
    MemorySegment none = arena.allocate(SIGSET_BYTES, Long.BYTES);
    MemorySegment all = arena.allocate(SIGSET_BYTES, Long.BYTES).fill((byte) -1);
    if (refused == 0) {
      refused = call(ATTR_MASK, attributes.address(), none.address(), 0);
    }
    if (refused == 0) {
      refused = call(ATTR_DEFAULTS, attributes.address(), all.address(), 0);
    }
    return refused != 0
        ? refused
        : call(
            ATTR_FLAGS,
            attributes.address(),
            Process.POSIX_SPAWN_SETSIGDEF | Process.POSIX_SPAWN_SETSIGMASK,
            0);
  }

  /**
   * {@code pipe2(2)}, closed on exec: fills {@code pair} with the end to read and that to write.
   */
  public static int pipe(int[] pair) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ends = arena.allocate(2 * JAVA_INT.byteSize(), Integer.BYTES);
      int result = checked(PIPE2, ends.address(), Fcntl.O_CLOEXEC, 0, 0, 0);
      pair[0] = ends.get(JAVA_INT, 0);
      pair[1] = ends.get(JAVA_INT, Integer.BYTES);
      return result;
    }
  }

  /** {@code open(2)}, closed on exec: returns a descriptor. */
  public static int open(String path, int flags, int mode) {
    try (Arena arena = Arena.ofConfined()) {
      long text = arena.allocateFrom(path).address();
      return checked(OPEN, text, flags | Fcntl.O_CLOEXEC, mode, 0, 0);
    }
  }

  /** {@code pidfd_open(2)}: returns a descriptor of a child that nobody has waited for. */
  public static int pidfdOpen(int pid) {
    return checked(SYSCALL, Process.SYS_PIDFD_OPEN, pid, 0, 0, 0);
  }

  /** {@code pidfd_send_signal(2)}. */
  public static int pidfdSendSignal(int pidfd, int signal) {
    return checked(SYSCALL, Process.SYS_PIDFD_SEND_SIGNAL, pidfd, signal, 0, 0);
  }

  /** {@code kill(2)}; for a child that nobody has waited for, or the number is somebody else's. */
  public static int kill(int pid, int signal) {
    return checked(KILL, pid, signal, 0, 0, 0);
  }

  /**
   * {@code waitid(2)} for a child's end.
   *
   * @param idType P_PID or P_PIDFD
   * @param id the number or the descriptor
   * @param options WNOHANG, or 0 to wait
   * @param status is given the code or signal, and then how it ended, CLD_*
   * @return 0, or minus the error number; EAGAIN when it has not ended
   */
  public static int waitForEnd(int idType, int id, int options, int[] status) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(Layouts.SIGINFO_BYTES, Long.BYTES);
      int result;
      do {
        result = checked(WAITID, idType, id, info.address(), Process.WEXITED | options, 0);
      } while (result == -Errno.EINTR);
      if (result == 0 && info.get(JAVA_INT, Layouts.SIGINFO_PID) == 0) {
        return -Errno.EAGAIN;
      }
      status[0] = info.get(JAVA_INT, Layouts.SIGINFO_STATUS);
      status[1] = info.get(JAVA_INT, Layouts.SIGINFO_CODE);
      return result;
    }
  }

  private static MemorySegment strings(List<String> texts, Arena arena) {
    MemorySegment pointers = arena.allocate(ADDRESS, texts.size() + 1L);
    for (int i = 0; i < texts.size(); i++) {
      pointers.setAtIndex(ADDRESS, i, arena.allocateFrom(texts.get(i)));
    }
    return pointers;
  }

  // For functions that return their error number.
  private static int call(MemorySegment function, long arg0, long arg1, long arg2) {
    return (int) Downcalls.call(function, Downcalls.capture(), arg0, arg1, arg2, 0, 0, 0, 0);
  }

  private static int checked(
      MemorySegment function, long arg0, long arg1, long arg2, long arg3, long arg4) {
    MemorySegment capture = Downcalls.capture();
    int value = (int) Downcalls.call(function, capture, arg0, arg1, arg2, arg3, arg4, 0, 0);
    return Downcalls.result(value, capture);
  }
}
