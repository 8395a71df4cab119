package dev.uring.momento.session;

import java.util.Arrays;

/**
 * Finds what is in flight by its number.
 *
 * <p>Open addressing with linear probing: numbers that follow each other lie beside each other, so
 * most are found at the first look. Allocates nothing once it has grown.
 *
 * <p><em>Invariant:</em> between the place that a number's low bits say and the place where it
 * stands, no place is empty. At least half of the places are.
 *
 * @param <V> what is found
 */
final class MessageTable<V> {
  private static final int CAPACITY_MIN = 16;

  private long[] ids = new long[CAPACITY_MIN];
  private Object[] values = new Object[CAPACITY_MIN];
  private int count;

  int count() {
    return count;
  }

  /** Puts a number that is not there. */
  void put(long id, V value) {
    if (2 * (count + 1) > ids.length) {
      grow();
    }
    place(id, value);
    count++;
  }

  @SuppressWarnings("unchecked") // put() alone stores values
  V get(long id) {
    return (V) values[find(id)];
  }

  /** Takes a number out; returns what it led to, or null. */
  V remove(long id) {
    int at = find(id);
    @SuppressWarnings("unchecked") // put() alone stores values
    V found = (V) values[at];
    if (found != null) {
      count--;
      close(at);
    }
    return found;
  }

  /** The numbers, smallest first. */
  long[] sortedIds() {
    long[] sorted = new long[count];
    int found = 0;
    for (int at = 0; at < ids.length; at++) {
      if (values[at] != null) {
        sorted[found++] = ids[at];
      }
    }
    Arrays.sort(sorted);
    return sorted;
  }

  void clear() {
    Arrays.fill(values, null);
    count = 0;
  }

  // Where the number stands, or the empty place where it would.
  private int find(long id) {
    int at = home(id);
    while (values[at] != null && ids[at] != id) {
      at = next(at);
    }
    return at;
  }

  private void place(long id, Object value) {
    int at = find(id);
    ids[at] = id;
    values[at] = value;
  }

  // Moves up what would not be found any more behind an empty place.
  private void close(int gap) {
    int hole = gap;
    for (int at = next(gap); values[at] != null; at = next(at)) {
      int fromHome = at - home(ids[at]) & ids.length - 1;
      int fromHole = at - hole & ids.length - 1;
      if (fromHome >= fromHole) {
        ids[hole] = ids[at];
        values[hole] = values[at];
        hole = at;
      }
    }
    values[hole] = null;
  }

  private int home(long id) {
    return (int) id & ids.length - 1;
  }

  private int next(int at) {
    return at + 1 & ids.length - 1;
  }

  private void grow() {
    long[] oldIds = ids;
    Object[] oldValues = values;
    ids = new long[2 * oldIds.length];
    values = new Object[ids.length];
    for (int at = 0; at < oldIds.length; at++) {
      if (oldValues[at] != null) {
        place(oldIds[at], oldValues[at]);
      }
    }
  }
}
