package dev.uring.process;

import dev.uring.worker.Worker;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * One listener of {@link Signals}, until it is closed.
 *
 * <h2>Threading and cancellation</h2>
 *
 * {@link #close} is for any thread and may be repeated. After it, on the worker, the listener is
 * not called again.
 */
public final class SignalSubscription implements AutoCloseable {
  private static final Signal[] SIGNALS = Signal.values();

  private final Worker worker;
  private final Set<Signal> signals;
  private final Consumer<Signal> listener;

  // A bit for each signal that was raised and is not delivered: all the queue there is.
  private final AtomicInteger raised = new AtomicInteger();
  private volatile boolean isClosed;

  SignalSubscription(Worker worker, Set<Signal> signals, Consumer<Signal> listener) {
    this.worker = worker;
    this.signals = EnumSet.copyOf(signals);
    this.listener = listener;
  }

  Set<Signal> signals() {
    return signals;
  }

  Worker worker() {
    return worker;
  }

  /** On a thread of the virtual machine's. */
  void raised(Signal signal) {
    int bit = 1 << signal.ordinal();
    if (raised.getAndAccumulate(bit, (before, added) -> before | added) == 0) {
      try {
        worker.execute(this::deliver);
      } catch (RejectedExecutionException stopped) {
        close();
      }
    }
  }

  private void deliver() {
    int bits = raised.getAndSet(0);
    for (int left = bits; left != 0 && !isClosed; left &= left - 1) {
      try {
        listener.accept(SIGNALS[Integer.numberOfTrailingZeros(left)]);
      } catch (Throwable failure) {
        worker.taskFailed(failure);
      }
    }
  }

  /** Ends it. The last subscription to a signal that ends gives the signal's handler back. */
  @Override
  public void close() {
    isClosed = true;
    Signals.remove(this);
  }
}
