package dev.uring.memcache.codec;

/** What one line of a server says; some are a whole reply, some a part of one. */
public enum ReplyKind {
  /** {@code VALUE}: an item of a text {@code get}; more follow, and then {@link #END}. */
  VALUE,
  /** {@code END}: of items, statistics and dumps. */
  END,
  /** {@code STORED}. */
  STORED,
  /** {@code NOT_STORED}: the condition of add, replace, append or prepend does not hold. */
  NOT_STORED,
  /** {@code EXISTS}: another has changed the item since its cas was read. */
  EXISTS,
  /** {@code NOT_FOUND}: there is no such item. */
  NOT_FOUND,
  /** {@code DELETED}. */
  DELETED,
  /** {@code TOUCHED}. */
  TOUCHED,
  /** {@code OK}. */
  OK,
  /** {@code RESET}: of the statistics. */
  RESET,
  /** {@code BUSY}: the server is already at it. */
  BUSY,
  /** {@code VERSION}, and which. */
  VERSION,
  /** {@code STAT}, {@code ITEM} or {@code PREFIX}: a line of statistics; {@link #END} follows. */
  STAT,
  /** A number alone: what incr and decr have made. */
  NUMBER,
  /** {@code ERROR}: the server does not know the command. */
  ERROR,
  /** {@code CLIENT_ERROR}, and why. */
  CLIENT_ERROR,
  /** {@code SERVER_ERROR}, and why. */
  SERVER_ERROR,
  /** {@code HD}: done, with flags and without a value. */
  META_DONE,
  /** {@code VA}: a value, with flags. */
  META_VALUE,
  /** {@code EN}: no such item, in answer to mg. */
  META_MISS,
  /** {@code NF}: no such item. */
  META_NOT_FOUND,
  /** {@code NS}: the condition does not hold. */
  META_NOT_STORED,
  /** {@code EX}: the item has another cas. */
  META_EXISTS,
  /** {@code MN}: the answer to mn, behind everything that was asked before. */
  META_NOOP,
  /** {@code ME}: what is known of an item. */
  META_DEBUG;

  /**
   * Whether it is one of the three errors, each of which is a whole reply.
   *
   * @return whether the command has failed
   */
  public boolean isError() {
    return this == ERROR || this == CLIENT_ERROR || this == SERVER_ERROR;
  }
}
