package dev.uring.ffi;

import dev.uring.abi.Posix;

/**
 * A resource limit of the process: {@code soft} is in force, {@code hard} is how far it may be
 * raised.
 *
 * <p>{@link Posix#RLIM_INFINITY} (-1) means no limit. Unit: that of the resource, descriptors or
 * bytes.
 */
public record ResourceLimit(long soft, long hard) {

  /** Returns {@code soft} as text, {@code unlimited} for no limit. */
  public String softText() {
    return text(soft);
  }

  /** Returns {@code hard} as text, {@code unlimited} for no limit. */
  public String hardText() {
    return text(hard);
  }

  private static String text(long value) {
    return value == Posix.RLIM_INFINITY ? "unlimited" : Long.toUnsignedString(value);
  }
}
