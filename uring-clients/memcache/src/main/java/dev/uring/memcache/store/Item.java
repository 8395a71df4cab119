package dev.uring.memcache.store;

/**
 * One item. Belongs to the thread of its store; its key never changes.
 *
 * <h2>Shapes and units</h2>
 *
 * Times are seconds since the epoch.
 */
public final class Item {
  /** {@link #expiresAt} of an item that never expires. */
  public static final long NEVER = 0;

  private static final int OVERHEAD_BYTES = 96; // Object headers, fields and the map's entry.

  final String key;
  byte[] value;
  int clientFlags;
  long expiresAt;
  long cas;
  long readAt;
  boolean wasRead;
  boolean isStale;
  boolean isWon;

  // What its store has counted it with: its value may be another one by now.
  long chargedBytes;

  // Members of the list of its store, ends at a sentinel.
  Item newer;
  Item older;

  /**
   * An item.
   *
   * @param key one char for each byte
   * @param value handed over
   * @param clientFlags the program's own 32 bits
   * @param expiresAt seconds since the epoch, or {@link #NEVER}
   */
  public Item(String key, byte[] value, int clientFlags, long expiresAt) {
    this.key = key;
    this.value = value;
    this.clientFlags = clientFlags;
    this.expiresAt = expiresAt;
  }

  /**
   * Its key.
   *
   * @return one char for each byte
   */
  public String key() {
    return key;
  }

  /**
   * Its value.
   *
   * @return the item's own array
   */
  public byte[] value() {
    return value;
  }

  /**
   * When it expires.
   *
   * @return seconds since the epoch, or {@link #NEVER}
   */
  public long expiresAt() {
    return expiresAt;
  }

  /**
   * What it takes.
   *
   * @return bytes of memory, roughly
   */
  public long sizeBytes() {
    return key.length() + value.length + OVERHEAD_BYTES;
  }

  boolean isExpired(long now) {
    return expiresAt != NEVER && expiresAt <= now;
  }
}
