package dev.uring.base;

/**
 * The clock that deadlines, timers and periods are counted by.
 *
 * <p>One for everything in a runtime, so that a simulation can put its own in the place of the
 * system's and pass hours in a moment.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Any thread.
 */
@FunctionalInterface
public interface TimeSource {
  /** The system's. */
  TimeSource SYSTEM = System::nanoTime;

  /** The clock of the threads of a simulation; unbound everywhere else. */
  ScopedValue<TimeSource> OF_THREAD = ScopedValue.newInstance();

  /**
   * The clock that the calling thread goes by.
   *
   * @return {@link #SYSTEM}, unless {@link #OF_THREAD} says otherwise
   */
  static TimeSource present() {
    return OF_THREAD.orElse(SYSTEM);
  }

  /**
   * The time.
   *
   * @return nanoseconds from an arbitrary origin; never goes back
   */
  long nanoTime();
}
