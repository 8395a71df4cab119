package dev.uring.net;

import dev.uring.base.ForwardException;

/**
 * Hears how a {@link Forward} ended.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Called exactly once, on the connections' worker, from the top level of its loop. Nothing of the
 * source is offered to its handler before this call returns.
 *
 * <h2>Errors</h2>
 *
 * What it throws resets the source, as what its handler throws does.
 */
@FunctionalInterface
public interface ForwardListener {
  /**
   * The forwarding is over.
   *
   * @param forward which one; {@link Forward#bytes()} is final
   * @param failure null when it reached its end or was stopped; otherwise which side ended it, and
   *     why
   */
  void onForwardEnd(Forward forward, ForwardException failure);
}
