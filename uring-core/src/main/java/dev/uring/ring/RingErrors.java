package dev.uring.ring;

import dev.uring.abi.Errno;
import dev.uring.base.RingSetupException;

/**
 * Makes the exceptions of this package, with cause and remedy found from the error number and the
 * system's settings.
 */
final class RingErrors {

  private RingErrors() {}

  /** Returns the exception for {@code operation} refused with {@code errno}. */
  static RingSetupException refused(String operation, int errno, String parameters) {
    return blocked(operation, errno, parameters, Blocker.of(errno, KernelSettings.read()));
  }

  /** As {@link #refused}, for a reason that is known already. */
  static RingSetupException blocked(String operation, int errno, String parameters, Blocker why) {
    return new RingSetupException(
        operation, errno, Errno.name(errno), parameters, why.cause(), why.remedy());
  }
}
