package dev.uring.worker;

import dev.uring.driver.Driver;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What comes to a worker from other threads and leaves it for other workers, and whether the worker
 * has to be woken for it.
 *
 * <p>A thread that is no worker's waits while the mailbox is full: that is its back-pressure. A
 * worker never waits for another; what finds no room stays in its {@link Outbox}. Nothing is
 * dropped, but for a worker that has stopped.
 *
 * <p><i>Invariant:</i> a message that lies in the mailbox is seen: its producer saw the worker
 * asleep and woke it, or the worker looked again after it had declared itself asleep.
 * <i>Thread:</i> any for {@link #send}, {@link #requestStop} and the questions; the worker's for
 * the rest.
 */
final class MailRoom {
  /** How long whoever waits for room in a mailbox sleeps before it looks again. */
  static final long FULL_PARK_NANOS = 50_000;

  private static final Logger LOG = LoggerFactory.getLogger(MailRoom.class);

  // Whether a producer must wake the worker. Only the transition SLEEPING -> AWAKE obliges to wake,
  // and exactly one thread makes it, so a crowd of producers costs one system call.
  private static final int AWAKE = 0;
  private static final int SLEEPING = 1;
  private static final int STOPPED = 2;

  private final Worker worker;
  private final Driver driver;
  private final Mailbox mailbox;
  private final Outbox outbox = new Outbox();
  private final AtomicInteger state = new AtomicInteger(AWAKE);
  private volatile boolean stopRequested;

  MailRoom(Worker worker, Driver driver, int capacity) {
    this.worker = worker;
    this.driver = driver;
    this.mailbox = new Mailbox(capacity);
  }

  /** Messages that wait for this worker. */
  int depth() {
    return mailbox.depth();
  }

  boolean isEmpty() {
    return mailbox.isEmpty();
  }

  /** Whether messages wait for room at other workers. */
  boolean hasUndelivered() {
    return !outbox.isEmpty();
  }

  int undeliveredCount() {
    return outbox.count();
  }

  boolean isStopRequested() {
    return stopRequested;
  }

  /** Whether the worker takes nothing any more, not even from itself. */
  boolean isStopped() {
    return state.get() == STOPPED;
  }

  /** The worker takes nothing any more. */
  void stopped() {
    mailbox.close();
    state.set(STOPPED);
  }

  /** Refuses messages from now on; what was taken is still there. */
  void close() {
    mailbox.close();
  }

  boolean isClosed() {
    return mailbox.isClosed();
  }

  /** Asks the loop to end. */
  void requestStop() {
    stopRequested = true;
    // Not through the ring of the caller: a worker that stops the others may be about to stop
    // itself, and would take the wake with it, never submitted.
    wakeIfSleeping(null);
  }

  /** Brings a task to this worker from the calling thread, which is another. */
  void send(Runnable task) {
    Worker sender = Worker.current();
    if (sender != null) {
      sender.mail().post(this, task);
    } else {
      sendWaiting(task);
    }
  }

  /** Takes the oldest message; null when there is none. */
  Runnable poll() {
    return mailbox.poll();
  }

  /** Awake before the first callback of a turn: a message that comes during them needs no wake. */
  void awake() {
    state.lazySet(AWAKE);
  }

  /** Declares the worker asleep, unless it has something to do; says whether it may sleep. */
  boolean declareAsleep() {
    state.set(SLEEPING);
    // Looked at again after the declaration: a producer that stored its message before seeing
    // SLEEPING did not wake us, so we must see its message here.
    if (!mailbox.isEmpty() || stopRequested) {
      state.set(AWAKE);
      return false;
    }
    return true;
  }

  /** Hands over what other workers have room for now. */
  void deliver() {
    if (!outbox.isEmpty()) {
      int dropped = outbox.deliver(worker);
      if (dropped > 0) {
        LOG.warn("{} drops {} messages for a worker that has stopped", worker, dropped);
      }
    }
  }

  /** Takes a message of another worker; says whether there was room. */
  boolean take(Runnable message, Worker sender) {
    boolean isTaken = mailbox.offer(message);
    wakeIfSleeping(sender);
    return isTaken;
  }

  RejectedExecutionException refusal() {
    return new RejectedExecutionException("worker " + worker.index() + " has stopped");
  }

  // On this worker's thread: a message for another worker.
  private void post(MailRoom target, Runnable task) {
    if (target.isClosed()) {
      throw target.refusal();
    }
    if (outbox.holdsFor(target) || !target.take(task, worker)) {
      worker.counters().mailboxFull++;
      outbox.add(target, task);
    }
  }

  // On a thread that is no worker's.
  private void sendWaiting(Runnable task) {
    while (!mailbox.isClosed()) {
      if (mailbox.offer(task)) {
        wakeIfSleeping(null);
        return;
      }
      wakeIfSleeping(null);
      LockSupport.parkNanos(FULL_PARK_NANOS);
    }
    throw refusal();
  }

  private void wakeIfSleeping(Worker caller) {
    if (state.get() == SLEEPING && state.compareAndSet(SLEEPING, AWAKE)) {
      if (caller != null && caller != worker) {
        caller.driver().wakeOther(driver);
      } else {
        driver.wake();
      }
    }
  }
}
