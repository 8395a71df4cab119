package dev.uring.redis.store;

import dev.uring.bytes.ByteView;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * A map from keys to values with deadlines.
 *
 * <h2>Shapes and units</h2>
 *
 * An expired entry is gone for every reader from its deadline on; its memory is freed by the next
 * look at its key or by {@link #expireDue}. {@link #size()} counts what is still in memory.
 *
 * <p>Growing never stops the thread: entries move to the larger table a bucket at a time, with each
 * change.
 *
 * <h2>Ownership</h2>
 *
 * Owns its entries. Keys and values are copied in.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One thread. Finding allocates nothing; storing allocates a value, and an entry and key when new.
 *
 * @see KeyHash#owner who owns a key when there are several keyspaces
 */
public final class Keyspace {
  private static final int BUCKETS_MIN = 16;
  private static final int BUCKETS_MAX = 1 << 30;
  // A table this many times too large for its entries is exchanged for a smaller one.
  private static final int SPARSE_FACTOR = 8;
  // Buckets of the old table looked at in each step: enough that it is empty before the new one is
  // full, also when it was mostly empty itself.
  private static final int REHASH_BUCKETS = 4;

  private final LongSupplier clock;
  private final ExpiryHeap deadlines = new ExpiryHeap();

  // Invariant: an entry is in `older` only while a rehash goes on, and then in a bucket from
  // `rehashAt` on.
  private Entry[] table = new Entry[BUCKETS_MIN];
  private Entry[] older;
  private int rehashAt;
  private int size;

  /** An empty keyspace on the system's clock. */
  public Keyspace() {
    this(System::currentTimeMillis);
  }

  /**
   * An empty keyspace.
   *
   * @param clock milliseconds since the epoch
   */
  public Keyspace(LongSupplier clock) {
    this.clock = clock;
  }

  /**
   * The time that deadlines are compared with.
   *
   * @return milliseconds since the epoch
   */
  public long nowMillis() {
    return clock.getAsLong();
  }

  /**
   * How many entries there are, expired ones that nobody has looked at included.
   *
   * @return the number of entries in memory
   */
  public int size() {
    return size;
  }

  /**
   * Finds a key.
   *
   * @param key the key
   * @return its entry, or null when there is none or it has expired
   */
  public Entry get(ByteView key) {
    Entry entry = find(key, hash(key));
    return entry != null && isExpired(entry) ? forget(entry) : entry;
  }

  /**
   * Whether a key is there.
   *
   * @param key the key
   * @return whether it has an entry that has not expired
   */
  public boolean contains(ByteView key) {
    return get(key) != null;
  }

  /**
   * Finds a key, or adds it with an empty value and no deadline.
   *
   * @param key the key, copied when it is new
   * @return its entry
   */
  public Entry getOrAdd(ByteView key) {
    int hash = hash(key);
    Entry entry = find(key, hash);
    if (entry != null && isExpired(entry)) {
      entry = forget(entry);
    }
    return entry == null ? add(key, hash) : entry;
  }

  /**
   * Stores a value and clears the key's deadline.
   *
   * @param key the key, copied when it is new
   * @param value the value, copied
   * @return the entry
   */
  public Entry set(ByteView key, ByteView value) {
    int hash = hash(key);
    Entry entry = find(key, hash);
    if (entry == null) {
      entry = add(key, hash);
    } else if (entry.deadlineMillis != Entry.NEVER) {
      setDeadline(entry, Entry.NEVER);
    }
    entry.set(value);
    return entry;
  }

  /**
   * Removes a key.
   *
   * @param key the key
   * @return whether it was there and had not expired
   */
  public boolean remove(ByteView key) {
    Entry entry = find(key, hash(key));
    if (entry == null) {
      return false;
    }
    boolean isLive = !isExpired(entry);
    forget(entry);
    return isLive;
  }

  /**
   * Sets when an entry expires; a deadline that has passed removes it at once.
   *
   * @param entry an entry of this keyspace
   * @param deadlineMillis milliseconds since the epoch, or {@link Entry#NEVER}
   */
  public void setDeadline(Entry entry, long deadlineMillis) {
    entry.deadlineMillis = deadlineMillis;
    if (isExpired(entry)) {
      forget(entry);
    } else {
      deadlines.update(entry);
    }
  }

  /** Removes everything. */
  public void clear() {
    // New objects and not emptied ones: emptying a table of millions would take its time.
    table = new Entry[BUCKETS_MIN];
    older = null;
    size = 0;
    deadlines.clear();
  }

  /**
   * Frees entries that have expired.
   *
   * @param entriesMax most entries to free, so that a crowd of deadlines does not hold up the
   *     thread
   * @return how many were freed; fewer than {@code entriesMax} when no more are due
   */
  public int expireDue(int entriesMax) {
    long now = clock.getAsLong();
    int freed = 0;
    Entry first = deadlines.first();
    while (freed < entriesMax && first != null && first.deadlineMillis <= now) {
      forget(first);
      freed++;
      first = deadlines.first();
    }
    return freed;
  }

  /**
   * Visits every entry that has not expired, in no order.
   *
   * @param visit must not change the keyspace
   */
  public void forEach(Consumer<Entry> visit) {
    long now = clock.getAsLong();
    visitAll(table, now, visit);
    if (older != null) {
      visitAll(older, now, visit);
    }
  }

  /**
   * Visits some entries and says where to go on.
   *
   * <p>Entries that are there from the first call to the last are all visited, whatever comes and
   * goes in between; one may be visited twice. This holds although the table may grow or shrink
   * between two calls, because the cursor counts with its bits reversed: the buckets that a bucket
   * is split into, or merged from, are neighbours in that order (Pieter Noordhuis's algorithm, as
   * in Redis {@code dict.c}, dictScan).
   *
   * @param cursor 0 at first, then what the last call returned
   * @param entriesWanted stop after the bucket that reaches this number
   * @param visit must not change the keyspace
   * @return where to go on, or 0 when every bucket has been visited
   */
  public long scan(long cursor, int entriesWanted, Consumer<Entry> visit) {
    Scan scan = new Scan(visit, clock.getAsLong());
    long next = cursor;
    // As Redis: a sparse table must not make one call visit all of it.
    long bucketsLeft = 10L * entriesWanted;
    do {
      next = scanBucket(next, scan);
    } while (next != 0 && --bucketsLeft > 0 && scan.visited < entriesWanted);
    return next;
  }

  private static final class Scan {
    private final Consumer<Entry> visit;
    private final long now;
    private int visited;

    Scan(Consumer<Entry> visit, long now) {
      this.visit = visit;
      this.now = now;
    }

    void visitBucket(Entry[] buckets, long bucket) {
      for (Entry entry = buckets[(int) bucket]; entry != null; entry = entry.next) {
        if (entry.deadlineMillis > now) {
          visit.accept(entry);
        }
        visited++;
      }
    }
  }

  private long scanBucket(long cursor, Scan scan) {
    Entry[] small = older != null && older.length < table.length ? older : table;
    Entry[] large = small == table ? older : table;
    long smallMask = small.length - 1;
    long largeMask = large == null ? smallMask : large.length - 1;
    scan.visitBucket(small, cursor & smallMask);
    long next = cursor;
    // Every bucket of the larger table that the small one's bucket expands to.
    do {
      if (large != null) {
        scan.visitBucket(large, next & largeMask);
      }
      next = Long.reverse(Long.reverse(next | ~largeMask) + 1);
    } while ((next & (smallMask ^ largeMask)) != 0);
    return next;
  }

  private static int hash(ByteView key) {
    return (int) KeyHash.of(key, 0, key.size());
  }

  private boolean isExpired(Entry entry) {
    // The clock is asked only for entries that can expire: most cannot.
    return entry.deadlineMillis != Entry.NEVER && entry.deadlineMillis <= clock.getAsLong();
  }

  private Entry find(ByteView key, int hash) {
    Entry entry = findIn(table, key, hash);
    return entry == null && older != null ? findIn(older, key, hash) : entry;
  }

  private static Entry findIn(Entry[] buckets, ByteView key, int hash) {
    Entry entry = buckets[hash & (buckets.length - 1)];
    while (entry != null && !(entry.bucketHash == hash && KeyBytes.equal(key, entry.key))) {
      entry = entry.next;
    }
    return entry;
  }

  private Entry add(ByteView key, int hash) {
    Entry entry = new Entry(key.toByteArray(), hash);
    link(table, entry);
    size++;
    if (older != null) {
      rehashSome();
    } else if (size > table.length && table.length < BUCKETS_MAX) {
      startRehash(table.length * 2);
    }
    return entry;
  }

  /** Takes an entry out; returns null, which is what its key has now. */
  private Entry forget(Entry entry) {
    if (!unlink(table, entry)) {
      unlink(older, entry);
    }
    deadlines.remove(entry);
    size--;
    if (older != null) {
      rehashSome();
    } else if (table.length > BUCKETS_MIN && size < table.length / SPARSE_FACTOR) {
      startRehash(table.length / 2);
    }
    return null;
  }

  private static void link(Entry[] buckets, Entry entry) {
    int bucket = entry.bucketHash & (buckets.length - 1);
    entry.next = buckets[bucket];
    buckets[bucket] = entry;
  }

  private static boolean unlink(Entry[] buckets, Entry entry) {
    int bucket = entry.bucketHash & (buckets.length - 1);
    Entry at = buckets[bucket];
    if (at == entry) {
      buckets[bucket] = entry.next;
      return true;
    }
    while (at != null && at.next != entry) {
      at = at.next;
    }
    if (at != null) {
      at.next = entry.next;
    }
    return at != null;
  }

  private void startRehash(int bucketsCount) {
    older = table;
    table = new Entry[bucketsCount];
    rehashAt = 0;
  }

  private void rehashSome() {
    for (int left = REHASH_BUCKETS; left > 0 && rehashAt < older.length; left--) {
      Entry entry = older[rehashAt];
      older[rehashAt++] = null;
      while (entry != null) {
        Entry next = entry.next;
        link(table, entry);
        entry = next;
      }
    }
    if (rehashAt == older.length) {
      older = null;
    }
  }

  private static void visitAll(Entry[] buckets, long now, Consumer<Entry> visit) {
    for (Entry bucket : buckets) {
      for (Entry entry = bucket; entry != null; entry = entry.next) {
        if (entry.deadlineMillis > now) {
          visit.accept(entry);
        }
      }
    }
  }
}
