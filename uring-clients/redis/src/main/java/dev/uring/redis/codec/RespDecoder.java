package dev.uring.redis.codec;

import dev.uring.bytes.ByteView;
import dev.uring.codec.DecodeStatus;
import dev.uring.codec.Gather;

/**
 * Finds one whole message after the other in what a peer has sent: what both directions of RESP
 * have in common.
 *
 * <h2>Shapes and units</h2>
 *
 * Call {@link #decode} with all unconsumed bytes, and after <em>every</em> call move on by
 * {@link #consumedBytes()}, whatever the answer.
 *
 * <p>An unfinished message costs its bytes once: the next call continues where this one stopped. It
 * usually waits in the view ({@code consumedBytes() == 0}); one known to exceed a bound of the
 * subclass's limits is moved into memory of the decoder and consumed as it comes, so that a value
 * of 512 MiB needs no receive buffer of 512 MiB.
 *
 * <h2>Ownership</h2>
 *
 * What was found is valid until the next call of {@link #decode} or the end of the view, whichever
 * comes first. {@link #close()} frees the decoder's memory.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One connection, one thread.
 *
 * <h2>Errors</h2>
 *
 * {@link DecodeStatus#BAD} and {@link #errorText()}, for good: after a protocol error nothing that
 * follows can be trusted, so every later call answers the same.
 */
public abstract sealed class RespDecoder implements AutoCloseable
    permits RespReplyDecoder, RespRequestDecoder {
  static final int NOT_READ = -1;
  static final int LINE_END_BYTES = 2;

  // Lines are gathered in steps of this size: what belongs to the next message is copied for
  // nothing and given back, so a step is small.
  private static final int GATHER_STEP_BYTES = 4 << 10;

  final RespInteger integer = new RespInteger();
  final Gather gather;
  private final int gatherBytesMin;

  // Positions are relative to the first byte of the message, which stands at `base` in `source`; it
  // may lie elsewhere at the next call.
  // Invariant: 0 <= parsed, scanned <= bytes of the message that have been seen.
  ByteView source;
  int base;
  int parsed;
  int scanned;
  int bulkBytes = NOT_READ;
  boolean isDone;
  private boolean isGathering;
  private int consumedBytes;
  private String errorText;

  RespDecoder(String name, int gatherBytesMin, int keptBytesMax) {
    this.gather = new Gather(name + ", its own memory", keptBytesMax);
    this.gatherBytesMin = gatherBytesMin;
  }

  /**
   * Looks for the next message.
   *
   * @param bytes the unconsumed bytes; after {@code NEED_MORE} the same ones followed by more
   * @param from where they begin
   * @return whether there is a whole message, a part of one, or none and there never will be
   */
  public final DecodeStatus decode(ByteView bytes, int from) {
    if (errorText != null) {
      consumedBytes = 0;
      return DecodeStatus.BAD;
    }
    if (isDone) {
      forget();
    }
    return isGathering ? decodeGathering(bytes, from) : decodeInPlace(bytes, from);
  }

  /**
   * How far the last call moved the input.
   *
   * @return bytes from {@code from} on that the caller must not show again
   */
  public final int consumedBytes() {
    return consumedBytes;
  }

  /**
   * What is wrong.
   *
   * @return the fault; {@code null} as long as nothing is
   */
  public final String errorText() {
    return errorText;
  }

  /** Frees the decoder's memory; it must not be used any more. */
  @Override
  public void close() {
    isDone = true;
    source = null;
    gather.free();
  }

  /** Goes on with the message, of which everything before {@code until} is there. */
  abstract DecodeStatus parse(int until);

  /** The message is whole, and {@code parsed} bytes long. */
  abstract void whole();

  /** Forgets the message that was whole. */
  abstract void begin();

  /** Whether the message begun is one that may be long. */
  abstract boolean mayGather();

  final DecodeStatus fail(String text) {
    errorText = text;
    return DecodeStatus.BAD;
  }

  private void forget() {
    isDone = false;
    isGathering = false;
    source = null;
    parsed = 0;
    scanned = 0;
    begin();
    if (gather.size() > 0) {
      gather.clear();
    }
  }

  private DecodeStatus decodeInPlace(ByteView bytes, int from) {
    source = bytes;
    base = from;
    DecodeStatus status = parse(bytes.size());
    consumedBytes = base - from; // what was skipped before the message
    if (status == DecodeStatus.DONE) {
      consumedBytes += parsed;
      isDone = true;
      whole();
    } else if (status == DecodeStatus.NEED_MORE) {
      int seen = bytes.size() - base;
      if (seen > 0 && mayGather() && Math.max(bytesKnownToCome(), seen) > gatherBytesMin) {
        isGathering = true;
        gather.append(bytes, base, seen, bytesKnownToCome());
        consumedBytes += seen;
        base = 0;
      }
      source = null;
    }
    return status;
  }

  // Everything gathered by earlier calls belongs to this message, for it was unfinished then. So
  // whatever stands behind its end was copied by this very call, and is given back.
  private DecodeStatus decodeGathering(ByteView bytes, int from) {
    DecodeStatus status = DecodeStatus.NEED_MORE;
    int at = from;
    while (status == DecodeStatus.NEED_MORE && at < bytes.size()) {
      int expected = bytesKnownToCome();
      int step = expected == 0 ? GATHER_STEP_BYTES : expected - gather.size();
      int count = Math.min(bytes.size() - at, step);
      gather.append(bytes, at, count, expected);
      at += count;
      source = gather.view();
      status = parse(gather.size());
    }
    consumedBytes = at - from;
    if (status == DecodeStatus.DONE) {
      consumedBytes -= gather.size() - parsed;
      isDone = true;
      whole();
    }
    return status;
  }

  // The size that the message has at least; 0 while that is unknown.
  private int bytesKnownToCome() {
    return bulkBytes == NOT_READ ? 0 : parsed + bulkBytes + LINE_END_BYTES;
  }
}
