package dev.uring.driver;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.uring.abi.Errno;
import dev.uring.abi.Layouts;
import dev.uring.abi.Posix;
import dev.uring.abi.Socket;
import dev.uring.base.UringException;
import dev.uring.ffi.Libc;
import dev.uring.ffi.PollCalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadFactory;

/**
 * Descriptors that the selector cannot wait for, because no channel of the JDK's made them: ends of
 * pipes, processes, watches. A thread of the driver's waits for them with {@code poll(2)}.
 *
 * <p>The thread only waits. What to do with a descriptor that is ready is done by the driver's, so
 * that answers come where all answers come.
 *
 * <p><i>Invariant:</i> a wait that the driver has is with the thread, too, or on its way there or
 * back; so no descriptor is closed while the thread may poll it. <i>Thread:</i> the driver's,
 * except {@link #run} and what only it calls.
 */
final class NioDescriptors implements Runnable {
  private static final ThreadFactory THREADS = new UnpinnedThreads("uring-nio-descriptors-");
  private static final int ENTRIES_FIRST = 16;
  private static final int EVENTFD_BYTES = Long.BYTES;

  // Ending takes one round of the loop, on a CPU that others may have for a while.
  private static final long JOIN_MILLIS_MAX = 10_000;

  private final NioDriver driver;
  private final Map<Operation, Wait> waits = new IdentityHashMap<>();

  // To the thread, and back. As many as there are waits, and as many again that are cancelled.
  private final ConcurrentLinkedQueue<Change> changes = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<Wait> over = new ConcurrentLinkedQueue<>();
  private final MemorySegment one = Arena.ofAuto().allocate(JAVA_LONG);
  private final int wakeup;
  private final Thread thread;
  private volatile boolean isEnding;

  // The thread's: entry 0 is the wakeup, entry i+1 is polled[i].
  private final List<Wait> polled = new ArrayList<>();
  private MemorySegment entries = entries(ENTRIES_FIRST);

  NioDescriptors(NioDriver driver) {
    this.driver = driver;
    one.set(JAVA_LONG, 0, 1);
    wakeup = Libc.eventfd(0, Posix.EFD_CLOEXEC | Posix.EFD_NONBLOCK);
    if (wakeup < 0) {
      throw new UringException("a descriptor to wait with cannot be had: "
          + Errno.text(-wakeup)
          + ".\n  Likely cause: the process has none left. Raise the limit (ulimit -n).");
    }
    thread = THREADS.newThread(this);
    thread.start();
  }

  /** What is done when a descriptor is ready: a result, or minus EAGAIN to wait again. */
  interface Attempt {
    int run();
  }

  /** What the thread is told: to begin a wait, or to give it up unless it is over. */
  private record Change(Wait of, boolean isBegin) {}

  /** One operation that waits. */
  private static final class Wait {
    final Operation operation;
    final int descriptor;
    final short events;
    final Attempt attempt;

    // The driver's own: an attempt that has to wait again does not.
    boolean isCancelled;

    // Written by the thread before it hands the wait back.
    int result;

    // The thread's own: whether it is among the polled.
    boolean isPolled;

    Wait(Operation operation, int descriptor, int events, Attempt attempt) {
      this.operation = operation;
      this.descriptor = descriptor;
      this.events = (short) events;
      this.attempt = attempt;
    }
  }

  /**
   * Answers {@code operation}, which has begun, when the descriptor is ready.
   *
   * @param events what to wait for, {@code POLL*}
   * @param attempt what the answer is, or null for that which is ready
   */
  void await(int descriptor, int events, Attempt attempt, Operation operation) {
    Wait wait = new Wait(operation, descriptor, events, attempt);
    waits.put(operation, wait);
    tell(new Change(wait, true));
  }

  /** Answers it ECANCELED, unless it is ready before; says whether it waits here. */
  boolean cancel(Operation operation) {
    Wait wait = waits.get(operation);
    if (wait == null) {
      return false;
    }
    if (!wait.isCancelled) {
      wait.isCancelled = true;
      tell(new Change(wait, false));
    }
    return true;
  }

  boolean hasAnswers() {
    return !over.isEmpty();
  }

