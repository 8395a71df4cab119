package dev.uring.worker;

/**
 * A hierarchical timer wheel: arming and disarming are O(1), and an empty stretch of time costs
 * nothing to cross.
 *
 * <p>Time is counted in ticks of {@link #TICK_NANOS}. Level 0 has one slot for each of the next 256
 * ticks, level 1 one for each of the next 256 spans of 256 ticks, and so on. A timer sits at the
 * level of the highest byte in which its deadline differs from the present tick; when the present
 * enters the span of an upper slot, its timers move down. So a slot index is simply a byte of the
 * deadline, and no slot ever holds timers of two different rounds.
 *
 * <p>Timers fire in the order of their ticks, and those of one tick in the order in which they were
 * armed: a slot is a queue, a slot that moves down keeps its order, and two timers of one tick are
 * always in the same slot.
 *
 * <p>Never early: a deadline is rounded up to a whole tick. Late by at most one tick, plus what the
 * kernel needs to wake the worker.
 *
 * <p><i>Rejected:</i> a binary heap. It needs O(log n) for every disarm, and nearly every timer of
 * a server (idle, request timeout) is disarmed or moved rather than fired.
 *
 * <p><i>Thread:</i> the worker's.
 */
final class TimerWheel {
  // 2^18 ns = 0.26 ms: a quarter of the millisecond that callers think in, so rounding up stays
  // invisible, while the six levels still span more than any clock.
  static final int TICK_SHIFT = 18;
  static final long TICK_NANOS = 1L << TICK_SHIFT;
  static final long NO_DEADLINE = Long.MAX_VALUE;

  private static final int SLOT_BITS = 8;
  private static final int SLOTS = 1 << SLOT_BITS;
  private static final int SLOT_MASK = SLOTS - 1;
  private static final int LEVELS = 6;
  private static final int WORDS = SLOTS / Long.SIZE;

  // The last tick whose time in nanoseconds is a long, 292 years on: one more, and the time to
  // sleep until it would come out negative.
  private static final long TICK_MAX = Long.MAX_VALUE >>> TICK_SHIFT;

  private final long startNanos;
  private final FailureListener failures;
  private final Timer[][] slots = new Timer[LEVELS][];
  private final long[] occupied = new long[LEVELS * WORDS];
  private long currentTick;
  private int armedCount;
  private long firedCount;

  /** Hears of what a timer threw; the wheel goes on. */
  @FunctionalInterface
  interface FailureListener {
    void failed(Throwable failure);
  }

  TimerWheel(long startNanos, FailureListener failures) {
    this.startNanos = startNanos;
    this.failures = failures;
  }

  int armedCount() {
    return armedCount;
  }

  long firedCount() {
    return firedCount;
  }

  void arm(Timer timer, long nowNanos, long delayNanos) {
    disarm(timer);
    long sinceStart = nowNanos - startNanos;
    long deadline = sinceStart + Math.max(delayNanos, 0);
    long tick = deadline < 0 ? TICK_MAX : ceilTick(deadline);
    // Not the current tick, even when it is due: a timer that arms itself again with no delay must
    // wait for the next turn, or expire() would never return.
    timer.deadlineTick = Math.clamp(tick, currentTick + 1, TICK_MAX);
    insert(timer);
    armedCount++;
  }

  boolean disarm(Timer timer) {
    if (timer.level < 0) {
      return false;
    }
    unlink(timer);
    armedCount--;
    return true;
  }

  /** Fires what is due at {@code nowNanos}. */
  void expire(long nowNanos) {
    long nowTick = (nowNanos - startNanos) >>> TICK_SHIFT;
    while (armedCount > 0) {
      long next = nextSlot();
      int level = slotLevel(next);
      long slotTick = slotStartTick(next, level);
      if (slotTick > nowTick) {
        break;
      }
      currentTick = slotTick;
      int index = (int) next & SLOT_MASK;
      if (level == 0) {
        fireAll(index);
      } else {
        moveDown(level, index);
      }
    }
    currentTick = Math.max(currentTick, nowTick);
  }

