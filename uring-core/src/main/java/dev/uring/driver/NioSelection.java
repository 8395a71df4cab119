package dev.uring.driver;

import dev.uring.base.UringException;
import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The selector of a driver, and what it found: sockets that are ready, until they are delivered.
 *
 * <p>The keys are taken as the selector finds them. Its set of selected keys would be filled and
 * emptied for nothing, with an object for each entry.
 *
 * <p><i>Thread:</i> the driver's, except {@link #wake}.
 */
final class NioSelection {
  private static final Logger LOG = LoggerFactory.getLogger(NioSelection.class);
  private static final int READY_FIRST = 64;
  private static final long NANOS_PER_MILLI = TimeUnit.MILLISECONDS.toNanos(1);

  private final Selector selector;
  private final Consumer<SelectionKey> noteReady = this::noteReady;
  private NioSocket[] ready = new NioSocket[READY_FIRST];
  private int[] readyOps = new int[READY_FIRST];
  private int readyCount;
  private volatile boolean isWoken;

  private NioSelection(Selector selector) {
    this.selector = selector;
  }

  static NioSelection open() {
    try {
      return new NioSelection(Selector.open());
    } catch (IOException refused) {
      throw new UringException(
          "a selector cannot be opened: "
              + refused.getMessage()
              + ".\n  Likely cause: the process has no descriptor left. Raise the limit (ulimit -n)"
              + " or use fewer workers.",
          refused);
    }
  }

  SelectionKey register(SelectableChannel channel, int ops, NioSocket socket) throws IOException {
    return channel.register(selector, ops, socket);
  }

  boolean hasReady() {
    return readyCount > 0;
  }

  /**
   * Finds what is ready; {@code timeoutNanos} as {@link Driver#enter}. The selector counts in
   * milliseconds. Rounded up: a wait that ends too early would be begun again and again until its
   * timer is due.
   */
  void select(long timeoutNanos) {
    try {
      if (timeoutNanos == 0) {
        selector.selectNow(noteReady);
      } else if (timeoutNanos == Driver.FOREVER) {
        selector.select(noteReady);
      } else {
        selector.select(noteReady, (timeoutNanos + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI);
      }
    } catch (IOException failed) {
      throw new UringException("select failed: " + failed.getMessage(), failed);
    }
    if (readyCount == 0 && timeoutNanos != 0 && Thread.interrupted()) {
      // It has no meaning to a worker; left as it is, no selection would ever wait again.
      LOG.debug("{} was interrupted", Thread.currentThread().getName());
    }
  }

  /**
   * Has the system close the channels that were closed: until a selection the selector holds them,
   * and a listener would still take connections. What is ready is found again by the next one.
   */
  void letGoOfClosed() {
    try {
      selector.selectNow(key -> {});
    } catch (IOException failed) {
      throw new UringException("select failed: " + failed.getMessage(), failed);
    }
  }

  /** Whether somebody woke the selector since this was last asked. */
  boolean takeWake() {
    if (!isWoken) {
      return false;
    }
    isWoken = false;
    return true;
  }

  /** Ends a selection, this one or the next. Any thread; does nothing after {@link #close}. */
  void wake() {
    isWoken = true;
    selector.wakeup();
  }

  void deliver() {
    int count = readyCount;
    readyCount = 0;
    for (int i = 0; i < count; i++) {
      NioSocket socket = ready[i];
      ready[i] = null;
      // One that was ready may have been closed by what was delivered before it.
      if (socket.isOpen()) {
        socket.ready(readyOps[i]);
      }
    }
  }

  /** Closes every channel that the selector still knows, and the selector. */
  void close(NioSockets sockets) {
    for (SelectionKey key : selector.keys()) {
      sockets.remove((NioSocket) key.attachment());
      NioSocketOptions.closeQuietly(key.channel());
    }
    try {
      // The system closes the channels here: until now the selector has held them.
      selector.close();
    } catch (IOException ignored) {
      // Its descriptors are gone whatever the system says.
    }
  }

  private void noteReady(SelectionKey key) {
    if (readyCount == ready.length) {
      ready = Arrays.copyOf(ready, readyCount * 2);
      readyOps = Arrays.copyOf(readyOps, readyCount * 2);
    }
    // Nothing of the socket is touched here: many others come before its turn.
    readyOps[readyCount] = key.readyOps();
    ready[readyCount++] = (NioSocket) key.attachment();
  }
}
