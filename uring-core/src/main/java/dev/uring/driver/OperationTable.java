package dev.uring.driver;

import dev.uring.ring.UserData;
import java.util.Arrays;

/**
 * Slots for the operations under way, each with a generation.
 *
 * <p>A completion names a slot and the generation it was asked with. The slot is given out again
 * only after the last completion of its asking, with the next generation, so a stale completion
 * finds another generation and is dropped (it is counted). The table is also what keeps an
 * operation reachable, and with it the memory the kernel may touch.
 *
 * <p><i>Rejected:</i> putting a connection index and an operation kind into the completion's word.
 * It saves one array read and costs the freedom to have an operation that is not a connection's.
 *
 * <p><i>Thread:</i> the driver's.
 */
final class OperationTable {
  /** Most operations under way on one driver: what a slot number can name. */
  static final int SLOTS_MAX = 1 << 24;

  private Operation[] operations;
  private int[] generations;
  private int[] free;
  private int freeCount;
  private long staleCount;

  OperationTable(int initialSlots) {
    operations = new Operation[initialSlots];
    generations = new int[initialSlots];
    free = new int[initialSlots];
    addFree(0, initialSlots);
  }

  /** Takes a slot for an operation; returns the word its completions will carry. */
  long begin(Operation operation) {
    if (operation.slot != Operation.NO_SLOT) {
      throw new IllegalStateException(
          "operation asked for twice: slot=" + operation.slot + ", " + operation);
    }
    if (freeCount == 0) {
      grow();
    }
    int slot = free[--freeCount];
    int generation = generations[slot];
    operations[slot] = operation;
    operation.slot = slot;
    operation.generation = generation;
    operation.isCancelRequested = false;
    return UserData.of(slot, generation);
  }

  /** The operation a completion is for, or null when the completion is stale. */
  Operation find(long userData) {
    int slot = UserData.slot(userData);
    if (slot >= operations.length
        || generations[slot] != UserData.generation(userData)
        || operations[slot] == null) {
      staleCount++;
      return null;
    }
    return operations[slot];
  }

  /** The operation in a slot, or null. */
  Operation at(int slot) {
    return operations[slot];
  }

  /** The word that names an operation under way. */
  long wordOf(Operation operation) {
    return UserData.of(operation.slot, operation.generation);
  }

  /** Ends an asking: call before its owner hears the last answer, so that it may ask again. */
  void end(Operation operation) {
    int slot = operation.slot;
    operations[slot] = null;
    generations[slot]++;
    operation.slot = Operation.NO_SLOT;
    free[freeCount++] = slot;
  }

  int underWayCount() {
    return operations.length - freeCount;
  }

  /** Whether an operation of that kind is under way. Looks at every slot. */
  boolean anyUnderWay(Class<? extends Operation> kind) {
    for (Operation operation : operations) {
      if (kind.isInstance(operation)) {
        return true;
      }
    }
    return false;
  }

  long staleCount() {
    return staleCount;
  }

  private void grow() {
    int from = operations.length;
    int to = Math.min(from * 2, SLOTS_MAX);
    if (to == from) {
      throw new IllegalStateException("operations under way reached SLOTS_MAX=" + SLOTS_MAX);
    }
    operations = Arrays.copyOf(operations, to);
    generations = Arrays.copyOf(generations, to);
    free = Arrays.copyOf(free, to);
    addFree(from, to);
  }

  // Pushed in descending order, so that low slots are used first and stay in cache.
  private void addFree(int from, int to) {
    for (int slot = to - 1; slot >= from; slot--) {
      free[freeCount++] = slot;
    }
  }
}
