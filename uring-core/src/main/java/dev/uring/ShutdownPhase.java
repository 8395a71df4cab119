package dev.uring;

/**
 * The phases in which a runtime shuts down, in this order. A phase begins when the one before has
 * ended, and ends when everything registered for it has, or after {@code drainTimeout}.
 */
public enum ShutdownPhase {
  /** No new work is admitted: listeners are closed. For leaving a registry or a load balancer. */
  STOP_ACCEPTING,
  /** Work that was begun is finished: connections are drained. For flushing queues and batches. */
  DRAIN,
  /** What is left is given up: connections are reset. For telling others that it will not come. */
  CANCEL,
  /**
   * Nothing runs any more, the workers still do. For closing what the work needed: files, clients.
   */
  CLOSE
}