  /**
   * How long the worker may sleep.
   *
   * @return nanoseconds until the wheel next has work, 0 when it has now, {@link #NO_DEADLINE} when
   *     no timer is armed
   */
  long nanosToNext(long nowNanos) {
    if (armedCount == 0) {
      return NO_DEADLINE;
    }
    long next = nextSlot();
    long dueNanos = slotStartTick(next, slotLevel(next)) << TICK_SHIFT;
    return Math.max(0, dueNanos - (nowNanos - startNanos));
  }

  private static long ceilTick(long nanos) {
    return (nanos + TICK_NANOS - 1) >>> TICK_SHIFT;
  }

  private void insert(Timer timer) {
    long differing = timer.deadlineTick ^ currentTick;
    int level = differing == 0 ? 0 : (Long.SIZE - 1 - Long.numberOfLeadingZeros(differing)) >>> 3;
    int index = (int) (timer.deadlineTick >>> (level * SLOT_BITS)) & SLOT_MASK;
    Timer[] heads = slots[level];
    if (heads == null) {
      heads = new Timer[SLOTS];
      slots[level] = heads;
    }
    timer.level = level;
    timer.slotIndex = index;
    timer.next = null;
    Timer head = heads[index];
    if (head == null) {
      timer.previous = timer;
      heads[index] = timer;
      occupied[level * WORDS + (index >>> 6)] |= 1L << index;
    } else {
      Timer tail = head.previous;
      tail.next = timer;
      timer.previous = tail;
      head.previous = timer;
    }
  }

  private void unlink(Timer timer) {
    Timer[] heads = slots[timer.level];
    Timer head = heads[timer.slotIndex];
    Timer before = timer.previous;
    Timer after = timer.next;
    if (timer == head) {
      heads[timer.slotIndex] = after;
      if (after == null) {
        clearOccupied(timer.level, timer.slotIndex);
      } else {
        after.previous = before;
      }
    } else {
      before.next = after;
      (after == null ? head : after).previous = before;
    }
    timer.previous = null;
    timer.next = null;
    timer.level = -1;
  }

  private void clearOccupied(int level, int index) {
    occupied[level * WORDS + (index >>> 6)] &= ~(1L << index);
  }

  // One by one from the slot: a callback may disarm any timer, one that is due in this very tick
  // included. None is added meanwhile, because no timer is armed for the current tick.
  private void fireAll(int index) {
    for (Timer timer = slots[0][index]; timer != null; timer = slots[0][index]) {
      unlink(timer);
      armedCount--;
      firedCount++;
      try {
        timer.fire();
      } catch (Throwable failure) {
        failures.failed(failure);
      }
    }
  }

  private void moveDown(int level, int index) {
    Timer timer = slots[level][index];
    slots[level][index] = null;
    clearOccupied(level, index);
    while (timer != null) {
      Timer following = timer.next;
      insert(timer);
      timer = following;
    }
  }

  // The earliest occupied slot as level << 8 | index; call only with a timer armed. Lower levels
  // come first: everything in them is due before the present span ends.
  private long nextSlot() {
    for (int level = 0; level < LEVELS; level++) {
      int from = (int) (currentTick >>> (level * SLOT_BITS)) & SLOT_MASK;
      int index = nextOccupied(level, from);
      if (index >= 0) {
        return (long) level << SLOT_BITS | index;
      }
    }
    throw new IllegalStateException("no occupied slot, armed=" + armedCount);
  }

  private int nextOccupied(int level, int from) {
    int word = from >>> 6;
    long bits = occupied[level * WORDS + word] & (-1L << from);
    while (true) {
      if (bits != 0) {
        return (word << 6) + Long.numberOfTrailingZeros(bits);
      }
      if (++word == WORDS) {
        return -1;
      }
      bits = occupied[level * WORDS + word];
    }
  }

  private static int slotLevel(long slot) {
    return (int) (slot >>> SLOT_BITS);
  }

  private long slotStartTick(long slot, int level) {
    int shift = level * SLOT_BITS;
    long above = shift + SLOT_BITS >= Long.SIZE ? 0 : -1L << (shift + SLOT_BITS);
    return (currentTick & above) | (slot & SLOT_MASK) << shift;
  }
}
