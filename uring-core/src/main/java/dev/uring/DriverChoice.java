package dev.uring;

import dev.uring.base.ConfigException;
import java.util.Locale;

/** What workers run on; see {@link RuntimeConfig#driver()}. */
public enum DriverChoice {
  /** io_uring where it works, else the JDK's selector with a warning. */
  AUTO,

  /** io_uring, or an error. */
  URING,

  /** The JDK's selector. */
  NIO;

  /**
   * Reads what a user wrote.
   *
   * @param source where it stands, for the message
   * @param text {@code auto}, {@code uring} or {@code nio}, in any case
   * @return the choice
   * @throws ConfigException it is none of these
   */
  public static DriverChoice parse(String source, String text) {
    return switch (text.strip().toLowerCase(Locale.ROOT)) {
      case "auto" -> AUTO;
      case "uring" -> URING;
      case "nio" -> NIO;
      default ->
        throw new ConfigException(source, source + "=" + text + " must be auto, uring or nio");
    };
  }
}
