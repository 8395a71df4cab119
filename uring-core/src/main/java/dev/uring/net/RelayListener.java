package dev.uring.net;

import dev.uring.base.ForwardException;

/**
 * Hears how a {@link Relay} ended.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Called exactly once, on the connections' worker, from the top level of its loop.
 */
@FunctionalInterface
public interface RelayListener {
  /**
   * Both directions are over.
   *
   * @param relay which one; its counts are final
   * @param failure null when both reached their end or the relay was stopped; otherwise what ended
   *     the first direction that failed
   */
  void onRelayEnd(Relay relay, ForwardException failure);
}
