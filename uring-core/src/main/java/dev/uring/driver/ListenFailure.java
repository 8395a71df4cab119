package dev.uring.driver;

import dev.uring.abi.Errno;
import java.net.InetSocketAddress;

/** The words for an address that cannot be listened on. */
public final class ListenFailure {
  private ListenFailure() {}

  /**
   * Says what could not be listened on, why, and what to do.
   *
   * @param address where
   * @param errno the positive error number
   * @return the text
   */
  public static String text(InetSocketAddress address, int errno) {
    String likely = switch (errno) {
      case Errno.EADDRINUSE ->
        "another process listens there. Stop it, or choose another port (0 lets the system"
            + " choose).";
      case Errno.EACCES ->
        "ports below 1024 need the capability CAP_NET_BIND_SERVICE. Choose a higher port.";
      case Errno.EADDRNOTAVAIL ->
        "this machine has no such address. Use 0.0.0.0 or [::] for all of them.";
      case Errno.EMFILE, Errno.ENFILE -> "no descriptor is left. Raise the limit (ulimit -n).";
      default -> "see errno.";
    };
    return "cannot listen on "
        + address.getAddress().getHostAddress()
        + ":"
        + address.getPort()
        + ": "
        + Errno.text(errno)
        + ".\n  Likely cause: "
        + likely;
  }
}
