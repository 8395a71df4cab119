package dev.uring.socket;

import java.time.Duration;

/**
 * How the kernel finds out that the peer of a silent connection is gone.
 *
 * @param idle silence before the first probe, in whole seconds from 1 to 32767
 * @param interval time between probes, in whole seconds from 1 to 32767
 * @param count unanswered probes after which the connection is lost, from 1 to 127
 */
public record KeepAlive(Duration idle, Duration interval, int count) {
  private static final int SECONDS_MAX = 32767;
  private static final int COUNT_MAX = 127;

  /**
   * Probes after a minute, three of them ten seconds apart: a dead peer is found in a minute and a
   * half. The kernel's own defaults take over two hours.
   */
  public static final KeepAlive DEFAULT =
      new KeepAlive(Duration.ofSeconds(60), Duration.ofSeconds(10), 3);

  /**
   * Checks the bounds, which are the kernel's.
   *
   * @throws dev.uring.base.ConfigException a value outside its bound
   */
  public KeepAlive {
    OptionChecks.seconds("keepAlive.idle", idle, SECONDS_MAX);
    OptionChecks.seconds("keepAlive.interval", interval, SECONDS_MAX);
    OptionChecks.range("keepAlive.count", count, 1, COUNT_MAX);
  }
}
