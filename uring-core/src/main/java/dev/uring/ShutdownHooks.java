package dev.uring;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What programs have registered for the phases of a shutdown.
 *
 * <p>All of one phase run at the same time: an order within it would make the slowest hold up those
 * that wait behind it, and what needs an order has phases. A failure or a hook that does not end is
 * logged by its name and holds nothing up beyond the deadline.
 *
 * <p><i>Thread:</i> any; guarded by itself.
 */
final class ShutdownHooks {
  private static final Logger LOG = LoggerFactory.getLogger(ShutdownHooks.class);

  private final Machine machine;

  private record Hook(String name, Supplier<? extends CompletionStage<?>> action) {}

  private final Map<ShutdownPhase, List<Hook>> hooks = new EnumMap<>(ShutdownPhase.class);
  // The phases that have begun: their hooks are taken, and a new one would never run.
  private ShutdownPhase reached;

  ShutdownHooks(Machine machine) {
    this.machine = machine;
  }

  /** Registers a hook; the result takes it back. */
  AutoCloseable add(
      ShutdownPhase phase, String name, Supplier<? extends CompletionStage<?>> action) {
    Hook hook = new Hook(Objects.requireNonNull(name), Objects.requireNonNull(action));
    synchronized (this) {
      if (reached != null && reached.compareTo(phase) >= 0) {
        throw new IllegalStateException("cannot register '"
            + name
            + "' for "
            + phase
            + ": the shutdown has reached "
            + reached
            + ".\n  Likely cause: it is registered by work that the shutdown has begun to end. Register at"
            + " the start, or for a later phase.");
      }
      hooks.computeIfAbsent(phase, unused -> new ArrayList<>()).add(hook);
    }
    AtomicBoolean isTakenBack = new AtomicBoolean();
    return () -> {
      if (isTakenBack.compareAndSet(false, true)) {
        synchronized (this) {
          hooks.getOrDefault(phase, List.of()).remove(hook);
        }
      }
    };
  }

  /**
   * Runs a phase's hooks; completes when all have ended or the deadline has passed, never failing.
   */
  CompletableFuture<Void> run(ShutdownPhase phase, long timeoutNanos) {
    List<Hook> ofPhase;
    synchronized (this) {
      reached = phase;
      ofPhase = List.copyOf(hooks.getOrDefault(phase, List.of()));
    }
    CompletableFuture<?>[] ends = new CompletableFuture<?>[ofPhase.size()];
    for (int i = 0; i < ends.length; i++) {
      ends[i] = run(phase, ofPhase.get(i), timeoutNanos);
    }
    return CompletableFuture.allOf(ends);
  }

  private CompletableFuture<Void> run(ShutdownPhase phase, Hook hook, long timeoutNanos) {
    CompletableFuture<Object> end = new CompletableFuture<>();
    try {
      hook.action().get().whenComplete((ignored, failure) -> {
        if (failure == null) {
          end.complete(null);
        } else {
          end.completeExceptionally(failure);
        }
      });
    } catch (Throwable failure) {
      end.completeExceptionally(failure);
    }
    machine.limit(end, timeoutNanos);
    return end.handle((ignored, failure) -> {
      if (failure != null) {
        LOG.warn(
            "shutdown phase {}: '{}' failed or did not end in time", phase, hook.name(), failure);
      }
      return null;
    });
  }
}
