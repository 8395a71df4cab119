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
    Blocker blocker = Blocker.of(errno, KernelSettings.read());
    return new RingSetupException(
        operation, errno, Errno.name(errno), parameters, blocker.cause(), blocker.remedy());
  }
}
