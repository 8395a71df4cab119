package dev.uring.redis.codec;

import java.util.Arrays;

/**
 * The values of one reply in the order of the wire: for each its marker, where it stands, and its
 * size or the number of its elements.
 *
 * <p>Written by the decoder as bytes arrive and then walked by the reader, so that no byte of a
 * reply is parsed twice for its structure. An attribute stands before the value that it is about.
 *
 * <p>Invariant: an aggregate is followed by its elements, each with all of its own.
 */
final class ReplyTape {
  /** The marker of a streamed string: its pieces follow as elements. */
  static final byte STREAMED = ';';

  static final byte ATTRIBUTE = '|';

  private static final int INTS = 3;
  private static final int KEPT_INTS_MAX = INTS << 10;

  private int[] nodes = new int[INTS * 16];
  private int count;

  int count() {
    return count;
  }

  int add(byte marker, int from, int size) {
    int at = INTS * count;
    if (at == nodes.length) {
      nodes = Arrays.copyOf(nodes, 2 * nodes.length);
    }
    nodes[at] = marker;
    nodes[at + 1] = from;
    nodes[at + 2] = size;
    return count++;
  }

  byte marker(int index) {
    return (byte) nodes[INTS * index];
  }

  int from(int index) {
    return nodes[INTS * index + 1];
  }

  int size(int index) {
    return nodes[INTS * index + 2];
  }

  void size(int index, int size) {
    nodes[INTS * index + 2] = size;
  }

  void clear() {
    count = 0;
    if (nodes.length > KEPT_INTS_MAX) {
      nodes = new int[INTS * 16];
    }
  }

  /** How many elements a value has on the tape. */
  int elements(int index) {
    return switch (marker(index)) {
      case '*', '~', '>', '%', ATTRIBUTE, STREAMED -> size(index);
      default -> 0;
    };
  }

  /** The first value behind this one and all of its elements. */
  int after(int index) {
    int at = index;
    // An attribute does not count as an element: it is followed by the value that does.
    for (long left = 1; left > 0; left--) {
      byte marker = marker(at);
      left += elements(at) + (marker == ATTRIBUTE ? 1 : 0);
      at++;
    }
    return at;
  }
}
