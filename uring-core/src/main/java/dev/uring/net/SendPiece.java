package dev.uring.net;

import dev.uring.buffer.Block;
import dev.uring.driver.Driver;
import dev.uring.driver.SendPart;
import java.lang.foreign.MemorySegment;

/**
 * One piece of memory in a send queue, and who holds it: a block, a guard, or, when both are null,
 * a receive buffer.
 *
 * <p>Objects of this class are used again and again; {@link #forget} makes one ready for it.
 */
final class SendPiece extends SendPart {
  Block block;
  SendGuard guard;
  SendSource source;
  int bufferId = Driver.NO_BUFFER;

  /** Lets go of every reference, so that what was sent can be collected. */
  void forget() {
    block = null;
    guard = null;
    source = null;
    bufferId = Driver.NO_BUFFER;
    lie(MemorySegment.NULL, 0, 0);
  }
}
