package dev.uring.message.codec;

/** What to do when a pool has no message. */
public enum PoolStrategy {
  /** Give none. */
  POOL_ONLY,
  /** Make a new one. */
  ALWAYS
}
