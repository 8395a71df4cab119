package dev.uring.bench.load;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/**
 * The bytes that connections send: byte {@code p} of connection {@code c} is {@code table[(base(c)
 * + p) mod PERIOD]}.
 *
 * <p>The table is random and its period prime, so that a lost, repeated, reordered or foreign byte
 * is seen at once; blocks that a server might swap have power-of-two sizes and never lie a multiple
 * of the period apart.
 */
final class LoadContent {
  static final int PERIOD = 262_139;
  private static final int BASE_STEP = 104_729;

  private final ByteBuffer table;

  /**
   * Fills the table.
   *
   * @param contiguousBytes how much a connection may want to send in one piece from any position
   */
  LoadContent(long seed, long contiguousBytes) {
    table = ByteBuffer.allocateDirect(Math.toIntExact(PERIOD + contiguousBytes));
    byte[] bytes = new byte[PERIOD];
    new SplittableRandom(seed).nextBytes(bytes);
    while (table.hasRemaining()) {
      table.put(bytes, 0, Math.min(PERIOD, table.remaining()));
    }
    table.flip();
  }

  /** Returns a buffer of its own over the table. */
  ByteBuffer view() {
    return table.duplicate();
  }

  static long base(int slot) {
    return (slot + 1L) * BASE_STEP;
  }
}
