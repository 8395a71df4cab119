package dev.uring.memcache.codec;

import dev.uring.bytes.ByteView;
import dev.uring.codec.DecodeStatus;
import dev.uring.codec.Gather;

/**
 * What requests and replies have in common: a line, and behind some lines a block of bytes of a
 * size that the line says.
 *
 * <p>Positions that subclasses keep are relative to the first byte of the line, because the bytes
 * may move into the decoder's own memory between the line and the end of its block.
 */
abstract class LineBlockDecoder implements AutoCloseable {
  /** What {@link #line} says of a line without a block. */
  static final int NO_BLOCK = -1;

  private static final int LINE_END_BYTES = 2;

  final MemcacheLimits limits;
  private final Gather gather;

  // Invariant: 0 <= scanned <= bytes of the message that have been seen; lineBytes, with the end,
  // is 0 until the line is whole.
  private ByteView source;
  private int base;
  private int scanned;
  private int lineBytes;
  private int blockBytes;
  private int skipBytes;
  private int consumedBytes;
  private long wholeBytesTotal;
  private boolean gathering;
  private boolean done;
  private String errorText;

  LineBlockDecoder(MemcacheLimits limits, String lender, int keptBytesMax) {
    this.limits = limits;
    this.gather = new Gather(lender, keptBytesMax);
  }

  /**
   * Understands a line.
   *
   * @param bytes where it stands
   * @param from its first byte
   * @param until behind its last byte, the line end not included
   * @return the size of its block without the line end behind it, or {@link #NO_BLOCK}
   */
  abstract int line(ByteView bytes, int from, int until);

  /** The message is whole; it stands at {@code from}, its block at {@code blockFrom}. */
  abstract void whole(ByteView bytes, int from, int blockFrom);

  /** The block is not followed by a line end. Says whether the message counts all the same. */
  abstract boolean toleratesBadBlockEnd();

  /** Whether a line feed alone ends a line. */
  abstract boolean toleratesBareLineFeed();

  /** Forgets the message before. */
  abstract void forget();

  /** For {@link #line}: the block is dropped as it comes, {@link #whole} sees none of it. */
  final void skipBlock() {
    skipBytes = 1;
  }

  /** For {@link #line}: nothing that follows can be trusted. */
  final int bad(String fault) {
    errorText = "memcache: " + fault + ", at offset " + wholeBytesTotal + " of what the peer sent";
    return NO_BLOCK;
  }

  /**
   * Looks for the next message.
   *
   * @param bytes the unconsumed bytes; after {@code NEED_MORE} the same ones followed by more
   * @param from where they begin
   * @return whether there is a whole one, a part of one, or none and there never will be
   */
  public final DecodeStatus decode(ByteView bytes, int from) {
    consumedBytes = 0;
    if (errorText != null) {
      return DecodeStatus.BAD;
    }
    if (done) {
      begin();
    }
    DecodeStatus status;
    if (skipBytes > 0) {
      status = decodeSkipping(bytes, from);
    } else {
      status = gathering ? decodeGathering(bytes, from) : decodeInPlace(bytes, from);
    }
    done = status == DecodeStatus.DONE;
    return status;
  }

