package dev.uring.redis.codec;

/** What a limit of this package may be. */
final class LimitRange {
  private LimitRange() {}

  /**
   * Refuses a limit outside of its range; {@code type} is whose {@code defaults()} are the remedy.
   */
  static void check(Class<?> type, String name, int value, int min, int max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(name
          + "="
          + value
          + " is outside "
          + min
          + ".."
          + max
          + ": choose a value in this range, or take "
          + type.getSimpleName()
          + ".defaults()");
    }
  }
}
