package dev.uring.message.codec;

import dev.uring.bytes.ByteView;
import dev.uring.bytes.ByteWindow;
import dev.uring.codec.DecodeStatus;

/**
 * A message on the wire, read where it lies.
 *
 * <h2>Shapes and units</h2>
 *
 * {@link #decode} looks at the front of some bytes; after {@link DecodeStatus#DONE} the accessors
 * answer. Nothing is copied until {@link #copyTo}.
 *
 * <h2>Ownership</h2>
 *
 * Borrows the bytes of the last {@code decode}; {@link #end} ends what it has lent of them. One
 * object serves any number of messages in turn.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Not thread-safe.
 *
 * <h2>Errors</h2>
 *
 * {@link DecodeStatus#BAD}, with {@link #problem()}: nothing that a peer sends is thrown.
 */
public final class MessageView {
  private final WireFormat format;
  private final ByteWindow headers = new ByteWindow("MessageView.headers");
  private final ByteWindow body = new ByteWindow("MessageView.body");
  private ByteView bytes;
  private int at;
  private int first;
  private int bits;
  private int lengths;
  private int neededBytes;
  private boolean mayBePacked;
  private boolean isPacked;
  private BodyPacker unpacker;
  private int unpackedBytes;

  /**
   * A view that has decoded nothing.
   *
   * @param format which version is on the wire
   */
  public MessageView(WireFormat format) {
    this.format = format;
  }

  /**
   * Looks at the message at a position.
   *
   * @param source borrowed until the next call or {@link #end}
   * @param from position of its first byte
   * @return whether it is there, whole
   */
  public DecodeStatus decode(ByteView source, int from) {
    bytes = source;
    at = from;
    int there = source.size() - from;
    if (there < MessageEncoder.HEADER_BYTES) {
      neededBytes = MessageEncoder.HEADER_BYTES;
      return DecodeStatus.NEED_MORE;
    }
    first = source.getInt(from);
    int wireByte = first >> 8 & 0xFF;
    isPacked = mayBePacked && (wireByte & WireFormat.PACKED) != 0;
    unpacker = null;
    bits = format.decode(isPacked ? wireByte & ~WireFormat.PACKED : wireByte);
    if (bits < 0) {
      return DecodeStatus.BAD;
    }
    lengths = source.getInt(from + 12);
    neededBytes = MessageEncoder.HEADER_BYTES + headersBytes() + bodyBytesOnWire();
    return there < neededBytes ? DecodeStatus.NEED_MORE : DecodeStatus.DONE;
  }

  /**
   * After NEED_MORE and DONE: how many bytes the message has, or at least, before its lengths can
   * be read.
   *
   * @return bytes from its first
   */
  public int neededBytes() {
    return neededBytes;
  }

  /**
   * After BAD: what is wrong.
   *
   * @return text for people
   */
  public String problem() {
    return "byte 2 of a header is 0x"
        + Integer.toHexString(first >> 8 & 0xFF)
        + ", which is no message of "
        + format
        + ".\n  Likely cause: the peer speaks the other version, or another protocol."
        + " See EngineConfig.wireFormat.";
  }

  /**
   * The sender's number of the channel.
   *
   * @return 0 to 65535
   */
  public int channel() {
    return first >>> 16;
  }

  /**
   * Its operation.
   *
   * @return the operation
   */
  public MessageOperation operation() {
    return MessageOperation.ofTypeAndRole(bits & WireFormat.TYPE_AND_ROLE);
  }

  /**
   * Whether it says that an engine has made it.
   *
   * @return whether it does
   */
  public boolean isFromEngine() {
    return (bits & WireFormat.ORIGIN_ENGINE) != 0;
  }

  /**
   * Whether more parts follow.
   *
   * @return whether it is not the last part
   */
  public boolean hasMore() {
    return (bits & WireFormat.MORE) != 0;
  }

  /**
   * Whether it goes before others.
   *
   * @return whether it is out of band
   */
  public boolean isOob() {
    return (bits & WireFormat.OOB) != 0;
  }

  /**
   * Its status byte.
   *
   * @return 0 to 255
   */
  public int statusCode() {
    return first & 0xFF;
  }

  /**
   * Its id.
   *
   * @return the id
   */
  public long id() {
    return bytes.getLong(at + 4);
  }