  void deliver() {
    for (int left = waits.size(); left > 0 && !over.isEmpty(); left--) {
      finish(over.poll());
    }
  }

  /** Ends the thread. What still waits is answered if it uses memory, which goes next. */
  void close() {
    isEnding = true;
    wake();
    boolean isInterrupted = false;
    try {
      thread.join(JOIN_MILLIS_MAX);
    } catch (InterruptedException interrupted) {
      isInterrupted = true;
    }
    if (thread.isAlive()) {
      throw new UringException("thread " + thread.getName() + " does not end after "
          + JOIN_MILLIS_MAX + " ms; its descriptor is left to the process");
    }
    Libc.close(wakeup);
    for (Wait wait : List.copyOf(waits.values())) {
      if (wait.operation instanceof FileOperation) {
        waits.remove(wait.operation);
        driver.answer(wait.operation, -Errno.ECANCELED);
      }
    }
    if (isInterrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void finish(Wait wait) {
    int result = wait.result;
    if (result >= 0 && wait.attempt != null) {
      result = wait.attempt.run();
      if (result == -Errno.EAGAIN) {
        if (wait.isCancelled) {
          result = -Errno.ECANCELED;
        } else {
          tell(new Change(wait, true));
          return;
        }
      }
    }
    waits.remove(wait.operation);
    driver.answer(wait.operation, result);
  }

  private void tell(Change change) {
    changes.add(change);
    wake();
  }

  private void wake() {
    // Full only when it is set already.
    Libc.write(wakeup, one);
  }

  // The thread.

  @Override
  public void run() {
    while (!isEnding) {
      takeChanges();
      int result = PollCalls.poll(entries, polled.size() + 1);
      if (result > 0) {
        if (revents(0) != 0) {
          Libc.read(wakeup, Arena.ofAuto().allocate(EVENTFD_BYTES));
        }
        handBackReady();
      } else if (result != -Errno.EINTR) {
        failAll(result);
      }
    }
  }

  private void takeChanges() {
    for (Change change = changes.poll(); change != null; change = changes.poll()) {
      Wait wait = change.of();
      if (change.isBegin()) {
        wait.isPolled = true;
        polled.add(wait);
      } else if (wait.isPolled) {
        polled.remove(wait);
        handBack(wait, -Errno.ECANCELED);
      }
    }
    writeEntries();
  }

  private void writeEntries() {
    int wanted = polled.size() + 1;
    if (entries.byteSize() < (long) wanted * Layouts.POLLFD_BYTES) {
      entries = entries(wanted * 2);
    }
    write(0, wakeup, (short) Socket.POLLIN);
    for (int i = 0; i < polled.size(); i++) {
      write(i + 1, polled.get(i).descriptor, polled.get(i).events);
    }
  }

  private void handBackReady() {
    for (int i = polled.size(); i > 0; i--) {
      int found = revents(i);
      if (found != 0) {
        Wait wait = polled.remove(i - 1);
        handBack(wait, (found & Socket.POLLNVAL) != 0 ? -Errno.EBADF : found);
      }
    }
  }

  // poll(2) refuses only for want of memory or of descriptors: nobody may wait for ever for it.
  private void failAll(int result) {
    List<Wait> failed = List.copyOf(polled);
    polled.clear();
    failed.forEach(wait -> handBack(wait, result));
  }

  private void handBack(Wait wait, int result) {
    wait.isPolled = false;
    wait.result = result;
    over.add(wait);
    driver.wake();
  }

  private void write(int entry, int descriptor, short events) {
    long at = (long) entry * Layouts.POLLFD_BYTES;
    entries.set(JAVA_INT, at + Layouts.POLLFD_FD, descriptor);
    entries.set(JAVA_SHORT, at + Layouts.POLLFD_EVENTS, events);
    entries.set(JAVA_SHORT, at + Layouts.POLLFD_REVENTS, (short) 0);
  }

  private int revents(int entry) {
    return entries.get(JAVA_SHORT, (long) entry * Layouts.POLLFD_BYTES + Layouts.POLLFD_REVENTS);
  }

  private static MemorySegment entries(int count) {
    return Arena.ofAuto().allocate((long) count * Layouts.POLLFD_BYTES, Integer.BYTES);
  }
}
