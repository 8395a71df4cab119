package dev.uring.process;

import dev.uring.worker.Worker;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * Signals to this process, told on a worker.
 *
 * <pre>{@code
 * SignalSubscription hup = Signals.subscribe(worker, EnumSet.of(Signal.HUP), signal -> reload());
 * }</pre>
 *
 * <h2>Shapes and units</h2>
 *
 * A signal is an event without a count: as in the kernel, one that is raised again before it was
 * told is told once. Any number of subscriptions may be for the same signal, each is told. Signals
 * that wait together are told in the order of their numbers.
 *
 * <h2>Ownership</h2>
 *
 * While a signal has a subscription its handler in the virtual machine is ours; when the last ends,
 * the one before is put back. So whoever else handles the signal hears nothing meanwhile, and that
 * includes the virtual machine's own answer to HUP, INT and TERM, which is to shut down: <b>a
 * program that subscribes to TERM must end itself</b>, by {@code UringRuntime.shutdown()} or
 * {@code System.exit}. With {@code shutdownOnSignal} and no subscription, TERM and INT drain the
 * runtime.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Any thread subscribes. Listeners are called on their worker; when it ends, so do its
 * subscriptions.
 *
 * <h2>Errors</h2>
 *
 * {@link IllegalArgumentException} for a signal that the kernel or the virtual machine keeps for
 * itself, with the reason. What a listener throws is logged and counted by the worker. A signal
 * that the process was started to ignore, as HUP under {@code nohup}, stays ignored.
 *
 * <h2>Source</h2>
 *
 * {@code signal(7)}; {@code sun.misc.Signal} of the virtual machine.
 */
public final class Signals {
  private static final Map<Signal, Observed> OBSERVED = new EnumMap<>(Signal.class);

  private Signals() {}

  /**
   * Calls a listener on a worker whenever one of the signals is raised.
   *
   * @param worker where
   * @param signals which; at least one
   * @param listener is told each; must not block
   * @return ends it when closed
   * @throws IllegalArgumentException one of them cannot be observed; nothing is subscribed to then
   */
  public static SignalSubscription subscribe(
      Worker worker, Set<Signal> signals, Consumer<Signal> listener) {
    if (signals.isEmpty()) {
      throw new IllegalArgumentException("no signal to subscribe to: name at least one");
    }
    for (Signal signal : signals) {
      signal.whyNotObservable().ifPresent(reason -> {
        throw new IllegalArgumentException(notObservable(signal, reason));
      });
    }
    SignalSubscription subscription = new SignalSubscription(worker, signals, listener);
    synchronized (OBSERVED) {
      List<Signal> added = new ArrayList<>();
      try {
        for (Signal signal : subscription.signals()) {
          add(signal, subscription);
          added.add(signal);
        }
      } catch (IllegalArgumentException refused) {
        added.forEach(signal -> remove(signal, subscription));
        throw refused;
      }
    }
    worker.attachment(OfWorker.class, OfWorker::new).add(subscription);
    return subscription;
  }

  static void remove(SignalSubscription subscription) {
    synchronized (OBSERVED) {
      subscription.signals().forEach(signal -> remove(signal, subscription));
    }
    subscription.worker().attachment(OfWorker.class, OfWorker::new).remove(subscription);
  }

  private static void add(Signal signal, SignalSubscription subscription) {
    Observed observed = OBSERVED.get(signal);
    if (observed == null) {
      observed = new Observed(signal);
      // Before there is a handler: a signal that it caught for nobody would be lost.
      observed.subscriptions.add(subscription);
      try {
        observed.before = JvmSignals.handle(signal.name(), JvmSignals.handler(observed::raised));
      } catch (IllegalArgumentException refused) {
        throw new IllegalArgumentException(
            notObservable(signal, "this virtual machine says: " + refused.getMessage()), refused);
      }
      OBSERVED.put(signal, observed);
    } else {
      observed.subscriptions.add(subscription);
    }
  }

  private static void remove(Signal signal, SignalSubscription subscription) {
    Observed observed = OBSERVED.get(signal);
    if (observed != null
        && observed.subscriptions.remove(subscription)
        && observed.subscriptions.isEmpty()) {
      OBSERVED.remove(signal);
      JvmSignals.handle(signal.name(), observed.before);
    }
  }

  private static String notObservable(Signal signal, String reason) {
    return "signal " + signal + " cannot be observed: " + reason
        + ".\n  Signals for programs are HUP, INT, TERM and USR1.";
  }

  private static final class Observed {
    private final Signal signal;
    private final List<SignalSubscription> subscriptions = new CopyOnWriteArrayList<>();
    private Object before;

    Observed(Signal signal) {
      this.signal = signal;
    }

    void raised() {
      subscriptions.forEach(subscription -> subscription.raised(signal));
    }
  }

  /** The subscriptions of a worker, which end with it. */
  private static final class OfWorker {
    private final Set<SignalSubscription> subscriptions = ConcurrentHashMap.newKeySet();

    OfWorker(Worker worker) {
      worker.whenEnding(failure -> List.copyOf(subscriptions).forEach(SignalSubscription::close));
    }

    void add(SignalSubscription subscription) {
      subscriptions.add(subscription);
    }

    void remove(SignalSubscription subscription) {
      subscriptions.remove(subscription);
    }
  }
}
