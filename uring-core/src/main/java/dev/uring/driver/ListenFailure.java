package dev.uring.driver;

import dev.uring.abi.Errno;
import dev.uring.socket.Endpoint;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

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
  public static String text(SocketAddress address, int errno) {
    String likely = address instanceof InetSocketAddress ? likelyIp(errno) : likelyUnix(errno);
    return "cannot listen on "
        + Endpoint.text(address)
        + ": "
        + Errno.text(errno)
        + ".\n  Likely cause: "
        + likely;
  }

  private static String likelyIp(int errno) {
    return switch (errno) {
      case Errno.EADDRINUSE ->
        "another process listens there. Stop it, or choose another port (0 lets the system"
            + " choose).";
      case Errno.EACCES ->
        "ports below 1024 need the capability CAP_NET_BIND_SERVICE. Choose a higher port.";
      case Errno.EADDRNOTAVAIL ->
        "this machine has no such address. Use 0.0.0.0 or [::] for all of them.";
      default -> likelyAny(errno);
    };
  }

  private static String likelyUnix(int errno) {
    return switch (errno) {
      case Errno.EADDRINUSE ->
        "another process listens there, or a file that is no socket has the name and is left alone."
            + " Stop it, remove it, or choose another path.";
      case Errno.ENOENT -> "the folder does not exist. Create it.";
      case Errno.EACCES ->
        "no right to create a file in the folder, or to set its mode. Check the folder's owner.";
      default -> likelyAny(errno);
    };
  }

  private static String likelyAny(int errno) {
    return switch (errno) {
      case Errno.EMFILE, Errno.ENFILE -> "no descriptor is left. Raise the limit (ulimit -n).";
      default -> "see errno.";
    };
  }
}
