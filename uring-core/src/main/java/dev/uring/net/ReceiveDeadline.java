package dev.uring.net;

import dev.uring.worker.Timer;
import dev.uring.worker.Worker;

/**
 * How long a handler waits for bytes.
 *
 * <p>A deadline is a field, and the wheel's node is moved only when it fires too early: a handler
 * that sets a new one for every message pays two stores for it, and nothing is allocated.
 *
 * <p><i>Thread:</i> the worker's.
 */
final class ReceiveDeadline extends Timer {
  private static final long NONE = Long.MAX_VALUE;

  private final Connection connection;
  private final Worker worker;
  private long deadlineNanos = NONE;
  private long armedForNanos = NONE;

  ReceiveDeadline(Connection connection, Worker worker) {
    this.connection = connection;
    this.worker = worker;
  }

  /** Counted from the beginning of the turn; replaces the one before. */
  void within(long nanos) {
    deadlineNanos = worker.nanoTime() + nanos;
    if (armedForNanos == NONE || deadlineNanos - armedForNanos < 0) {
      arm();
    }
  }

  /** Bytes came, or nobody waits any more. */
  void clear() {
    deadlineNanos = NONE;
  }

  /** The connection is gone. */
  void end() {
    clear();
    worker.disarm(this);
  }

  @Override
  protected void fire() {
    armedForNanos = NONE;
    if (deadlineNanos == NONE) {
      return;
    }
    if (worker.nanoTime() - deadlineNanos < 0) {
      arm();
    } else {
      deadlineNanos = NONE;
      connection.receiveTimedOut();
    }
  }

  private void arm() {
    armedForNanos = deadlineNanos;
    worker.armFromTurn(this, Math.max(deadlineNanos - worker.nanoTime(), 0));
  }
}
