package dev.uring.momento.codec;

import dev.uring.bytes.ByteView;
import dev.uring.bytes.ByteWindow;

/**
 * A message of a client, seen where it was received.
 *
 * <h2>Ownership</h2>
 *
 * Borrowed, with its views, until the decoder's next call or the end of the view that the decoder
 * was given, whichever comes first.
 */
public final class MomentoCommand {
  private final ByteWindow namespaceWindow = new ByteWindow("MomentoCommand.namespace");
  private final ByteWindow keyWindow = new ByteWindow("MomentoCommand.key");
  private final ByteWindow valueWindow = new ByteWindow("MomentoCommand.value");

  long messageId;
  long controlCode;
  CommandKind kind = CommandKind.NONE;
  long ttlMillis;

  MomentoCommand() {}

  void forget() {
    messageId = 0;
    controlCode = 0;
    become(CommandKind.NONE);
  }

  void become(CommandKind newKind) {
    kind = newKind;
    ttlMillis = 0;
    namespaceWindow.end();
    keyWindow.end();
    valueWindow.end();
  }

  // Absent bytes are empty ones: so each window lends something as soon as there is a message.
  void open(ByteView bytes, int at) {
    namespaceWindow.lend(bytes, at, 0);
    keyWindow.lend(bytes, at, 0);
    valueWindow.lend(bytes, at, 0);
  }

  void namespace(ByteView bytes, int from, int count) {
    namespaceWindow.lend(bytes, from, count);
  }

  void key(ByteView bytes, int from, int count) {
    keyWindow.lend(bytes, from, count);
  }

  void value(ByteView bytes, int from, int count) {
    valueWindow.lend(bytes, from, count);
  }

  /**
   * The number that its reply must have.
   *
   * @return as the client chose it
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
   * What it wants.
   *
   * @return which of the other properties mean something
   */
  public CommandKind kind() {
    return kind;
  }

  /**
   * Which cache.
   *
   * @return borrowed
   */
  public ByteView namespace() {
    return namespaceWindow;
  }

  /**
   * Which item.
   *
   * @return borrowed
   */
  public ByteView key() {
    return keyWindow;
  }

  /**
   * What to store.
   *
   * @return borrowed
   */
  public ByteView value() {
    return valueWindow;
  }

  /**
   * For how long to store it.
   *
   * @return time to live in milliseconds, an unsigned number
   */
  public long ttlMillis() {
    return ttlMillis;
  }

  /**
   * Who asks.
   *
   * @return a copy of the token
   */
  public String token() {
    return keyWindow.toUtf8();
  }
}
