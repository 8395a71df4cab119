package dev.uring.metrics;

import java.util.List;

/**
 * A copy of what one worker has counted since it started, and of what it holds now.
 *
 * @param worker index of the worker
 * @param connectionsActive connections open now
 * @param connectionsAccepted connections accepted
 * @param connectionsConnected connections opened to a peer
 * @param connectionsClosed connections whose descriptor is closed again
 * @param acceptFailures accepts that failed for want of a descriptor or memory
 * @param connectionLimitPauses times accepting paused at connectionsPerWorkerMax
 * @param bytesReceived payload bytes received
 * @param bytesSent payload bytes the kernel took for sending
 * @param zeroCopySends sends that asked the kernel not to copy
 * @param zeroCopySendsCopied of these, sends that the kernel copied all the same
 * @param bytesCarried bytes copied because a message was not whole in one buffer
 * @param receivePauses times a receive was paused because nobody took the bytes
 * @param turns turns of the loop
 * @param tasksRun tasks run
 * @param timersArmed timers armed now
 * @param timersFired timers fired
 * @param failures exceptions that user code let escape
 * @param mailboxDepth messages waiting in the mailbox now
 * @param mailboxFull messages that found a full mailbox and waited at their sender
 * @param operationsUnderWay operations the kernel has not answered yet
 * @param receiveBuffersHeld receive buffers held now, lent or retained by a send
 * @param blocksHeld blocks of unsent output and unfinished input held now
 * @param blockBytesTaken bytes the block pool has taken from the system
 * @param enters times the kernel was entered
 * @param submitted operations handed to the kernel
 * @param completed completions delivered
 * @param staleCompletions completions dropped because their slot had a new generation
 * @param buffersExhausted times a receive found no free buffer and waited for one
 * @param overflowedEnters times the kernel was left with completions that did not fit into the
 *     queue; the kernel does not say how many, and none of them is lost
 * @param completionsDropped completions lost because the kernel had no memory to keep them; 0 in a
 *     healthy system
 * @param wakes wakes by other threads
 * @param blockPoolExhaustions times the block pool was asked for more than blockPoolBytesMax
 * @param unsentBytesPeak most bytes that one connection had unsent
 * @param slowTurns turns that took longer than slowTurnThreshold
 * @param stalls turns that took longer than stallThreshold, each counted while it lasts
 * @param loopLag how long turns took, in nanoseconds: what arrives meanwhile waits as long at most
 * @param groups what each scheduling group has had, the default one first
 */
public record WorkerSnapshot(
    int worker,
    int connectionsActive,
    long connectionsAccepted,
    long connectionsConnected,
    long connectionsClosed,
    long acceptFailures,
    long connectionLimitPauses,
    long bytesReceived,
    long bytesSent,
    long zeroCopySends,
    long zeroCopySendsCopied,
    long bytesCarried,
    long receivePauses,
    long turns,
    long tasksRun,
    int timersArmed,
    long timersFired,
    long failures,
    int mailboxDepth,
    long mailboxFull,
    int operationsUnderWay,
    int receiveBuffersHeld,
    int blocksHeld,
    long blockBytesTaken,
    long enters,
    long submitted,
    long completed,
    long staleCompletions,
    long buffersExhausted,
    long overflowedEnters,
    long completionsDropped,
    long wakes,
    long blockPoolExhaustions,
    long unsentBytesPeak,
    long slowTurns,
    long stalls,
    HistogramSnapshot loopLag,
    List<GroupSnapshot> groups) {

  /**
   * Operations handed to the kernel for each time it was entered: how well work is batched.
   *
   * @return a ratio; 0 before the first enter
   */
  public double submittedPerEnter() {
    return enters == 0 ? 0 : (double) submitted / enters;
  }
}
