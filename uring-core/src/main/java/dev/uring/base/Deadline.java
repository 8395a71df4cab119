package dev.uring.base;

import java.time.Duration;

/**
 * A moment by which something has to be done, to be handed from call to call: a timeout says how
 * long each of them may take, a deadline how long all of them may.
 *
 * <h2>Shapes and units</h2>
 *
 * Counted by {@link TimeSource#present()}, the system's clock: it has nothing to do with the time
 * of day and does not jump with it. {@link #NEVER} has no end; times further off than 146 years are
 * taken for it.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Immutable. Does nothing by itself when the moment comes.
 */
public final class Deadline implements Comparable<Deadline> {
  /** A moment that never comes. */
  public static final Deadline NEVER = new Deadline(0, true);

  // Half of what a difference of two times can be: beyond it, a comparison could turn round.
  private static final long AHEAD_NANOS_MAX = Long.MAX_VALUE / 2;

  private final long atNanos;
  private final boolean isNever;

  private Deadline(long atNanos, boolean isNever) {
    this.atNanos = atNanos;
    this.isNever = isNever;
  }

  /**
   * The present moment: a deadline that has just passed.
   *
   * @return a deadline
   */
  public static Deadline now() {
    return new Deadline(TimeSource.present().nanoTime(), false);
  }

  /**
   * A moment ahead.
   *
   * @param time how far from now; not positive for a deadline that has passed
   * @return a deadline
   */
  public static Deadline after(Duration time) {
    long nanos;
    try {
      nanos = time.toNanos();
    } catch (ArithmeticException farOff) {
      nanos = time.isNegative() ? 0 : Long.MAX_VALUE;
    }
    return afterNanos(nanos);
  }

  /**
   * A moment ahead.
   *
   * @param nanos how far from now, in nanoseconds; not positive for a deadline that has passed
   * @return a deadline
   */
  public static Deadline afterNanos(long nanos) {
    return nanos > AHEAD_NANOS_MAX
        ? NEVER
        : new Deadline(TimeSource.present().nanoTime() + Math.max(nanos, 0), false);
  }

  /**
   * How long it is until then.
   *
   * @return nanoseconds; 0 when the moment has passed, {@link Long#MAX_VALUE} for {@link #NEVER}
   */
  public long remainingNanos() {
    return isNever ? Long.MAX_VALUE : Math.max(atNanos - TimeSource.present().nanoTime(), 0);
  }

  /**
   * How long it is until then.
   *
   * @return a time; zero when the moment has passed, 292 years for {@link #NEVER}
   */
  public Duration remaining() {
    return Duration.ofNanos(remainingNanos());
  }

  /**
   * Whether the moment has passed.
   *
   * @return {@code true} from that moment on
   */
  public boolean isPast() {
    return remainingNanos() == 0;
  }

  /**
   * Of two deadlines the one that comes first.
   *
   * @param other another deadline
   * @return this or the other
   */
  public Deadline orEarlier(Deadline other) {
    return compareTo(other) <= 0 ? this : other;
  }

  @Override
  public int compareTo(Deadline other) {
    if (isNever || other.isNever) {
      return Boolean.compare(isNever, other.isNever);
    }
    return Long.signum(atNanos - other.atNanos);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Deadline deadline && compareTo(deadline) == 0;
  }

  @Override
  public int hashCode() {
    return isNever ? 1 : Long.hashCode(atNanos);
  }

  @Override
  public String toString() {
    return isNever ? "Deadline(never)" : "Deadline(in " + remaining() + ")";
  }
}
