package dev.uring.redis.codec;

import java.util.Arrays;
import java.util.Objects;

/** Where the keys of a request stand in its bytes: they say where it belongs in a cluster. */
final class KeyPositions {
  private int[] spans = new int[4]; // position and size of each, in turn
  private int count;

  int count() {
    return count;
  }

  void clear() {
    count = 0;
  }

  void add(int from, int bytes) {
    int at = 2 * count++;
    if (at == spans.length) {
      spans = Arrays.copyOf(spans, 2 * spans.length);
    }
    spans[at] = from;
    spans[at + 1] = bytes;
  }

  int from(int index) {
    return spans[2 * Objects.checkIndex(index, count)];
  }

  int bytes(int index) {
    return spans[2 * Objects.checkIndex(index, count) + 1];
  }

  /** The bytes that all keys are among have moved. */
  void moved(int bytes) {
    for (int i = 0; i < count; i++) {
      spans[2 * i] += bytes;
    }
  }
}
