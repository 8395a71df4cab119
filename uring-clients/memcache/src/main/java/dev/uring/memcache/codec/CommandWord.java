package dev.uring.memcache.codec;

import java.nio.charset.StandardCharsets;

/** The commands of both protocols. */
public enum CommandWord {
  /** Reads items. */
  GET,
  /** Reads items with their cas. */
  GETS,
  /** Reads items and sets when they expire. */
  GAT,
  /** Reads items with their cas and sets when they expire. */
  GATS,
  /** Stores. */
  SET,
  /** Stores what is not there. */
  ADD,
  /** Stores in place of what is there. */
  REPLACE,
  /** Puts bytes behind those of an item. */
  APPEND,
  /** Puts bytes before those of an item. */
  PREPEND,
  /** Stores if nobody has changed the item. */
  CAS,
  /** Deletes. */
  DELETE,
  /** Adds to a number. */
  INCR,
  /** Takes from a number. */
  DECR,
  /** Sets when an item expires. */
  TOUCH,
  /** Forgets everything. */
  FLUSH_ALL,
  /** How much the server logs. */
  VERBOSITY,
  /** Which server. */
  VERSION,
  /** Statistics. */
  STATS,
  /** Ends the connection. */
  QUIT,
  /** Meta get. */
  MG,
  /** Meta set. */
  MS,
  /** Meta delete. */
  MD,
  /** Meta arithmetic. */
  MA,
  /** Answered behind everything before it. */
  MN,
  /** What is known of an item. */
  ME;

  /**
   * Whether the effect and the reply of twice are those of once.
   *
   * @return {@code true} for reads, {@code set} and {@code touch}
   */
  public boolean isIdempotent() {
    return switch (this) {
      case GET, GETS, GAT, GATS, SET, TOUCH, VERSION, STATS, MG, MN, ME -> true;
      default -> false;
    };
  }

  final byte[] name = name().toLowerCase(java.util.Locale.ROOT).getBytes(StandardCharsets.US_ASCII);
}
