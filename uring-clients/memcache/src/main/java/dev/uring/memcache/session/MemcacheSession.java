package dev.uring.memcache.session;

import dev.uring.bytes.ByteView;
import dev.uring.client.session.InOrderSession;
import dev.uring.client.session.Pending;
import dev.uring.codec.DecodeStatus;
import dev.uring.memcache.codec.MemcacheLimits;
import dev.uring.memcache.codec.MemcacheReply;
import dev.uring.memcache.codec.MemcacheReplyDecoder;

/**
 * Gives each line on one connection to the command that it answers.
 *
 * <h2>Shapes and units</h2>
 *
 * Memcached answers in the order of the commands. What is sent must be an {@link Exchange}: it says
 * which line is the last of its reply.
 *
 * <h2>Ownership</h2>
 *
 * Owns its decoder.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One thread. Parts are given out as they arrive, so that an item is read where it was received; a
 * command that was given up keeps its place, and its lines are dropped.
 *
 * <h2>Errors</h2>
 *
 * {@link #errorText()}: bytes that are no reply, or a line that nobody waits for.
 */
public final class MemcacheSession extends InOrderSession<MemcacheReply> {
  private final MemcacheReplyDecoder decoder;
  private int consumedBytes;

  /**
   * A session for a new connection.
   *
   * @param limits what a server may send
   * @param repliesMax most replies that may be waited for at once
   */
  public MemcacheSession(MemcacheLimits limits, int repliesMax) {
    super("memcache", repliesMax);
    decoder = new MemcacheReplyDecoder(limits);
  }

  @Override
  protected DecodeStatus decode(ByteView bytes, int from) {
    int at = from;
    while (true) {
      DecodeStatus status = decoder.decode(bytes, at);
      at += decoder.consumedBytes();
      if (status != DecodeStatus.DONE || pendingCount() == 0) {
        consumedBytes = at - from;
        return status;
      }
      Pending<MemcacheReply> waiting = pending(0);
      Exchange exchange = (Exchange) waiting;
      if (exchange.isEndedBy(decoder.reply())) {
        consumedBytes = at - from;
        return status;
      }
      if (!waiting.isAbandoned()) {
        exchange.part(decoder.reply());
      }
    }
  }

  @Override
  protected int consumedBytes() {
    return consumedBytes;
  }

  @Override
  protected MemcacheReply reply() {
    return decoder.reply();
  }

  @Override
  protected String decoderFault() {
    return decoder.errorText();
  }

  @Override
  protected void closeDecoder() {
    decoder.close();
  }
}
