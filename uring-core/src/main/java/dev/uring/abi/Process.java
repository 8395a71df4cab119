package dev.uring.abi;

/**
 * Numbers of {@code <spawn.h>}, {@code <sys/wait.h>}, {@code <linux/pidfd.h>} and of the system
 * calls for processes, under the names the headers use. The same on x86_64 and aarch64.
 */
public final class Process {

  private Process() {}

  /** System call: sends a signal to the process of a descriptor; since 5.1. */
  public static final int SYS_PIDFD_SEND_SIGNAL = 424;

  /** System call: a descriptor of a process; since 5.3. */
  public static final int SYS_PIDFD_OPEN = 434;

  /** posix_spawn: the child's signals have their default handling. */
  public static final int POSIX_SPAWN_SETSIGDEF = 0x04;

  /** posix_spawn: the child blocks the signals of the mask. */
  public static final int POSIX_SPAWN_SETSIGMASK = 0x08;

  /** waitid: the id is a process. */
  public static final int P_PID = 1;

  /** waitid: the id is a descriptor of a process; since 5.4. */
  public static final int P_PIDFD = 3;

  /** waitid: answers at once. */
  public static final int WNOHANG = 1;

  /** waitid: waits for the end. */
  public static final int WEXITED = 4;

  /** siginfo: the child ended by itself; the status is its code. */
  public static final int CLD_EXITED = 1;
}
