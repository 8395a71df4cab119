package dev.uring.process;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The signals of Linux, with the numbers of x86_64 and aarch64.
 *
 * <p>Any of them can be sent to a child process; {@link #whyNotObservable()} says which a program
 * on a virtual machine cannot observe with {@link Signals}.
 *
 * <h2>Source</h2>
 *
 * {@code signal(7)}.
 */
public enum Signal {
  /** The terminal is gone; for a server by custom: read the configuration again. */
  HUP(1, ""),
  /** Ctrl-C. */
  INT(2, ""),
  /** Ctrl-\. */
  QUIT(3, "the virtual machine prints its threads' stacks on it"),
  /** An instruction the processor does not know. */
  ILL(4, Reserved.TRAPS),
  /** A breakpoint. */
  TRAP(5, Reserved.TRAPS),
  /** The process gave itself up. */
  ABRT(6, "the process ends with it whatever a handler does"),
  /** Memory that is not behind its address. */
  BUS(7, Reserved.TRAPS),
  /** A division by zero. */
  FPE(8, Reserved.TRAPS),
  /** Ends a process at once. */
  KILL(9, Reserved.KERNEL),
  /** For programs. */
  USR1(10, ""),
  /** An address that is not the process's. */
  SEGV(11, Reserved.TRAPS),
  /** For programs. */
  USR2(12, "the virtual machine stops threads with it to sample their stacks"),
  /** Written to a pipe that nobody reads. */
  PIPE(13, "the virtual machine catches it, so that the write itself fails with EPIPE"),
  /** A timer of the process. */
  ALRM(14, ""),
  /** Asks a process to end. */
  TERM(15, ""),
  /** Unused. */
  STKFLT(16, ""),
  /** A child has stopped or ended. */
  CHLD(17, ""),
  /** Go on after a stop. */
  CONT(18, ""),
  /** Stops a process. */
  STOP(19, Reserved.KERNEL),
  /** Ctrl-Z. */
  TSTP(20, ""),
  /** Read from the terminal in the background. */
  TTIN(21, ""),
  /** Written to the terminal in the background. */
  TTOU(22, ""),
  /** Urgent data on a socket. */
  URG(23, ""),
  /** The limit of CPU time is reached. */
  XCPU(24, ""),
  /** The limit of a file's size is reached. */
  XFSZ(25, "the virtual machine catches it, so that the write itself fails with EFBIG"),
  /** A timer of the process's own time. */
  VTALRM(26, ""),
  /** A timer for profilers. */
  PROF(27, ""),
  /** The terminal has another size. */
  WINCH(28, ""),
  /** A descriptor is ready. */
  IO(29, ""),
  /** The power is failing. */
  PWR(30, ""),
  /** A system call that is not allowed. */
  SYS(31, "the virtual machine and seccomp use it for traps");

  private final int number;
  private final String reservedFor;

  Signal(int number, String reservedFor) {
    this.number = number;
    this.reservedFor = reservedFor;
  }

  /**
   * Its number.
   *
   * @return 1 to 31
   */
  public int number() {
    return number;
  }

  /**
   * Why a program cannot observe it, whatever virtual machine it runs on.
   *
   * @return the reason, or empty when it can be observed, unless this virtual machine has a use for
   *     it that {@link Signals#subscribe} then tells
   */
  public Optional<String> whyNotObservable() {
    return reservedFor.isEmpty() ? Optional.empty() : Optional.of(reservedFor);
  }

  /**
   * The signal of a name, as configuration files have it.
   *
   * @param name such as {@code HUP}, {@code SIGHUP} or {@code sighup}
   * @return the signal
   * @throws IllegalArgumentException there is none of that name; the message lists all
   */
  public static Signal of(String name) {
    String bare = name.toUpperCase(Locale.ROOT);
    if (bare.startsWith("SIG")) {
      bare = bare.substring("SIG".length());
    }
    for (Signal signal : values()) {
      if (signal.name().equals(bare)) {
        return signal;
      }
    }
    throw new IllegalArgumentException("no signal has the name '"
        + name
        + "'.\n  Names: "
        + Arrays.stream(values()).map(Signal::name).collect(Collectors.joining(" ")));
  }

  /**
   * The signal of a number.
   *
   * @param number as the kernel counts
   * @return the signal, or empty for 0 and the real-time signals from 32 on
   */
  public static Optional<Signal> ofNumber(int number) {
    return number >= 1 && number <= values().length
        ? Optional.of(values()[number - 1])
        : Optional.empty();
  }

  private static final class Reserved {
    static final String TRAPS = "the virtual machine uses it for traps of its own code";
    static final String KERNEL = "the kernel lets no process catch it";
  }
}
