package dev.uring.client.session;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Those who wait for replies on one connection whose server answers in the order of the requests.
 *
 * <p><em>Invariant:</em> the ring holds exactly the replies that are still to come. Nothing takes
 * an entry out but its last reply or the end; one that nobody waits for any more is abandoned and
 * stays. So no cancellation, timeout or failing reader can shift replies by one.
 *
 * <h2>Ownership</h2>
 *
 * Entries belong to whoever sent them, and are held until their last reply.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One thread. {@link #answer} calls an entry right away, which may call back. Allocates nothing
 * once the ring has grown.
 *
 * @param <R> what a reply is read with
 */
public final class ReplyRing<R> {
  private static final int CAPACITY_MIN = 16;

  private final int repliesMax;

  // Entries from `head` on, `count` of them. The capacity is a power of two.
  private Pending<R>[] ring = newRing(CAPACITY_MIN);
  private int head;
  private int count;
  private int expected;
  private long total;

  /**
   * A ring for a new connection.
   *
   * @param repliesMax most replies that may be waited for at once
   */
  public ReplyRing(int repliesMax) {
    if (repliesMax < 1) {
      throw new IllegalArgumentException("repliesMax=" + repliesMax + " must be at least 1");
    }
    this.repliesMax = repliesMax;
  }

  /**
   * Whether more may be sent. What is larger than the bound may go alone.
   *
   * @param replies how many replies it will have
   * @return whether {@link #add} accepts it
   */
  public boolean hasRoom(int replies) {
    return count == 0 || expected + replies <= repliesMax;
  }

  /**
   * How many replies are still to come.
   *
   * @return those of abandoned entries included
   */
  public int expected() {
    return expected;
  }

  /**
   * How many replies have come.
   *
   * @return since the ring was made
   */
  public long total() {
    return total;
  }

  /**
   * How many entries wait.
   *
   * @return abandoned ones included
   */
  public int count() {
    return count;
  }

  /**
   * The entry that waits longest.
   *
   * @param index from 0, the oldest
   * @return the entry
   */
  public Pending<R> get(int index) {
    return ring[head + Objects.checkIndex(index, count) & ring.length - 1];
  }

  /**
   * Notes that something is being written to the connection now.
   *
   * @param pending waits for its replies
   */
  public void add(Pending<R> pending) {
    int replies = pending.repliesCount();
    if (replies < 1 || !hasRoom(replies)) {
      throw new IllegalStateException("repliesExpected="
          + expected
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
    expected += replies;
  }

  /**
   * Gives a reply to the oldest entry, or drops it when that is abandoned.
   *
   * @param reply borrowed for the call
   * @return {@code false} when nobody waits for one
   */
  public boolean answer(R reply) {
    if (count == 0) {
      return false;
    }
    Pending<R> pending = ring[head];
    expected--;
    total++;
    boolean isLast = --pending.missing == 0;
    if (isLast) {
      ring[head] = null;
      head = head + 1 & ring.length - 1;
      count--;
    }
    pending.answer(reply, isLast);
    return true;
  }

  /**
   * Forgets all entries: no reply will come any more.
   *
   * @return those that have not had all of their replies, oldest first
   */
  public List<Pending<R>> clear() {
    List<Pending<R>> left = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      left.add(get(i));
    }
    ring = newRing(CAPACITY_MIN);
    head = 0;
    count = 0;
    expected = 0;
    return left;
  }

  private void grow() {
    Pending<R>[] larger = newRing(2 * ring.length);
    for (int i = 0; i < count; i++) {
      larger[i] = get(i);
    }
    ring = larger;
    head = 0;
  }

  @SuppressWarnings({"unchecked", "rawtypes"}) // There are no generic arrays; it never leaves here.
  private static <R> Pending<R>[] newRing(int capacity) {
    return (Pending<R>[]) new Pending[capacity];
  }
}
