package dev.uring.memcache.store;

import java.util.HashMap;
import java.util.Map;

/**
 * A store of bounded memory that lets go first what was not used for longest.
 *
 * <h2>Shapes and units</h2>
 *
 * Expired items go when somebody looks for them, or as the oldest ones.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One thread.
 */
public final class LruItemStore implements ItemStore {
  private final long bytesMax;
  private final Map<String, Item> items = new HashMap<>();

  // A ring: the item used last is next to the sentinel on its `older` side.
  private final Item ends = new Item("", new byte[0], 0, Item.NEVER);
  private long sizeBytes;
  private long evictions;

  /**
   * An empty store.
   *
   * @param bytesMax most memory of all items, roughly
   */
  public LruItemStore(long bytesMax) {
    if (bytesMax < 1) {
      throw new IllegalArgumentException("bytesMax=" + bytesMax + " must be at least 1");
    }
    this.bytesMax = bytesMax;
    ends.newer = ends;
    ends.older = ends;
  }

  @Override
  public Item find(String key, long now) {
    Item item = items.get(key);
    if (item == null) {
      return null;
    }
    if (item.isExpired(now)) {
      remove(key);
      return null;
    }
    unlink(item);
    link(item);
    return item;
  }

  @Override
  public boolean put(Item item) {
    remove(item.key);
    if (item.sizeBytes() > bytesMax) {
      return false;
    }
    while (sizeBytes + item.sizeBytes() > bytesMax) {
      remove(ends.newer.key);
      evictions++;
    }
    items.put(item.key, item);
    link(item);
    item.chargedBytes = item.sizeBytes();
    sizeBytes += item.chargedBytes;
    return true;
  }

  @Override
  public void remove(String key) {
    Item item = items.remove(key);
    if (item != null) {
      unlink(item);
      sizeBytes -= item.chargedBytes;
    }
  }

  @Override
  public void clear() {
    items.clear();
    ends.newer = ends;
    ends.older = ends;
    sizeBytes = 0;
  }

  @Override
  public int count() {
    return items.size();
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public long evictions() {
    return evictions;
  }

  private void link(Item item) {
    item.newer = ends;
    item.older = ends.older;
    ends.older.newer = item;
    ends.older = item;
  }

  private static void unlink(Item item) {
    item.newer.older = item.older;
    item.older.newer = item.newer;
  }
}
