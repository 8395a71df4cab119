package dev.uring.memcache.store;

import java.util.function.LongSupplier;

/** The time of a server, and what the protocol's expiration times are on it. */
final class ItemClock {
  /** protocol.txt §Expiration times: more seconds are taken for a point in time. */
  private static final long RELATIVE_SECONDS_MAX = 60L * 60 * 24 * 30;

  private final LongSupplier epochSeconds;

  ItemClock(LongSupplier epochSeconds) {
    this.epochSeconds = epochSeconds;
  }

  long now() {
    return epochSeconds.getAsLong();
  }

  /** The point in time of an expiration time: 0 is never, less than that is over already. */
  long expiresAt(long exptime) {
    if (exptime == 0) {
      return Item.NEVER;
    }
    if (exptime < 0) {
      return 1;
    }
    return exptime <= RELATIVE_SECONDS_MAX ? now() + exptime : exptime;
  }
}
