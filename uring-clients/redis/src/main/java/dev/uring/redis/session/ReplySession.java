package dev.uring.redis.session;

import dev.uring.bytes.ByteView;
import dev.uring.client.session.InOrderSession;
import dev.uring.codec.DecodeStatus;
import dev.uring.redis.codec.ReplyLimits;
import dev.uring.redis.codec.ReplyReader;
import dev.uring.redis.codec.ReplyType;
import dev.uring.redis.codec.RespReplyDecoder;
import java.util.Objects;

/**
 * Gives each reply on one connection to the command that it answers.
 *
 * <h2>Shapes and units</h2>
 *
 * Redis answers in the order of the commands, so a queue is all there is. Pushes answer nothing and
 * go to a listener.
 *
 * <h2>Ownership</h2>
 *
 * Owns its decoder. Entries belong to whoever sent them, and are held until their last reply.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One thread. {@link #received} calls entries and listener right away; they may call back, also
 * {@link #stop()}. Allocates nothing once the queue has grown.
 *
 * <h2>Errors</h2>
 *
 * {@link #errorText()} after bytes that are no RESP, or a reply that nobody waits for: the
 * connection must be given up.
 */
public final class ReplySession extends InOrderSession<ReplyReader> {
  private final RespReplyDecoder decoder;
  private final PushListener pushes;
  private boolean isForPushes;

  /**
   * A session for a new connection.
   *
   * @param limits what a server may send
   * @param repliesMax most replies that may be waited for at once
   * @param pushes hears of pushes
   */
  public ReplySession(ReplyLimits limits, int repliesMax, PushListener pushes) {
    super("RESP", repliesMax);
    this.decoder = new RespReplyDecoder(limits);
    this.pushes = Objects.requireNonNull(pushes, "pushes");
  }

  /**
   * From now on everything that nobody waits for goes to the listener: a RESP2 subscriber's
   * messages are plain arrays.
   */
  public void expectPushes() {
    isForPushes = true;
  }

  @Override
  protected DecodeStatus decode(ByteView bytes, int from) {
    return decoder.decode(bytes, from);
  }

  @Override
  protected int consumedBytes() {
    return decoder.consumedBytes();
  }

  @Override
  protected ReplyReader reply() {
    return decoder.reader();
  }

  @Override
  protected String decoderFault() {
    return decoder.errorText();
  }

  @Override
  protected boolean isPush(ReplyReader reader) {
    return reader.peek() == ReplyType.PUSH || isForPushes && pendingCount() == 0;
  }

  @Override
  protected void pushed(ReplyReader reader) {
    pushes.pushed(reader);
  }

  @Override
  protected void closeDecoder() {
    decoder.close();
  }
}
