package dev.uring.momento.session;

import dev.uring.bytes.ByteSink;
import dev.uring.bytes.ByteView;
import dev.uring.codec.DecodeStatus;
import dev.uring.momento.codec.CommandKind;
import dev.uring.momento.codec.ControlCode;
import dev.uring.momento.codec.MomentoCommand;
import dev.uring.momento.codec.MomentoCommandDecoder;
import dev.uring.momento.codec.MomentoLimits;
import dev.uring.momento.codec.MomentoReplyWriter;
import dev.uring.momento.codec.ReplyKind;
import dev.uring.momento.codec.StatusCode;
import java.util.ArrayList;
import java.util.List;

/**
 * A server's end of one connection: lets in who has a good token, knows what is being answered, and
 * what was cancelled.
 *
 * <h2>Shapes and units</h2>
 *
 * {@link #received} for what arrives. Commands may be answered in any order, those that are not
 * answered at once with {@link #ended} before the reply is written.
 *
 * <h2>Ownership</h2>
 *
 * Owns its decoder.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One thread. A cancelled command is not answered, as the protocol has it.
 *
 * <h2>Errors</h2>
 *
 * {@link #isEnding()} after a refusal, which is written: the connection shall end in order.
 * {@link #errorText()} after bytes that are no message, or a number that is in use.
 */
public final class MomentoServerSession implements AutoCloseable {
  /** Who answers. */
  public interface Handler {
    /**
     * Looks at a token.
     *
     * @param token what the client sent
     * @return whether it may ask
     */
    boolean authenticate(String token);

    /**
     * Answers a command, or begins to.
     *
     * @param command borrowed for the call
     * @return {@code null} when it is answered; otherwise what {@link #cancelled} is told
     */
    Object call(MomentoCommand command);

    /**
     * Whether another reply may be written now. Asked before each command.
     *
     * @return {@code false} as long as the client does not read what it has been sent
     */
    boolean hasRoom();

    /**
     * The client has given a command up.
     *
     * @param call what {@link #call} returned
     */
    void cancelled(Object call);
  }

  private final MomentoCommandDecoder decoder;
  private final MessageTable<Object> calls = new MessageTable<>();
  private final int callsMax;
  private final Handler handler;
  private boolean isAuthenticated;
  private boolean isEnding;
  private String errorText;

  /**
   * A session for a new connection.
   *
   * @param limits what a client may send
   * @param callsMax most commands that are being answered at a time; what comes then waits
   * @param handler answers
   */
  public MomentoServerSession(MomentoLimits limits, int callsMax, Handler handler) {
    if (callsMax < 1) {
      throw new IllegalArgumentException("callsMax=" + callsMax + " must be at least 1");
    }
    this.decoder = new MomentoCommandDecoder(limits);
    this.callsMax = callsMax;
    this.handler = handler;
  }

  /**
   * Whether {@link #received} takes nothing more, until a call has ended.
   *
   * @return whether callsMax is reached
   */
  public boolean isFull() {
    return calls.count() >= callsMax;
  }

  /**
   * Whether the connection shall be closed when what is written has been sent.
   *
   * @return {@code true} after a refused token
   */
  public boolean isEnding() {
    return isEnding;
  }

  /**
   * What is wrong with what the client sent.
   *
   * @return the fault, or {@code null} as long as there is none
   */
  public String errorText() {
    return errorText;
  }

  /**
   * Takes what has arrived.
   *
   * @param bytes all unconsumed bytes, borrowed
   * @param output where refusals go
   * @return how many of them are done with
   */
  public int received(ByteView bytes, ByteSink output) {
    int at = 0;
    while (at < bytes.size() && mayTake()) {
      DecodeStatus status = decoder.decode(bytes, at);
      at += decoder.consumedBytes();
      if (status == DecodeStatus.NEED_MORE) {
        break;
      }
      if (status == DecodeStatus.BAD) {
        errorText = decoder.errorText();
      } else {
        take(decoder.command(), output);
      }
    }
    return at;
  }

  /**
   * A call is about to be answered.
   *
   * @param messageId its number
   * @return {@code false} if it was cancelled meanwhile: nothing must be written
   */
  public boolean ended(long messageId) {
    return calls.remove(messageId) != null;
  }

  /**
   * Ends the session and frees its memory.
   *
   * @return the calls that are not answered
   */
  public List<Object> end() {
    List<Object> left = new ArrayList<>(calls.count());
    for (long id : calls.sortedIds()) {
      left.add(calls.get(id));
    }
    calls.clear();
    decoder.close();
    return left;
  }

  @Override
  public void close() {
    end();
  }

  private boolean mayTake() {
    return !isEnding && errorText == null && !isFull() && handler.hasRoom();
  }

  private void take(MomentoCommand command, ByteSink output) {
    long id = command.messageId();
    switch (command.controlCode()) {
      case NORMAL -> begin(command, id, output);
      case CANCEL -> cancel(id);
      // Of a stream of commands, which the cache does not have.
      case END -> {}
    }
  }

  private void begin(MomentoCommand command, long id, ByteSink output) {
    if (calls.get(id) != null) {
      errorText = "momento: number "
          + Long.toUnsignedString(id)
          + " is in use by a command that is not answered yet";
    } else if (command.kind() == CommandKind.AUTHENTICATE) {
      authenticate(command, id, output);
    } else if (!isAuthenticated) {
      refuse(id, output, "the first command of a connection must be Authenticate");
    } else if (command.kind() == CommandKind.NONE) {
      MomentoReplyWriter.writeControl(output, id, ControlCode.CANCEL);
    } else {
      Object call = handler.call(command);
      if (call != null) {
        calls.put(id, call);
      }
    }
  }

  private void authenticate(MomentoCommand command, long id, ByteSink output) {
    if (handler.authenticate(command.token())) {
      isAuthenticated = true;
      MomentoReplyWriter.writeEmpty(output, id, ReplyKind.AUTHENTICATE);
    } else {
      refuse(id, output, "the token is not accepted");
    }
  }

  private void refuse(long id, ByteSink output, String text) {
    MomentoReplyWriter.writeError(output, id, StatusCode.UNAUTHENTICATED, text);
    isEnding = true;
  }

  private void cancel(long id) {
    Object call = calls.remove(id);
    if (call != null) {
      handler.cancelled(call);
    }
  }
}
