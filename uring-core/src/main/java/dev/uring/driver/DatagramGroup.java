package dev.uring.driver;

import java.util.ArrayDeque;

/**
 * The receive buffers of one size, and the receives that found none free.
 *
 * <p><i>Thread:</i> the driver's.
 */
final class DatagramGroup {
  final UringReceiveBuffers buffers;
  final int id;
  final int payloadBytes;

  // Oldest first; asked again when buffers have come back.
  private final ArrayDeque<Operation> starved = new ArrayDeque<>();

  DatagramGroup(UringReceiveBuffers buffers, int id, int payloadBytes) {
    this.buffers = buffers;
    this.id = id;
    this.payloadBytes = payloadBytes;
  }

  void starve(Operation operation) {
    operation.isStarved = true;
    starved.add(operation);
  }

  boolean hasStarved() {
    return !starved.isEmpty();
  }

  /** The next receive that may be asked again, with {@code free} buffers left for such; or null. */
  Operation pollStarved(int free) {
    Operation oldest = starved.peek();
    if (oldest == null || free <= 0 && !oldest.isCancelRequested) {
      return null;
    }
    starved.remove();
    oldest.isStarved = false;
    return oldest;
  }
}
