package dev.uring.momento.codec;

import dev.uring.bytes.ByteView;
import dev.uring.codec.Gather;

/**
 * Finds the next message in what a client has sent. As {@link MomentoReplyDecoder} in every other
 * respect.
 *
 * <h2>Source</h2>
 *
 * Protocol Buffers encoding; CacheCommand of Momento's protosocket.
 */
public final class MomentoCommandDecoder extends FrameDecoder {
  private static final int MESSAGE_ID = 2;
  private static final int CONTROL_CODE = 3;
  private static final int UNARY = 10;

  private final FieldReader fields = new FieldReader();
  private final FieldReader unary = new FieldReader();
  private final FieldReader content = new FieldReader();
  private final MomentoCommand command = new MomentoCommand();

  /** A decoder with the usual limits. */
  public MomentoCommandDecoder() {
    this(MomentoLimits.defaults());
  }

  /**
   * A decoder.
   *
   * @param limits what a client may send
   */
  public MomentoCommandDecoder(MomentoLimits limits) {
    super(limits, "MomentoCommandDecoder, its own memory", Gather.KEPT_BYTES_MAX);
  }

  /**
   * The message found last.
   *
   * @return always the same object
   */
  public MomentoCommand command() {
    return command;
  }

  @Override
  String message(ByteView bytes, int from, int until) {
    fields.over(bytes, from, until);
    while (fields.next()) {
      if (fields.is(MESSAGE_ID, FieldReader.NUMBER)) {
        command.messageId = fields.number();
      } else if (fields.is(CONTROL_CODE, FieldReader.NUMBER)) {
        command.controlCode = fields.number();
      } else if (fields.is(UNARY, FieldReader.BYTES)) {
        String fault = unary(bytes);
        if (fault != null) {
          return fault;
        }
      }
    }
    return fields.fault();
  }

  private String unary(ByteView bytes) {
    unary.over(fields);
    while (unary.next()) {
      CommandKind kind = CommandKind.of(unary.field());
      if (kind == CommandKind.NONE || unary.wireType() != FieldReader.BYTES) {
        continue;
      }
      // The kinds exclude each other: the last one counts, and more of the same is merged.
      if (kind != command.kind) {
        command.become(kind);
        command.open(bytes, unary.contentFrom());
      }
      String fault = content(bytes, kind);
      if (fault != null) {
        return fault;
      }
    }
    return unary.fault();
  }

  private String content(ByteView bytes, CommandKind kind) {
    content.over(unary);
    boolean isToken = kind == CommandKind.AUTHENTICATE;
    while (content.next()) {
      int from = content.contentFrom();
      int count = content.contentBytes();
      if (content.is(1, FieldReader.BYTES)) {
        if (isToken) {
          command.key(bytes, from, count);
        } else {
          command.namespace(bytes, from, count);
        }
      } else if (isToken) {
        continue;
      } else if (content.is(2, FieldReader.BYTES)) {
        command.key(bytes, from, count);
      } else if (kind == CommandKind.SET && content.is(3, FieldReader.BYTES)) {
        command.value(bytes, from, count);
      } else if (kind == CommandKind.SET && content.is(4, FieldReader.NUMBER)) {
        command.ttlMillis = content.number();
      }
    }
    return content.fault();
  }

  @Override
  void forget() {
    command.forget();
  }
}
