package dev.uring.memcache.store;

/**
 * Where the items of a server are.
 *
 * <h2>Ownership</h2>
 *
 * The store owns the items that it holds; a service changes them in place, and then says so with
 * {@link #put}.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One thread. Called on a worker: must not block it.
 */
public interface ItemStore {
  /**
   * Finds an item, and notes that it was used.
   *
   * @param key one char for each byte
   * @param now seconds since the epoch
   * @return {@code null} when there is none or it has expired
   */
  Item find(String key, long now);

  /**
   * Holds an item, in place of the one with the same key.
   *
   * @param item new, or one that was found and has another value now
   * @return {@code false} when it is larger than the whole store; what was there is gone then
   */
  boolean put(Item item);

  /**
   * Lets an item go.
   *
   * @param key one char for each byte
   */
  void remove(String key);

  /** Lets all items go. */
  void clear();

  /**
   * How many items there are.
   *
   * @return those included that have expired and that nobody has looked for
   */
  int count();

  /**
   * What the items take.
   *
   * @return bytes, roughly
   */
  long sizeBytes();

  /**
   * How many items went to make room.
   *
   * @return since the store was made
   */
  long evictions();
}
