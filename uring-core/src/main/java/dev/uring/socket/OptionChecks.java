package dev.uring.socket;

import dev.uring.base.ConfigException;
import java.time.Duration;

/** The bounds of socket options, and the words for a value outside them. */
final class OptionChecks {
  private OptionChecks() {}

  static void range(String field, long value, long least, long most) {
    if (value < least || value > most) {
      throw refused(field, value, "must be from " + least + " to " + most);
    }
  }

  static void seconds(String field, Duration value, int most) {
    if (value.toNanosPart() != 0 || value.toSeconds() < 1 || value.toSeconds() > most) {
      throw refused(field, value, "must be whole seconds from PT1S to " + Duration.ofSeconds(most));
    }
  }

  static void atMost(String field, Duration value, Duration least, Duration most) {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw refused(field, value, "must be from " + least + " to " + most);
    }
  }

  private static ConfigException refused(String field, Object value, String bound) {
    return new ConfigException(field, "SocketOptions." + field + "=" + value + " " + bound);
  }
}
