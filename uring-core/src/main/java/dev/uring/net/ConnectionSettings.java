package dev.uring.net;

import dev.uring.socket.SocketOptions;
import java.time.Duration;

/**
 * What {@link SocketOptions} say to a connection rather than to its socket.
 *
 * @param lingerNanos how long a closed connection waits for the peer's FIN
 * @param idleNanos how long it may be silent in both directions; 0 is for ever
 * @param acknowledgesAtOnce whether an accepted one hints that to the kernel
 * @param receivesTimestamps whether the kernel says when bytes came
 */
record ConnectionSettings(
    long lingerNanos, long idleNanos, boolean acknowledgesAtOnce, boolean receivesTimestamps) {

  static ConnectionSettings of(SocketOptions options, NetLimits limits) {
    return new ConnectionSettings(
        options.linger().map(Duration::toNanos).orElse(limits.lingerNanos()),
        options.idleTimeout().map(Duration::toNanos).orElse(0L),
        options.quickAck(),
        options.receiveTimestamps());
  }
}
