package dev.uring;

import dev.uring.base.ConfigException;
import java.time.Duration;

/** The bounds of configuration values, and the words for a value outside them. */
final class ConfigChecks {
  private static final int ALIGNMENT_BYTES = 64;

  private ConfigChecks() {}

  static void range(String field, long value, long least, long most, String remedy) {
    if (value < least || value > most) {
      throw refused(field, value, "must be from " + least + " to " + most, remedy);
    }
  }

  static void powerOfTwo(String field, int value, int least, int most) {
    boolean isPower = Integer.bitCount(value) == 1 && value > 0;
    if (!isPower || value < least || value > most) {
      int nearest = Integer.highestOneBit(Math.clamp(value, least, most));
      throw refused(
          field, value, "must be a power of two from " + least + " to " + most, "use " + nearest);
    }
  }

  static void multipleOf64(String field, int value, int least, int most) {
    if (value % ALIGNMENT_BYTES != 0 || value < least || value > most) {
      int nearest = Math.clamp(value, least, most) / ALIGNMENT_BYTES * ALIGNMENT_BYTES;
      throw refused(
          field, value, "must be a multiple of 64 from " + least + " to " + most, "use " + nearest);
    }
  }

  static void duration(String field, Duration value, Duration most) {
    if (value.isNegative() || value.compareTo(most) > 0) {
      throw refused(field, value, "must be from PT0S to " + most, "use a time within the bound");
    }
  }

  private static ConfigException refused(String field, Object value, String bound, String remedy) {
    return new ConfigException(
        field, "RuntimeConfig." + field + "=" + value + " " + bound + "; " + remedy);
  }
}
