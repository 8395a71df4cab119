package dev.uring.message.codec;

import dev.uring.bytes.ByteSink;

/**
 * Messages to the wire: a header of 16 bytes, all numbers big-endian, then text headers and body.
 */
public final class MessageEncoder {
  /** Size of the binary header. */
  public static final int HEADER_BYTES = 16;

  private MessageEncoder() {}

  /**
   * Writes a message, which the program may have handed over.
   *
   * @param message what to write; its parts must be within {@link Message#PART_BYTES_MAX}
   * @param format which version
   * @param sink gets 16 bytes, the text headers and the body
   */
  public static void write(Message message, WireFormat format, ByteSink sink) {
    MessageBytes headers = message.rawHeaders().bytes();
    MessageBytes body = message.rawBody();
    header(
        message.rawChannel(),
        message.rawBits(),
        message.rawStatus(),
        message.rawId(),
        headers.rawSize(),
        body.rawSize(),
        format,
        sink);
    headers.writeTo(sink);
    body.writeTo(sink);
  }

  /**
   * Writes a message with its body packed, for a peer that has agreed on that.
   *
   * @param message as for {@link #write}
   * @param format which version
   * @param sink gets 16 bytes, the text headers and the packed body
   * @param packer packs it
   * @return bytes of the packed body; {@link BodyPacker#NOT_WORTH_IT} when nothing was written
   */
  public static int writePacked(
      Message message, WireFormat format, ByteSink sink, BodyPacker packer) {
    int count = packer.pack(message.rawBody());
    if (count == BodyPacker.NOT_WORTH_IT) {
      return count;
    }
    MessageBytes headers = message.rawHeaders().bytes();
    int wireByte = format.encode(message.rawBits()) | WireFormat.PACKED;
    sink.putInt(message.rawChannel() << 16 | wireByte << 8 | message.rawStatus());
    sink.putLong(message.rawId());
    sink.putInt(headers.rawSize() << 16 | count);
    headers.writeTo(sink);
    sink.putBytes(packer.packed(), 0, count);
    return count;
  }

  /**
   * The size of a message on the wire.
   *
   * @param message any
   * @return bytes
   */
  public static int sizeBytes(Message message) {
    return HEADER_BYTES
        + message.rawHeaders().bytes().rawSize()
        + message.rawBody().rawSize();
  }

  // Two stores of eight bytes cost less than six small ones: the sink asks for room with each.
  private static void header(
      int channel,
      int bits,
      int status,
      long id,
      int headersBytes,
      int bodyBytes,
      WireFormat format,
      ByteSink sink) {
    int wireByte = format.encode(bits);
    if (wireByte < 0 || (headersBytes | bodyBytes) > Message.PART_BYTES_MAX) {
      throw new IllegalArgumentException("no message of " + format + ": type and role bits=" + bits
          + ", headers=" + headersBytes + " bytes, body=" + bodyBytes
          + " bytes; MessageRules.checkAndPrepare says what is wrong");
    }
    sink.putInt(channel << 16 | wireByte << 8 | status);
    sink.putLong(id);
    sink.putInt(headersBytes << 16 | bodyBytes);
  }
}