  /**
   * Looks for the next line alone, behind a whole message: its block is the caller's to read.
   * {@link #whole} gets {@link #NO_BLOCK} for where it begins.
   */
  final DecodeStatus decodeLineAlone(ByteView bytes, int from) {
    consumedBytes = 0;
    if (errorText != null) {
      return DecodeStatus.BAD;
    }
    begin();
    source = bytes;
    base = from;
    DecodeStatus status = parseLine(bytes.size());
    if (status == DecodeStatus.DONE) {
      consumedBytes = lineBytes;
      wholeBytesTotal += lineBytes;
      whole(bytes, from, NO_BLOCK);
    }
    // The next call begins anew, whatever this one has found.
    done = true;
    return status;
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
   * @return the fault, its numbers and where it stands; {@code null} as long as nothing is
   */
  public final String errorText() {
    return errorText;
  }

  /** Frees the decoder's memory; it must not be used any more. */
  @Override
  public void close() {
    forget();
    source = null;
    gather.free();
  }

  private void begin() {
    forget();
    done = false;
    gathering = false;
    source = null;
    scanned = 0;
    lineBytes = 0;
    if (gather.size() > 0) {
      gather.clear();
    }
  }

  private DecodeStatus decodeInPlace(ByteView bytes, int from) {
    source = bytes;
    base = from;
    DecodeStatus status = parse(bytes.size());
    if (status == DecodeStatus.DONE) {
      consumedBytes = lineBytes + tailBytes();
      wholeBytesTotal += consumedBytes;
    } else if (status == DecodeStatus.NEED_MORE) {
      int seen = bytes.size() - from;
      if (skipBytes > 0) {
        return beginSkipping(bytes, from, seen);
      }
      if (seen > 0 && lineBytes + tailBytes() > limits.gatherBytesMin()) {
        gathering = true;
        gather.append(bytes, from, seen, lineBytes + tailBytes());
        consumedBytes = seen;
        base = 0;
      }
      source = null;
    }
    return status;
  }

  // A message is gathered only when its line was whole, so its size is known and nothing behind it
  // is ever copied.
  private DecodeStatus decodeGathering(ByteView bytes, int from) {
    int wanted = lineBytes + tailBytes();
    int count = Math.min(bytes.size() - from, wanted - gather.size());
    gather.append(bytes, from, count, wanted);
    consumedBytes = count;
    source = gather.view();
    DecodeStatus status = parse(gather.size());
    if (status == DecodeStatus.DONE) {
      wholeBytesTotal += wanted;
    }
    return status;
  }

  // Only the line is kept: what becomes of it needs its key.
  private DecodeStatus beginSkipping(ByteView bytes, int from, int seen) {
    gather.append(bytes, from, lineBytes, lineBytes);
    consumedBytes = lineBytes;
    skipBytes = tailBytes();
    wholeBytesTotal += lineBytes + skipBytes;
    int lineOnly = consumedBytes;
    DecodeStatus status = decodeSkipping(bytes, from + lineOnly);
    consumedBytes += lineOnly;
    return status;
  }

  private DecodeStatus decodeSkipping(ByteView bytes, int from) {
    int count = Math.min(bytes.size() - from, skipBytes);
    consumedBytes = count;
    skipBytes -= count;
    if (skipBytes > 0) {
      return DecodeStatus.NEED_MORE;
    }
    source = gather.view();
    whole(source, 0, lineBytes);
    return DecodeStatus.DONE;
  }

  private int tailBytes() {
    return blockBytes == NO_BLOCK ? 0 : blockBytes + LINE_END_BYTES;
  }

  private DecodeStatus parse(int until) {
    if (lineBytes == 0) {
      DecodeStatus status = parseLine(until);
      if (status != DecodeStatus.DONE) {
        return status;
      }
    }
    int blockFrom = base + lineBytes;
    if (until - blockFrom < tailBytes() || skipBytes > 0) {
      return DecodeStatus.NEED_MORE;
    }
    if (blockBytes != NO_BLOCK) {
      int end = blockFrom + blockBytes;
      if ((source.get(end) != '\r' || source.get(end + 1) != '\n') && !toleratesBadBlockEnd()) {
        bad("a value of " + blockBytes + " bytes is not followed by a line end");
        return DecodeStatus.BAD;
      }
    }
    whole(source, base, blockFrom);
    return DecodeStatus.DONE;
  }

  private DecodeStatus parseLine(int until) {
    int found = source.indexOf((byte) '\n', base + scanned, until);
    scanned = (found < 0 ? until : found) - base;
    if (scanned - 1 > limits.lineBytesMax()) {
      bad("line is longer than lineBytesMax=" + limits.lineBytesMax());
      return DecodeStatus.BAD;
    }
    if (found < 0) {
      blockBytes = NO_BLOCK;
      return DecodeStatus.NEED_MORE;
    }
    boolean hasReturn = found > base && source.get(found - 1) == '\r';
    if (!hasReturn && !toleratesBareLineFeed()) {
      bad("a line feed is not preceded by a carriage return");
      return DecodeStatus.BAD;
    }
    lineBytes = found + 1 - base;
    blockBytes = line(source, base, hasReturn ? found - 1 : found);
    return errorText == null ? DecodeStatus.DONE : DecodeStatus.BAD;
  }
}
