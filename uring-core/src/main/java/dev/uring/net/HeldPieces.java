package dev.uring.net;

import java.util.Arrays;

/**
 * Pieces whose bytes count as sent while the kernel still reads their memory: what a zero-copy send
 * keeps until its notification.
 *
 * <p>Taking a piece gives another object back for its place in the queue, so that in steady state
 * the same few objects go round. <i>Thread:</i> the worker's.
 */
final class HeldPieces {
  private static final int PIECES_INITIAL = 4;

  // Places from count on hold objects to give back, or null.
  private SendPiece[] pieces = new SendPiece[PIECES_INITIAL];
  private int count;

  /** Takes a piece; returns the object that shall stand in its place, or null for a new one. */
  SendPiece take(SendPiece piece) {
    if (count == pieces.length) {
      pieces = Arrays.copyOf(pieces, count * 2);
    }
    SendPiece spare = pieces[count];
    pieces[count++] = piece;
    return spare;
  }

  /** Gives every piece to the queue to be released, in the order in which they were taken. */
  void releaseTo(SendQueue queue) {
    for (int i = 0; i < count; i++) {
      queue.release(pieces[i]);
    }
    count = 0;
  }

  /** Gives the guards alone to the queue to be told: the rest has gone with the driver. */
  void releaseGuardsOnlyTo(SendQueue queue) {
    for (int i = 0; i < count; i++) {
      if (pieces[i].guard != null) {
        queue.released(pieces[i].guard);
      }
    }
    count = 0;
  }
}
