package dev.uring.momento.codec;

import dev.uring.bytes.ByteView;
import dev.uring.codec.DecodeStatus;
import dev.uring.codec.Gather;

/**
 * What commands and replies have in common: a base-128 length, and as many bytes behind it.
 *
 * <p>An unfinished frame waits in the view; a large one is moved into memory of the decoder as it
 * comes.
 */
abstract class FrameDecoder implements AutoCloseable {
  private final MomentoLimits limits;
  private final Gather gather;

  // Bytes of a message that is being gathered, or NOT_GATHERING.
  private int gathering = NOT_GATHERING;

  private int gatheringPrefixBytes;
  private int consumedBytes;
  private long wholeBytesTotal;
  private String errorText;

  private static final int NOT_GATHERING = -1;

  FrameDecoder(MomentoLimits limits, String lender, int keptBytesMax) {
    this.limits = limits;
    this.gather = new Gather(lender, keptBytesMax);
  }

  /** Understands a message; returns what is wrong with it, or null. */
  abstract String message(ByteView bytes, int from, int until);

  /** Forgets the message before. */
  abstract void forget();

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
    forget();
    if (gathering != NOT_GATHERING) {
      return decodeGathering(bytes, from);
    }
    if (gather.size() > 0) {
      gather.clear();
    }
    return decodeInPlace(bytes, from);
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
    gather.free();
  }

  private DecodeStatus decodeInPlace(ByteView bytes, int from) {
    long length = 0;
    int prefixBytes = 0;
    int group;
    do {
      if (prefixBytes == Varint.BYTES_MAX) {
        return bad("a length of more than " + Varint.BYTES_MAX + " bytes");
      }
      if (from + prefixBytes == bytes.size()) {
        return DecodeStatus.NEED_MORE;
      }
      group = bytes.get(from + prefixBytes);
      length |= (long) (group & Varint.MORE - 1) << Varint.GROUP_BITS * prefixBytes++;
    } while (group < 0);
    if (length < 0 || length > limits.messageBytesMax()) {
      return bad("message of "
          + Long.toUnsignedString(length)
          + " bytes exceeds limit messageBytesMax="
          + limits.messageBytesMax());
    }
    int messageBytes = (int) length;
    int messageFrom = from + prefixBytes;
    int there = bytes.size() - messageFrom;
    if (there >= messageBytes) {
      consumedBytes = prefixBytes + messageBytes;
      return whole(bytes, messageFrom, messageBytes, consumedBytes);
    }
    if (messageBytes > limits.gatherBytesMin()) {
      gathering = messageBytes;
      gatheringPrefixBytes = prefixBytes;
      gather.append(bytes, messageFrom, there, messageBytes);
      consumedBytes = prefixBytes + there;
    }
    return DecodeStatus.NEED_MORE;
  }

  private DecodeStatus decodeGathering(ByteView bytes, int from) {
    int count = Math.min(bytes.size() - from, gathering - gather.size());
    gather.append(bytes, from, count, gathering);
    consumedBytes = count;
    if (gather.size() < gathering) {
      return DecodeStatus.NEED_MORE;
    }
    int messageBytes = gathering;
    gathering = NOT_GATHERING;
    return whole(gather.view(), 0, messageBytes, gatheringPrefixBytes + messageBytes);
  }

  private DecodeStatus whole(ByteView bytes, int from, int messageBytes, int countedBytes) {
    String fault = message(bytes, from, from + messageBytes);
    if (fault != null) {
      return bad(fault);
    }
    wholeBytesTotal += countedBytes;
    return DecodeStatus.DONE;
  }

  private DecodeStatus bad(String fault) {
    errorText = "momento: " + fault + ", at offset " + wholeBytesTotal + " of what the peer sent";
    return DecodeStatus.BAD;
  }
}
