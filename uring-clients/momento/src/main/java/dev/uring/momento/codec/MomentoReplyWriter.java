package dev.uring.momento.codec;

import dev.uring.bytes.ByteSink;
import dev.uring.bytes.ByteView;
import java.nio.charset.StandardCharsets;

/**
 * Writes replies as a server does, each in one pass.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Keeps nothing; the thread of the sink.
 */
public final class MomentoReplyWriter {
  private static final int MESSAGE_ID = 1 << 3;
  private static final int CONTROL_CODE = 2 << 3;
  private static final int FIRST_NUMBER = 1 << 3;
  private static final int FIRST_BYTES = 1 << 3 | 2;
  private static final int SECOND_BYTES = 2 << 3 | 2;

  private MomentoReplyWriter() {}

  /**
   * Writes a reply without contents: the token is good, the value is stored or deleted, or there is
   * none.
   *
   * @param sink where to
   * @param messageId the command that it answers
   * @param kind of the command
   */
  public static void writeEmpty(ByteSink sink, long messageId, ReplyKind kind) {
    begin(sink, messageId, kind, 0);
  }

  /**
   * Writes a value.
   *
   * @param sink where to
   * @param messageId the command that it answers
   * @param value copied
   */
  public static void writeHit(ByteSink sink, long messageId, byte[] value) {
    beginHit(sink, messageId, value.length);
    sink.putBytes(value);
  }

  /**
   * Writes a value.
   *
   * @param sink where to
   * @param messageId the command that it answers
   * @param value copied
   */
  public static void writeHit(ByteSink sink, long messageId, ByteView value) {
    beginHit(sink, messageId, value.size());
    sink.putView(value);
  }

  /**
   * Writes an error.
   *
   * @param sink where to
   * @param messageId the command that it answers
   * @param status its reason
   * @param text says more
   */
  public static void writeError(ByteSink sink, long messageId, StatusCode status, String text) {
    byte[] message = text.getBytes(StandardCharsets.UTF_8);
    begin(sink, messageId, ReplyKind.ERROR, 2 + 1 + Varint.size(message.length) + message.length);
    sink.putByte(FIRST_NUMBER).putByte(status.ordinal()).putByte(SECOND_BYTES);
    Varint.put(sink, message.length);
    sink.putBytes(message);
  }

  /**
   * Writes a message with a control code alone.
   *
   * @param sink where to
   * @param messageId the command that it is about
   * @param code what it says
   */
  public static void writeControl(ByteSink sink, long messageId, ControlCode code) {
    Varint.put(sink, headBytes(messageId));
    putHead(sink, messageId, code);
  }

  private static void beginHit(ByteSink sink, long messageId, int valueBytes) {
    begin(sink, messageId, ReplyKind.GET, 1 + Varint.size(valueBytes) + valueBytes);
    sink.putByte(FIRST_BYTES);
    Varint.put(sink, valueBytes);
  }

  private static void begin(ByteSink sink, long messageId, ReplyKind kind, int contentBytes) {
    Varint.put(sink, headBytes(messageId) + 1L + Varint.size(contentBytes) + contentBytes);
    putHead(sink, messageId, ControlCode.NORMAL);
    sink.putByte(kind.field << 3 | 2);
    Varint.put(sink, contentBytes);
  }

  private static int headBytes(long messageId) {
    return 1 + Varint.size(messageId) + 2;
  }

  private static void putHead(ByteSink sink, long messageId, ControlCode code) {
    sink.putByte(MESSAGE_ID);
    Varint.put(sink, messageId);
    sink.putByte(CONTROL_CODE);
    sink.putByte(code.ordinal());
  }
}
