package dev.uring.memcache.session;

import dev.uring.bytes.ByteView;
import dev.uring.client.session.InOrderSession;
import dev.uring.client.session.Pending;
import dev.uring.codec.DecodeStatus;
import dev.uring.memcache.codec.MemcacheLimits;
import dev.uring.memcache.codec.MemcacheReply;
import dev.uring.memcache.codec.MemcacheReplyDecoder;
import dev.uring.memcache.codec.ReplyKind;

/**
 * Gives each line on one connection to the command that it answers.
 *
 * <h2>Shapes and units</h2>
 *
 * Memcached answers in the order of the commands. What is sent must be an {@link Exchange}: it says
 * which line is the last of its reply.
 *
 * <p>Gets that {@linkplain Exchange#joinsLine() share a line} get their items by key, in whatever
 * order they come, because a proxy may mix them; a key is known to be missing only at {@code END}.
 * The first of those that wait is answered as soon as its item has come.
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
 * {@link #errorText()}: bytes that are no reply, a line that nobody waits for, or an item that none
 * of those who share a line has asked for. An error is the answer to all that share the line.
 */
public final class MemcacheSession extends InOrderSession<MemcacheReply> {
  private final MemcacheReplyDecoder decoder;
  private int consumedBytes;
  private MemcacheReply reply;
  private String fault;

  // Of the line that is being answered: how many commands have their key on it and wait, the oldest
  // of all included; 0 before its answer begins. Commands of one line are never apart in the ring.
  private int sharing;
  private boolean isShared;
  private int nextClaim;
  // Of the reply that ends the line, while it is given to each of them: it is consumed at the last.
  private int endingBytes;

  /**
   * A session for a new connection.
   *
   * @param limits what a server may send
   * @param repliesMax most replies that may be waited for at once
   */
  public MemcacheSession(MemcacheLimits limits, int repliesMax) {
    super("memcache", repliesMax);
    decoder = new MemcacheReplyDecoder(limits);
    reply = decoder.reply();
  }

  @Override
  protected DecodeStatus decode(ByteView bytes, int from) {
    if (endingBytes > 0) {
      return endNext(0);
    }
    reply = decoder.reply();
    int at = from;
    while (true) {
      DecodeStatus status = decoder.decode(bytes, at);
      at += decoder.consumedBytes();
      consumedBytes = at - from;
      if (status != DecodeStatus.DONE || pendingCount() == 0) {
        return status;
      }
      if (sharing == 0) {
        beginLine();
      }
      if (isShared ? reply.kind() != ReplyKind.VALUE : ((Exchange) pending(0)).isEndedBy(reply)) {
        return endLine();
      }
      int claimant = isShared ? claimant() : 0;
      if (claimant < 0) {
        return unclaimed();
      }
      Pending<MemcacheReply> waiting = pending(claimant);
      if (!waiting.isAbandoned()) {
        ((Exchange) waiting).part(reply);
      }
      if (claimant == 0 && sharing > 1) {
        return endFirst();
      }
    }
  }

  private void beginLine() {
    int count = pendingCount();
    sharing = 1;
    while (sharing < count && ((Exchange) pending(sharing)).joinsLine()) {
      sharing++;
    }
    isShared = sharing > 1;
    nextClaim = 0;
  }

  // Items come in the order of the keys, nearly always: so whose turn it is is asked first.
  private int claimant() {
    for (int asked = 0; asked < sharing; asked++) {
      int at = nextClaim + asked;
      int candidate = at < sharing ? at : at - sharing;
      if (((Exchange) pending(candidate)).claims(reply)) {
        nextClaim = candidate + 1;
        return candidate;
      }
    }
    return -1;
  }

  private DecodeStatus unclaimed() {
    fault = "memcache: an item came whose key none of the " + sharing + " gets of its line has";
    return DecodeStatus.BAD;
  }

  // It has its item, and more of the line is to come for others: its own reply ends here.
  private DecodeStatus endFirst() {
    sharing--;
    nextClaim--;
    reply = MemcacheReply.END;
    return DecodeStatus.DONE;
  }

  private DecodeStatus endLine() {
    endingBytes = decoder.consumedBytes();
    return endNext(consumedBytes - endingBytes);
  }

  private DecodeStatus endNext(int bytesBefore) {
    sharing--;
    consumedBytes = bytesBefore;
    if (sharing == 0) {
      consumedBytes += endingBytes;
      endingBytes = 0;
    }
    return DecodeStatus.DONE;
  }

  @Override
  protected int consumedBytes() {
    return consumedBytes;
  }

  @Override
  protected MemcacheReply reply() {
    return reply;
  }

  @Override
  protected String decoderFault() {
    return fault == null ? decoder.errorText() : fault;
  }

  @Override
  protected void closeDecoder() {
    decoder.close();
  }
}
