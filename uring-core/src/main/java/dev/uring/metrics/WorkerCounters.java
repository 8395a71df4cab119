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

  /** Counters at zero. */
  public WorkerCounters() {}
}
