package dev.uring.metrics;

/** Live counters of one worker. Plain fields, written by its thread only. */
public final class WorkerCounters {
  /** Connections accepted. */
  public long connectionsAccepted;

  /** Connections opened to a peer. */
  public long connectionsConnected;

  /** Connections whose descriptor is closed again. */
  public long connectionsClosed;

  /** Accepts that failed for want of a descriptor or memory; each paused accepting for a moment. */
  public long acceptFailures;

  /** Times accepting was paused because connectionsPerWorkerMax was reached. */
  public long connectionLimitPauses;

  /** Payload bytes received. */
  public long bytesReceived;

  /** Payload bytes the kernel took for sending. */
  public long bytesSent;

  /** Sends whose bytes the kernel took without copying them first, or was asked to. */
  public long zeroCopySends;

  /** Of these, sends of which the kernel said afterwards that it had to copy. */
  public long zeroCopySendsCopied;

  /** Bytes copied on the way in because a message was not whole in one buffer. */
  public long bytesCarried;

  /** Times a connection's receive was paused because nobody took its bytes. */
  public long receivePauses;

  /** Turns of the loop. */
  public long turns;

  /** Tasks run. */
  public long tasksRun;

  /** Exceptions that user code let escape. */
  public long failures;

  /** Messages that found a full mailbox and waited at their sender. */
  public long mailboxFull;

  /** Most bytes that one connection had unsent. */
  public long unsentBytesPeak;

  /** Turns that took longer than slowTurnThreshold. */
  public long slowTurns;

  /**
   * How long each turn took, in nanoseconds: what arrives while a turn runs waits for its end, so
   * this bounds how late the loop is.
   */
  public final LogHistogram loopLag = new LogHistogram();

  /** Counters at zero. */
  public WorkerCounters() {}

  /**
   * Notes what a connection has unsent when a send of it begins, which is when it has most.
   *
   * @param bytes unsent bytes
   */
  public void unsent(long bytes) {
    if (bytes > unsentBytesPeak) {
      unsentBytesPeak = bytes;
    }
  }
}
