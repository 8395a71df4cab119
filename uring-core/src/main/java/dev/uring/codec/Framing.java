package dev.uring.codec;

import dev.uring.base.FramingException;
import dev.uring.bytes.ByteView;

/**
 * Where one message of a byte stream ends and the next begins.
 *
 * <h2>Shapes and units</h2>
 *
 * A frame is what a message takes on the wire, its payload what the program wants of it. Both are
 * positions in the view a framing is given.
 *
 * <h2>Ownership</h2>
 *
 * Keeps nothing: one framing serves all connections.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Immutable; any thread.
 *
 * <h2>Errors</h2>
 *
 * {@link FramingException} for a frame above its limit, as soon as that can be seen.
 */
public sealed interface Framing permits LengthPrefix, Delimiter {
  /**
   * Measures the frame at the front of a view.
   *
   * @param bytes everything unconsumed
   * @param seenBytes how many of them an earlier call has looked at in vain, so that a delimiter is
   *     not looked for there again; 0 is always right
   * @return the size of the frame in bytes when all of it is there; otherwise, negated, the least
   *     number of bytes that it takes to say more
   */
  int measure(ByteView bytes, int seenBytes);

  /**
   * Where the payload of a whole frame begins.
   *
   * @param frame a view with the frame at its front
   * @return a position
   */
  int payloadFrom(ByteView frame);

  /**
   * The size of the payload of a whole frame.
   *
   * @param frame a view with the frame at its front
   * @param frameBytes what {@link #measure} said
   * @return bytes
   */
  int payloadBytes(ByteView frame, int frameBytes);
}
