package dev.uring.redis.session;

import dev.uring.bytes.ByteView;
import dev.uring.codec.DecodeStatus;
import dev.uring.redis.codec.ReplyLimits;
import dev.uring.redis.codec.ReplyReader;
import dev.uring.redis.codec.ReplyType;
import dev.uring.redis.codec.RespReplyDecoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Gives each reply on one connection to the command that it answers.
 *
 * <h2>Shapes and units</h2>
 *
 * Redis answers in the order of the commands, so a queue is all there is. Pushes answer nothing and
 * go to a listener. {@link #sent} for each command in the order in which they are written;
 * {@link #received} for what arrives.
 *
 * <p><em>Invariant:</em> the queue holds exactly the replies that are still to come. Nothing takes
 * an entry out but its last reply or the end of the session; one that nobody waits for any more is
 * abandoned and stays. So no cancellation, timeout or failing reader can shift replies by one.
 *
 * <h2>Ownership</h2>
 *
 * Owns its decoder. Entries belong to whoever sent them, and are held until their last reply.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One thread. {@link #received} calls entries and listener right away; they may call back, also
 * {@link #stop()}. Allocates nothing once the queue has grown.
 *
 * <h2>Errors</h2>
 *
 * {@link #errorText()} after bytes that are no RESP, or a reply that nobody waits for: the
 * connection must be given up.
 */
public final class ReplySession implements AutoCloseable {
  private static final int CAPACITY_MIN = 16;

  private final RespReplyDecoder decoder;
  private final int repliesMax;
  private final PushListener pushes;

  // A ring: entries from `head` on, `count` of them. The capacity is a power of two.
  private PendingReply[] ring = new PendingReply[CAPACITY_MIN];
  private int head;
  private int count;
  private int repliesExpected;
  private long repliesTotal;
  private boolean isStopped;
  private boolean isForPushes;
  private String errorText;

  /**
   * A session for a new connection.
   *
   * @param limits what a server may send
   * @param repliesMax most replies that may be waited for at once
   * @param pushes hears of pushes
   */
  public ReplySession(ReplyLimits limits, int repliesMax, PushListener pushes) {
    if (repliesMax < 1) {
      throw new IllegalArgumentException("repliesMax=" + repliesMax + " must be at least 1");
    }
    this.decoder = new RespReplyDecoder(limits);
    this.repliesMax = repliesMax;
    this.pushes = Objects.requireNonNull(pushes, "pushes");
  }

  /**
   * Whether more may be sent. What is larger than the bound may go alone.
   *
   * @param replies how many replies it will have
   * @return whether {@link #sent} accepts it
   */
  public boolean hasRoom(int replies) {
    return count == 0 || repliesExpected + replies <= repliesMax;
  }

  /**
   * How many replies are still to come.
   *
   * @return those of abandoned entries included
   */
  public int repliesExpected() {
    return repliesExpected;
  }

  /**
   * How many replies have come.
   *
   * @return since the session began, pushes not included
   */
  public long repliesTotal() {
    return repliesTotal;
  }

  /**
   * Notes that something is being written to the connection now.
   *
   * @param pending waits for its replies
   */
  public void sent(PendingReply pending) {
    int replies = pending.repliesCount();
    if (replies < 1 || !hasRoom(replies)) {
      throw new IllegalStateException("repliesExpected="
          + repliesExpected
          + " and "
          + replies
          + " more exceed repliesMax="
          + repliesMax
          + ": ask hasRoom before writing");
    }
    if (count == ring.length) {
      grow();
    }
    pending.missing = replies;
    ring[head + count & ring.length - 1] = pending;
    count++;
    repliesExpected += replies;
  }

  /**
   * From now on everything that nobody waits for goes to the listener: a RESP2 subscriber's
   * messages are plain arrays.
   */
  public void expectPushes() {
    isForPushes = true;
  }

  /**
   * Takes what has arrived: calls the entries whose replies are whole, in order.
   *
   * @param bytes all unconsumed bytes, borrowed
   * @return how many of them are done with
   */
  public int received(ByteView bytes) {
    int at = 0;
    while (!isStopped && errorText == null && at < bytes.size()) {
      DecodeStatus status = decoder.decode(bytes, at);
      at += decoder.consumedBytes();
      if (status == DecodeStatus.NEED_MORE) {
        break;
      }
      if (status == DecodeStatus.BAD) {
        errorText = decoder.errorText();
      } else {
        dispatch(decoder.reader());
      }
    }
    return at;
  }

  /**
   * What is wrong with what the server sent.
   *
   * @return the fault, or {@code null} as long as there is none
   */
  public String errorText() {
    return errorText;
  }

  /** Calls nobody any more; {@link #received} returns as soon as it gets to it. */
  public void stop() {
    isStopped = true;
  }

  /**
   * The entry that waits longest.
   *
   * @param index from 0, the oldest
   * @return the entry
   */
  public PendingReply pending(int index) {
    return ring[head + Objects.checkIndex(index, count) & ring.length - 1];
  }

  /**
   * How many entries wait.
   *
   * @return abandoned ones included
   */
  public int pendingCount() {
    return count;
  }

  /**
   * Ends the session and frees its memory. No reply will come any more.
   *
   * @return the entries that have not had all of their replies, oldest first
   */
  public List<PendingReply> end() {
    stop();
    List<PendingReply> left = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      left.add(pending(i));
    }
    ring = new PendingReply[CAPACITY_MIN];
    count = 0;
    repliesExpected = 0;
    decoder.close();
    return left;
  }

  @Override
  public void close() {
    end();
  }

  private void dispatch(ReplyReader reader) {
    if (reader.peek() == ReplyType.PUSH) {
      pushes.pushed(reader);
    } else if (count > 0) {
      reply(ring[head], reader);
    } else if (isForPushes) {
      pushes.pushed(reader);
    } else {
      errorText = "RESP: a reply came that answers no command";
    }
  }

  private void reply(PendingReply pending, ReplyReader reader) {
    repliesExpected--;
    repliesTotal++;
    boolean isLast = --pending.missing == 0;
    if (isLast) {
      ring[head] = null;
      head = head + 1 & ring.length - 1;
      count--;
    }
    if (!pending.isAbandoned()) {
      pending.replied(reader, isLast);
    } else if (isLast) {
      pending.drained();
    }
  }

  private void grow() {
    PendingReply[] larger = new PendingReply[2 * ring.length];
    for (int i = 0; i < count; i++) {
      larger[i] = pending(i);
    }
    ring = larger;
    head = 0;
  }
}
