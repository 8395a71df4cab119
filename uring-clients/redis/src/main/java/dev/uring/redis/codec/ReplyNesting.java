package dev.uring.redis.codec;

/**
 * Which aggregates of a reply are open, and how many elements each still misses.
 *
 * <p>Invariant: {@code depth} aggregates are open; 0 before a reply, and again when it is whole.
 */
final class ReplyNesting {
  /** In place of a number of elements: they end with a marker. */
  static final int STREAMED = -1;

  private final ReplyTape tape;
  private final int[] missing;
  private final int[] nodes;
  private int depth;
  private boolean isWhole;

  ReplyNesting(ReplyTape tape, int depthMax) {
    this.tape = tape;
    this.missing = new int[depthMax];
    this.nodes = new int[depthMax];
  }

  /** Nothing is known of the next reply. */
  void begin() {
    depth = 0;
    isWhole = false;
  }

  /** Whether the value added last completed the reply. */
  boolean isWhole() {
    return isWhole;
  }

  /** Whether the next value stands in no other. */
  boolean isOutermost() {
    return depth == 0;
  }

  /** Whether a streamed string is open, in which only its pieces may stand. */
  boolean expectsPiece() {
    return depth > 0 && tape.marker(nodes[depth - 1]) == ReplyTape.STREAMED;
  }

  /** Adds an aggregate; {@code false} when it would stand too deep. */
  boolean open(byte marker, int from, int elements) {
    if (elements != 0 && depth == missing.length) {
      return false;
    }
    int node = tape.add(marker, from, Math.max(elements, 0));
    isWhole = false;
    if (elements != 0) {
      nodes[depth] = node;
      missing[depth++] = elements;
    } else if (marker != ReplyTape.ATTRIBUTE) {
      added();
    }
    return true;
  }

  /** A value is complete, and perhaps those around it. */
  void added() {
    isWhole = false;
    while (depth > 0) {
      int top = depth - 1;
      int node = nodes[top];
      if (missing[top] == STREAMED) {
        tape.size(node, tape.size(node) + 1);
        return;
      }
      if (--missing[top] > 0) {
        return;
      }
      depth--;
      if (tape.marker(node) == ReplyTape.ATTRIBUTE) {
        return; // The value that it is about comes next.
      }
    }
    isWhole = true;
  }

  /** Ends the streamed aggregate that is open; {@code false} when none may end here. */
  boolean endStreamed() {
    isWhole = false;
    int top = depth - 1;
    if (depth == 0 || missing[top] != STREAMED || endsWithAttribute()) {
      return false;
    }
    boolean isOdd = (tape.size(nodes[top]) & 1) != 0;
    if (isOdd && tape.marker(nodes[top]) == '%') {
      return false;
    }
    depth--;
    added();
    return true;
  }

  /** Ends the streamed string that is open. */
  void endPieces() {
    depth--;
    added();
  }

  // Elements are complete here, so what lies on the tape behind the last of them is an attribute
  // that waits for its value.
  private boolean endsWithAttribute() {
    int node = nodes[depth - 1];
    int at = node + 1;
    for (int i = 0; i < tape.size(node); i++) {
      at = tape.after(at);
    }
    return at < tape.count();
  }
}
