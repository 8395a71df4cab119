package dev.uring.ring;

import dev.uring.ffi.Libc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the system says about itself, as far as it decides whether io_uring can be used.
 *
 * @param release the kernel's release, such as {@code 6.1.0-18-amd64}; empty if unknown
 * @param ioUringDisabled sysctl kernel.io_uring_disabled, since kernel 6.6: 0 allowed, 1 privileged
 *     only, 2 forbidden; -1 if the kernel has no such switch
 * @param seccompMode of the calling thread: 0 none, 1 strict, 2 filter; -1 if unknown
 */
public record KernelSettings(String release, int ioUringDisabled, int seccompMode) {

  /** The oldest kernel this library uses io_uring on: the first with DEFER_TASKRUN. */
  public static final String FLOOR = "6.1";

  private static final int FLOOR_MAJOR = 6;
  private static final int FLOOR_MINOR = 1;
  private static final Path IO_URING_DISABLED = Path.of("/proc/sys/kernel/io_uring_disabled");
  private static final Path THREAD_STATUS = Path.of("/proc/thread-self/status");
  private static final Pattern MAJOR_MINOR = Pattern.compile("^(\\d+)\\.(\\d+)");
  private static final Pattern SECCOMP = Pattern.compile("(?m)^Seccomp:\\s*(\\d+)");
  private static final int UNKNOWN = -1;

  /** Reads the settings of the running system; what cannot be read is reported as unknown. */
  public static KernelSettings read() {
    int disabled =
        text(IO_URING_DISABLED).map(String::strip).map(KernelSettings::number).orElse(UNKNOWN);
    int seccomp = text(THREAD_STATUS)
        .map(SECCOMP::matcher)
        .filter(Matcher::find)
        .map(found -> number(found.group(1)))
        .orElse(UNKNOWN);
    return new KernelSettings(Libc.unameRelease(), disabled, seccomp);
  }

  /** Tells whether the release is below {@link #FLOOR}; an unreadable release is not. */
  public boolean belowFloor() {
    Matcher version = MAJOR_MINOR.matcher(release);
    if (!version.find()) {
      return false;
    }
    int major = number(version.group(1));
    return major < FLOOR_MAJOR || major == FLOOR_MAJOR && number(version.group(2)) < FLOOR_MINOR;
  }

  private static Optional<String> text(Path file) {
    try {
      return Optional.of(Files.readString(file));
    } catch (IOException | SecurityException unreadable) {
      return Optional.empty();
    }
  }

  private static int number(String digits) {
    try {
      return Integer.parseInt(digits);
    } catch (NumberFormatException notANumber) {
      return UNKNOWN;
    }
  }
}
