package dev.uring.momento.codec;

import dev.uring.bytes.ByteView;
import dev.uring.codec.Gather;

/**
 * Finds the next message in what a server has sent.
 *
 * <h2>Shapes and units</h2>
 *
 * Give {@link #decode} the unconsumed bytes; after <em>every</em> call move on by
 * {@link #consumedBytes()}, whatever the answer. After {@code DONE}, {@link #reply()} is the
 * message. A message longer than {@link MomentoLimits#gatherBytesMin()} is moved into memory of the
 * decoder as it comes, a shorter one waits in the view.
 *
 * <h2>Ownership</h2>
 *
 * The reply and its views are valid until the next call of {@link #decode} or the end of the view,
 * whichever comes first. {@link #close()} frees the decoder's memory.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One connection, one thread. Allocates nothing but for messages that it gathers.
 *
 * <h2>Errors</h2>
 *
 * {@code BAD} and {@link #errorText()}, for good: a length above its limit, a number of more than
 * 10 bytes, a field that reaches beyond its message, field number 0, a wire type that there is not
 * (groups, 3 and 4, are not taken). Fields that are not known are passed over, also known ones with
 * another wire type; of one that comes twice the last counts, and messages are merged.
 *
 * <h2>Source</h2>
 *
 * Protocol Buffers encoding; CacheResponse of Momento's protosocket.
 */
public final class MomentoReplyDecoder extends FrameDecoder {
  private static final int MESSAGE_ID = 1;
  private static final int CONTROL_CODE = 2;

  private final FieldReader fields = new FieldReader();
  private final FieldReader content = new FieldReader();
  private final MomentoReply reply = new MomentoReply();

  /** A decoder with the usual limits. */
  public MomentoReplyDecoder() {
    this(MomentoLimits.defaults());
  }

  /**
   * A decoder.
   *
   * @param limits what a server may send
   */
  public MomentoReplyDecoder(MomentoLimits limits) {
    super(limits, "MomentoReplyDecoder, its own memory", Gather.KEPT_BY_CLIENT_BYTES_MAX);
  }

  /**
   * The message found last.
   *
   * @return always the same object
   */
  public MomentoReply reply() {
    return reply;
  }

  @Override
  String message(ByteView bytes, int from, int until) {
    fields.over(bytes, from, until);
    while (fields.next()) {
      if (fields.is(MESSAGE_ID, FieldReader.NUMBER)) {
        reply.messageId = fields.number();
      } else if (fields.is(CONTROL_CODE, FieldReader.NUMBER)) {
        reply.controlCode = fields.number();
      } else if (fields.wireType() == FieldReader.BYTES) {
        String fault = content(bytes, ReplyKind.of(fields.field()));
        if (fault != null) {
          return fault;
        }
      }
    }
    return fields.fault();
  }

  private String content(ByteView bytes, ReplyKind kind) {
    if (kind == ReplyKind.NONE) {
      return null;
    }
    // The kinds exclude each other: the last one counts, and more of the same is merged.
    if (kind != reply.kind) {
      reply.become(kind);
    }
    content.over(fields);
    while (content.next()) {
      if (kind == ReplyKind.GET && content.is(1, FieldReader.BYTES)) {
        reply.value(bytes, content.contentFrom(), content.contentBytes());
      } else if (kind == ReplyKind.ERROR && content.is(1, FieldReader.NUMBER)) {
        reply.statusCode = content.number();
      } else if (kind == ReplyKind.ERROR && content.is(2, FieldReader.BYTES)) {
        reply.text(bytes, content.contentFrom(), content.contentBytes());
      }
    }
    return content.fault();
  }

  @Override
  void forget() {
    reply.forget();
  }
}