  /**
   * The size of its text headers.
   *
   * @return bytes
   */
  public int headersBytes() {
    return lengths >>> 16;
  }

  /**
   * The size of its body.
   *
   * @return bytes
   */
  public int bodyBytes() {
    return unpacker == null ? lengths & 0xFFFF : unpackedBytes;
  }

  /**
   * The size of its body as it has come.
   *
   * @return bytes
   */
  public int bodyBytesOnWire() {
    return lengths & 0xFFFF;
  }

  /**
   * Says whether the ends of the channel have agreed that bodies may be packed.
   *
   * @param isAgreed whether they have; at first they have not
   */
  public void allowPacked(boolean isAgreed) {
    mayBePacked = isAgreed;
  }

  /**
   * Whether its body is packed: {@link #unpack} before anything else is asked of it.
   *
   * @return whether it is
   */
  public boolean isPacked() {
    return isPacked;
  }

  /**
   * Unpacks its body; the view is that of the whole body then, until the packer unpacks another.
   *
   * @param packer of this thread
   * @return whether it was packed as it should be
   */
  public boolean unpack(BodyPacker packer) {
    unpackedBytes = packer.unpack(body());
    if (unpackedBytes == BodyPacker.GARBAGE) {
      return false;
    }
    unpacker = packer;
    return true;
  }

  /**
   * Lends its text headers.
   *
   * @return always the same view
   */
  public ByteView headers() {
    headers.lend(bytes, at + MessageEncoder.HEADER_BYTES, headersBytes());
    return headers;
  }

  /**
   * Lends its body.
   *
   * @return always the same view
   */
  public ByteView body() {
    if (unpacker == null) {
      body.lend(bytes, at + MessageEncoder.HEADER_BYTES + headersBytes(), bodyBytesOnWire());
    } else {
      unpacker.lend(body, unpackedBytes);
    }
    return body;
  }

  /**
   * Copies it, all as it is on the wire.
   *
   * @param message what it had before is forgotten
   */
  public void copyTo(Message message) {
    copyTo(message, channel(), bits, MessageStatus.of(statusCode(), format).ordinal());
  }

  /**
   * Copies it as an engine gives it to a program: with the number of the channel on this side, and
   * without origin and status, which are this side's engine's to give.
   *
   * @param message what it had before is forgotten
   * @param channel the number on this side
   */
  public void copyTo(Message message, int channel) {
    copyTo(message, channel, bits & ~WireFormat.ORIGIN_ENGINE, 0);
  }

  /**
   * After NEED_MORE, when {@link #hasFront}: copies what is there as {@link #copyTo(Message, int)}
   * does, and makes room for the rest of the body.
   *
   * @param message what it had before is forgotten
   * @param channel the number on this side
   * @return how many bytes of the body are missing
   */
  public int copyFrontTo(Message message, int channel) {
    message.clear();
    message.rawHeader(channel, bits & ~WireFormat.ORIGIN_ENGINE, 0, id());
    int headersFrom = at + MessageEncoder.HEADER_BYTES;
    message.rawHeaders().bytes().append(bytes, headersFrom, headersBytes());
    int bodyFrom = headersFrom + headersBytes();
    int there = bytes.size() - bodyFrom;
    message.rawBody().reserve(bodyBytesOnWire());
    message.rawBody().append(bytes, bodyFrom, there);
    return bodyBytesOnWire() - there;
  }

  /**
   * After NEED_MORE: whether all but a part of its body is there, and that is not packed.
   *
   * @return whether {@link #copyFrontTo} may be called
   */
  public boolean hasFront() {
    int there = bytes.size() - at;
    return there >= MessageEncoder.HEADER_BYTES
        && there >= MessageEncoder.HEADER_BYTES + headersBytes()
        && !isPacked;
  }

  /** Ends what it has lent. */
  public void end() {
    headers.end();
    body.end();
    bytes = null;
  }

  private void copyTo(Message message, int channel, int newBits, int status) {
    message.clear();
    message.rawHeader(channel, newBits, status, id());
    int headersFrom = at + MessageEncoder.HEADER_BYTES;
    message.rawHeaders().bytes().append(bytes, headersFrom, headersBytes());
    if (unpacker == null) {
      message.rawBody().append(bytes, headersFrom + headersBytes(), bodyBytesOnWire());
    } else {
      message.rawBody().append(body(), 0, unpackedBytes);
    }
  }
}
