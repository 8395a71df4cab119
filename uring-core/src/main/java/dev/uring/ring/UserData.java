package dev.uring.ring;

/**
 * The 64 bits that travel with an SQE and come back with each of its CQEs: a slot and the slot's
 * generation.
 *
 * <p>The generation tells a stale CQE from a fresh one after the slot was used again. The slot is
 * in the low half, so that finding it is one narrowing.
 */
public final class UserData {

  private UserData() {}

  /** Packs {@code slot} and {@code generation}; all 32 bits of each are kept. */
  public static long of(int slot, int generation) {
    return (long) generation << Integer.SIZE | slot & 0xFFFF_FFFFL;
  }

  /** Returns the slot. */
  public static int slot(long userData) {
    return (int) userData;
  }

  /** Returns the generation. */
  public static int generation(long userData) {
    return (int) (userData >>> Integer.SIZE);
  }
}
