package dev.uring.message.codec;

import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Messages to use again; the one that came last goes first, because it is still in the CPU's cache.
 *
 * <h2>Shapes and units</h2>
 *
 * Begins with {@code initial} messages and keeps at most {@code max}. It keeps no more than
 * {@code keptBytesMax} bytes beyond the size of new messages: beyond, those that have lain there
 * longest lose their memory.
 *
 * <h2>Ownership</h2>
 *
 * Owns what is in it. What was given out is nobody's business of the pool until it comes back; if
 * it never does, the pool is one smaller.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Not thread-safe: an engine has one for each group and worker.
 */
public final class MessagePool {
  private Message[] messages;
  private final long keptBytesMax;
  private final Consumer<Message> whenMade;
  private int max;
  private int count;
  private long keptBytes;
  // The first so many have no memory beyond that of new messages.
  private int trimmedCount;
  private long madeTotal;
  private long droppedTotal;
  private boolean wasFoundEmpty;

  /**
   * A pool of new messages.
   *
   * @param initial how many it begins with, from 0
   * @param max how many it keeps, from 1; not less than {@code initial}
   * @param keptBytesMax bytes of grown messages that it keeps
   * @param whenMade is told of each message the pool makes
   */
  public MessagePool(int initial, int max, long keptBytesMax, Consumer<Message> whenMade) {
    if (initial < 0 || max < 1 || max < initial) {
      throw new IllegalArgumentException("pool of initial="
          + initial
          + " messages (0 or more), max="
          + max
          + " (1 or more, not below initial)");
    }
    this.messages = new Message[max];
    this.max = max;
    this.keptBytesMax = keptBytesMax;
    this.whenMade = whenMade;
    for (int i = 0; i < initial; i++) {
      Message message = make();
      message.handedOver("its pool");
      messages[count++] = message;
    }
  }

  /**
   * Takes a message.
   *
   * @param strategy what to do when there is none
   * @return a message as new, or null
   */
  public Message take(PoolStrategy strategy) {
    if (count == 0) {
      if (strategy == PoolStrategy.POOL_ONLY) {
        wasFoundEmpty = true;
        return null;
      }
      return make();
    }
    Message message = messages[--count];
    messages[count] = null;
    keptBytes -= message.grownBytes();
    message.takenBack();
    return message;
  }

  /**
   * Makes a message, whatever the pool has: it grows by it when the message is put back.
   *
   * @return a message as new
   */
  public Message takeNew() {
    return make();
  }

  /**
   * Puts a message back.
   *
   * @param message one that nobody uses any more
   * @return whether somebody found the pool empty before and it is not any more: told once
   */
  public boolean put(Message message) {
    if (count >= max) {
      droppedTotal++;
      return false;
    }
    if (count == messages.length) {
      messages = Arrays.copyOf(messages, 2 * count);
    }
    message.clear();
    if (Message.IS_STRICT) {
      // Another object in its place: whoever still uses this one is found for ever.
      droppedTotal++;
      messages[count++] = held(make());
    } else {
      keptBytes += message.grownBytes();
      messages[count++] = message;
      trimColdest();
    }
    boolean isNews = wasFoundEmpty;
    wasFoundEmpty = false;
    return isNews;
  }

  /**
   * Changes how many it keeps at most. What it has beyond that leaves it as it is taken.
   *
   * @param newMax from 1
   */
  public void keep(int newMax) {
    max = newMax;
  }

  /**
   * How many messages are in it.
   *
   * @return from 0 to the most it keeps
   */
  public int count() {
    return count;
  }

  /**
   * How many it keeps at most.
   *
   * @return messages
   */
  public int max() {
    return max;
  }

  /**
   * How many it has made.
   *
   * @return messages, the first ones included
   */
  public long madeTotal() {
    return madeTotal;
  }

  /**
   * How many it did not keep.
   *
   * @return messages
   */
  public long droppedTotal() {
    return droppedTotal;
  }

  /**
   * Bytes that its messages hold beyond the size of new ones.
   *
   * @return bytes
   */
  public long keptBytes() {
    return keptBytes;
  }

  /** Forgets all messages. */
  public void clear() {
    Arrays.fill(messages, null);
    count = 0;
    keptBytes = 0;
    trimmedCount = 0;
  }

  // Not the one that came last: it is the next to go, and would have to grow again for most bodies.
  private void trimColdest() {
    trimmedCount = Math.min(trimmedCount, count - 1);
    while (keptBytes > keptBytesMax) {
      Message coldest = messages[trimmedCount++];
      keptBytes -= coldest.grownBytes();
      coldest.trim();
    }
  }

  private Message make() {
    Message message = new Message();
    madeTotal++;
    whenMade.accept(message);
    return message;
  }

  private static Message held(Message message) {
    message.handedOver("its pool");
    return message;
  }
}
