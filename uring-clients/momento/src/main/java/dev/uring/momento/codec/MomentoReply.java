package dev.uring.momento.codec;

import dev.uring.bytes.ByteView;
import dev.uring.bytes.ByteWindow;

/**
 * A message of a server, seen where it was received.
 *
 * <h2>Ownership</h2>
 *
 * Borrowed, with its views, until the decoder's next call or the end of the view that the decoder
 * was given, whichever comes first.
 */
public final class MomentoReply {
  private final ByteWindow valueWindow = new ByteWindow("MomentoReply.value");
  private final ByteWindow textWindow = new ByteWindow("MomentoReply.errorText");

  long messageId;
  long controlCode;
  ReplyKind kind = ReplyKind.NONE;
  long statusCode;
  private boolean isHit;
  private boolean hasText;

  MomentoReply() {}

  void forget() {
    messageId = 0;
    controlCode = 0;
    become(ReplyKind.NONE);
  }

  void become(ReplyKind newKind) {
    kind = newKind;
    statusCode = 0;
    isHit = false;
    hasText = false;
    valueWindow.end();
    textWindow.end();
  }

  void value(ByteView bytes, int from, int count) {
    valueWindow.lend(bytes, from, count);
    isHit = true;
  }

  void text(ByteView bytes, int from, int count) {
    textWindow.lend(bytes, from, count);
    hasText = true;
  }

  /**
   * Which command it answers.
   *
   * @return the number that the command had
   */
  public long messageId() {
    return messageId;
  }

  /**
   * What it is beside its contents.
   *
   * @return its control code
   */
  public ControlCode controlCode() {
    return ControlCode.of(controlCode);
  }

  /**
   * What it says.
   *
   * @return which of the other properties mean something
   */
  public ReplyKind kind() {
    return kind;
  }

  /**
   * The value of an item.
   *
   * @return borrowed; {@code null} when there is no such item
   */
  public ByteView value() {
    return isHit ? valueWindow : null;
  }

  /**
   * The reason of an error.
   *
   * @return its code
   */
  public StatusCode status() {
    return StatusCode.of(statusCode);
  }

  /**
   * What an error says.
   *
   * @return a copy
   */
  public String errorText() {
    return hasText ? textWindow.toUtf8() : "";
  }
}
