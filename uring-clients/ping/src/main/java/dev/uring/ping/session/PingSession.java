package dev.uring.ping.session;

import dev.uring.bytes.ByteView;
import dev.uring.client.session.InOrderSession;
import dev.uring.codec.DecodeStatus;
import dev.uring.ping.codec.Pong;
import dev.uring.ping.codec.PongDecoder;

/**
 * Gives each answer on one connection to the ping that it answers: servers answer in order.
 *
 * <h2>Errors</h2>
 *
 * {@link #errorText()}: bytes that are no answer, or an answer that nobody waits for.
 */
public final class PingSession extends InOrderSession<Pong> {
  private final PongDecoder decoder = new PongDecoder();

  /**
   * A session for a new connection.
   *
   * @param pingsMax most pings that may wait at once
   */
  public PingSession(int pingsMax) {
    super("ping", pingsMax);
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
  protected Pong reply() {
    return decoder.pong();
  }

  @Override
  protected String decoderFault() {
    return decoder.errorText();
  }

  // It has no memory of its own.
  @Override
  protected void closeDecoder() {}
}
