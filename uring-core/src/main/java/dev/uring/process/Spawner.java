package dev.uring.process;

import dev.uring.abi.Errno;
import dev.uring.abi.Fcntl;
import dev.uring.abi.Process;
import dev.uring.base.ProcessException;
import dev.uring.ffi.Libc;
import dev.uring.ffi.ProcessCalls;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Starts a program: opens what its streams are, spawns, and keeps this side's ends.
 *
 * <p><i>Thread:</i> one that may block; each object is used once.
 */
final class Spawner {
  static final int NONE = -1;
  private static final int PERMISSIONS = 0666;

  private final Command command;

  // The child's ends, and ours, of standard input, output and error.
  private final int[] theirs = {NONE, NONE, NONE};
  private final int[] ours = {NONE, NONE, NONE};

  private Spawner(Command command) {
    this.command = command;
  }

  /**
   * What a start has brought, all of it owned by who asked.
   *
   * @param pid the number
   * @param pidfd the descriptor
   * @param ends of pipes, for standard input, output and error, or {@link #NONE}
   */
  record Spawned(int pid, int pidfd, int[] ends) {
    /** Ends the process and lets go of everything, blocking. */
    void abandon() {
      ProcessCalls.pidfdSendSignal(pidfd, Signal.KILL.number());
      ProcessCalls.waitForEnd(Process.P_PIDFD, pidfd, 0, new int[2]);
      Libc.close(pidfd);
      closeAll(ends);
    }
  }

  /** Starts the program, or throws {@link ProcessException} and leaves nothing open. */
  static Spawned spawn(Command command) {
    return new Spawner(command).spawn();
  }

  private Spawned spawn() {
    boolean isStarted = false;
    try {
      openStreams();
      int pid = ProcessCalls.spawn(
          command.arguments(), command.environment(), command.workingDirectory(), theirs);
      if (pid < 0) {
        throw refused(-pid);
      }
      int pidfd = ProcessCalls.pidfdOpen(pid);
      if (pidfd < 0) {
        // Not waited for yet, so the number is still its own.
        ProcessCalls.kill(pid, Signal.KILL.number());
        ProcessCalls.waitForEnd(Process.P_PID, pid, 0, new int[2]);
        throw refused(-pidfd);
      }
      isStarted = true;
      return new Spawned(pid, pidfd, ours);
    } finally {
      // The child has copies of its own.
      closeAll(theirs);
      if (!isStarted) {
        closeAll(ours);
      }
    }
  }

  private void openStreams() {
    open(0, command.stdin());
    open(1, command.stdout());
    open(2, command.stderr());
  }

  private void open(int stream, Stdio kind) {
    boolean isInput = stream == 0;
    if (kind == Stdio.PIPE) {
      int[] pair = new int[2];
      int result = ProcessCalls.pipe(pair);
      if (result < 0) {
        throw refused(-result);
      }
      theirs[stream] = pair[isInput ? 0 : 1];
      ours[stream] = pair[isInput ? 1 : 0];
    } else if (kind == Stdio.NULL) {
      theirs[stream] = openFile("/dev/null", isInput ? Fcntl.O_RDONLY : Fcntl.O_WRONLY);
    } else if (kind == Stdio.TO_STDOUT) {
      // 1 where output is this process's own.
      int output = theirs[1] == NONE ? 1 : theirs[1];
      int twin = Libc.duplicate(output);
      if (twin < 0) {
        throw refused(-twin);
      }
      theirs[stream] = twin;
    } else if (kind instanceof Stdio.OfFile file) {
      theirs[stream] = openFile(file.path(), flags(file.mode()));
    }
  }

  private int openFile(String path, int flags) {
    int descriptor = ProcessCalls.open(path, flags, PERMISSIONS);
    if (descriptor < 0) {
      throw new ProcessException(
          "cannot start "
              + command.program()
              + ": its stream's file "
              + path
              + " cannot be opened: "
              + Errno.text(-descriptor)
              + ".\n  Check the path and the rights of this process's user.",
          command.program(),
          -descriptor);
    }
    return descriptor;
  }

  private static int flags(Stdio.OfFile.Mode mode) {
    return switch (mode) {
      case READ -> Fcntl.O_RDONLY;
      case REPLACE -> Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_TRUNC;
      case APPEND -> Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_APPEND;
    };
  }

  private ProcessException refused(int errno) {
    return new ProcessException(
        "cannot start " + command.program() + ": " + Errno.text(errno) + hint(errno),
        command.program(),
        errno);
  }

  private String hint(int errno) {
    String directory = command.workingDirectory();
    // The child goes there first, and its errno does not say which of the two it was about.
    if (directory != null && !Files.isDirectory(Path.of(directory))) {
      return ".\n  Likely cause: its working directory " + directory + " is not a directory.";
    }
    return switch (errno) {
      case Errno.ENOENT ->
        command.program().indexOf('/') >= 0
            ? ".\n  Likely cause: there is no such file, or the interpreter in its first line is"
                + " missing. Check the path."
            : ".\n  Likely cause: no directory of PATH has it. Install it, or give its path.";
      case Errno.EACCES ->
        ".\n  Likely cause: the file is not executable, or lies on a file system mounted noexec.";
      case Errno.EMFILE, Errno.ENFILE ->
        ".\n  Likely cause: no descriptor is left. Raise the limit (ulimit -n).";
      case Errno.EAGAIN, Errno.ENOMEM ->
        ".\n  Likely cause: the user's limit of processes (ulimit -u, pids.max) is reached, or"
            + " memory is short.";
      case Errno.E2BIG ->
        ".\n  Likely cause: arguments and environment together exceed the kernel's limit (getconf"
            + " ARG_MAX). Pass data through standard input.";
      case Errno.ENOEXEC -> ".\n  Likely cause: it is not a program for this machine.";
      default -> ".";
    };
  }

  private static void closeAll(int[] descriptors) {
    for (int i = 0; i < descriptors.length; i++) {
      if (descriptors[i] != NONE) {
        Libc.close(descriptors[i]);
        descriptors[i] = NONE;
      }
    }
  }
}
