package dev.uring.driver;

import java.util.Arrays;

/**
 * Answers that were known inside the call that asked, and wait for the next delivery: oldest first.
 *
 * <p>Each operation has one last answer at most, so there are never more than operations under way.
 *
 * <p><i>Thread:</i> the driver's.
 */
final class NioAnswers {
  private static final int CAPACITY_FIRST = 64;

  private Operation[] operations = new Operation[CAPACITY_FIRST];
  private int[] results = new int[CAPACITY_FIRST];
  private int head;
  private int count;

  int count() {
    return count;
  }

  void add(Operation operation, int result) {
    if (count == operations.length) {
      grow();
    }
    int at = head + count++ & operations.length - 1;
    operations[at] = operation;
    results[at] = result;
  }

  /** The result of the oldest; {@link #poll} then takes its operation. */
  int result() {
    return results[head];
  }

  Operation poll() {
    Operation operation = operations[head];
    operations[head] = null;
    head = head + 1 & operations.length - 1;
    count--;
    return operation;
  }

  private void grow() {
    int capacity = operations.length;
    Operation[] more = Arrays.copyOf(operations, capacity * 2);
    int[] moreResults = Arrays.copyOf(results, capacity * 2);
    // What was in front of the head comes behind the rest.
    System.arraycopy(operations, 0, more, capacity, head);
    System.arraycopy(results, 0, moreResults, capacity, head);
    Arrays.fill(more, 0, head, null);
    operations = more;
    results = moreResults;
  }
}
