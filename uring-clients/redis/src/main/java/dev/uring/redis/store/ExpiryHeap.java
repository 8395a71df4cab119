package dev.uring.redis.store;

import java.util.Arrays;

/**
 * Entries with a deadline, the earliest first: a binary heap in which every entry knows its place.
 *
 * <p>Redis samples keys at random and so may keep expired ones for long; a heap finds exactly those
 * that are due and costs a deadline its logarithm. Rejected: a timer wheel, whose slots would have
 * to be as fine as a millisecond and reach as far as a century.
 *
 * <p><i>Invariant:</i> entries[i].heapIndex == i, and no entry is due before its parent.
 */
final class ExpiryHeap {
  static final int ABSENT = -1;

  private Entry[] entries = new Entry[16];
  private int size;

  Entry first() {
    return size == 0 ? null : entries[0];
  }

  /** Puts an entry where its deadline belongs, or out of the heap when it has none. */
  void update(Entry entry) {
    if (entry.deadlineMillis == Entry.NEVER) {
      remove(entry);
      return;
    }
    if (entry.heapIndex == ABSENT) {
      if (size == entries.length) {
        entries = Arrays.copyOf(entries, 2 * size);
      }
      place(entry, size++);
    }
    settle(entry);
  }

  void clear() {
    entries = new Entry[16];
    size = 0;
  }

  void remove(Entry entry) {
    int index = entry.heapIndex;
    if (index == ABSENT) {
      return;
    }
    entry.heapIndex = ABSENT;
    Entry last = entries[--size];
    entries[size] = null;
    if (last != entry) {
      place(last, index);
      settle(last);
    }
  }

  private void settle(Entry entry) {
    siftUp(entry);
    siftDown(entry);
  }

  private void siftUp(Entry entry) {
    int index = entry.heapIndex;
    while (index > 0) {
      int parent = (index - 1) >>> 1;
      if (entries[parent].deadlineMillis <= entry.deadlineMillis) {
        break;
      }
      place(entries[parent], index);
      index = parent;
    }
    place(entry, index);
  }

  private void siftDown(Entry entry) {
    int index = entry.heapIndex;
    while (2 * index + 1 < size) {
      int child = 2 * index + 1;
      if (child + 1 < size && entries[child + 1].deadlineMillis < entries[child].deadlineMillis) {
        child++;
      }
      if (entries[child].deadlineMillis >= entry.deadlineMillis) {
        break;
      }
      place(entries[child], index);
      index = child;
    }
    place(entry, index);
  }

  private void place(Entry entry, int index) {
    entries[index] = entry;
    entry.heapIndex = index;
  }
}
