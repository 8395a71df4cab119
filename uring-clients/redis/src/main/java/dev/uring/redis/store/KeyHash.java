package dev.uring.redis.store;

import dev.uring.bytes.ByteView;
import java.security.SecureRandom;

/**
 * The hash of a key: picks its bucket in a {@link Keyspace} and the worker that owns it.
 *
 * <h2>Shapes and units</h2>
 *
 * 64 bits, the same for the same bytes as long as the process lives and another in the next: a peer
 * that could choose keys with equal hashes could turn a map into a list. {@link #owner} uses the
 * upper half and buckets the lower, so the keys of one worker still spread over all its buckets.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Any thread; allocates nothing.
 */
public final class KeyHash {
  private static final long SEED = new SecureRandom().nextLong();
  // Odd constants with as many ones as zeros, without a pattern: digits of the golden ratio and e.
  private static final long MIX_1 = 0x9E3779B97F4A7C15L;
  private static final long MIX_2 = 0xADF85458A2BB4A9BL;

  private KeyHash() {}

  /**
   * Hashes a part of a view.
   *
   * @param bytes where the key stands
   * @param from its first byte
   * @param count how many bytes it has
   * @return the hash
   */
  public static long of(ByteView bytes, int from, int count) {
    long hash = SEED ^ count * MIX_2;
    int at = from;
    int until = from + count;
    for (; until - at >= Long.BYTES; at += Long.BYTES) {
      hash = fold(hash ^ bytes.getLongLe(at));
    }
    if (at < until) {
      hash = fold(hash ^ tail(bytes, at, until));
    }
    return fold(hash ^ MIX_2);
  }

  /**
   * Who owns a key.
   *
   * @param hash the key's hash
   * @param workersCount how many workers share the keys
   * @return a worker, from 0
   */
  public static int owner(long hash, int workersCount) {
    // The upper half as a fraction of 1, times the count: even, and no division.
    return (int) ((hash >>> 32) * workersCount >>> 32);
  }

  private static long tail(ByteView bytes, int from, int until) {
    long tail = 0;
    for (int at = until - 1; at >= from; at--) {
      tail = tail << 8 | bytes.getUnsigned(at);
    }
    return tail;
  }

  // Both halves of the 128-bit product: every input bit reaches every output bit in one
  // multiplication.
  private static long fold(long value) {
    return value * MIX_1 ^ Math.unsignedMultiplyHigh(value, MIX_1);
  }
}
