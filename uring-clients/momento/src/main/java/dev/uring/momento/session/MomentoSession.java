package dev.uring.momento.session;

import dev.uring.bytes.ByteView;
import dev.uring.client.session.Pending;
import dev.uring.client.session.ProtocolSession;
import dev.uring.codec.DecodeStatus;
import dev.uring.momento.codec.MomentoLimits;
import dev.uring.momento.codec.MomentoReply;
import dev.uring.momento.codec.MomentoReplyDecoder;
import dev.uring.momento.codec.ReplyKind;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A client's end of one connection: gives out numbers, and each reply to the command that has its
 * number.
 *
 * <h2>Shapes and units</h2>
 *
 * Numbers begin at 1 and are never used again on a connection. What is sent must be
 * {@link Numbered}. Replies may come in any order.
 *
 * <p><em>Invariant:</em> a command is held from {@link #sent} until its reply, {@link #forget} or
 * {@link #end()}. A number that was given out and is not held any more can have a reply all the
 * same, because it was under way when the command was cancelled: such a reply is dropped and
 * counted. So nothing that a cancellation does can give a reply to somebody else.
 *
 * <h2>Ownership</h2>
 *
 * Owns its decoder. Commands belong to whoever sent them.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One thread. Allocates nothing once the table of commands has grown.
 *
 * <h2>Errors</h2>
 *
 * {@link #errorText()}: bytes that are no message, a number that was never given out, or a reply of
 * a kind that does not fit its command.
 */
public final class MomentoSession implements ProtocolSession<MomentoReply> {
  private final MomentoReplyDecoder decoder;
  private final MessageTable<Pending<MomentoReply>> table = new MessageTable<>();
  private final int repliesMax;
  private final Runnable whenLate;
  private long lastId;
  private long repliesTotal;
  private boolean isStopped;
  private String errorText;

  /**
   * A session for a new connection.
   *
   * @param limits what the server may send
   * @param repliesMax most replies that may be waited for at once
   * @param whenLate called for each reply that nobody waits for, because its command was given up
   */
  public MomentoSession(MomentoLimits limits, int repliesMax, Runnable whenLate) {
    this.decoder = new MomentoReplyDecoder(limits);
    this.repliesMax = repliesMax;
    this.whenLate = whenLate;
  }

  @Override
  public boolean hasRoom(int replies) {
    return table.count() == 0 || table.count() + replies <= repliesMax;
  }

  @Override
  public int repliesExpected() {
    return table.count();
  }

  @Override
  public long repliesTotal() {
    return repliesTotal;
  }

  @Override
  public void sent(Pending<MomentoReply> pending) {
    if (!hasRoom(1)) {
      throw new IllegalStateException("repliesExpected="
          + table.count()
          + " and one more exceed repliesMax="
          + repliesMax
          + ": ask hasRoom before writing");
    }
    ((Numbered) pending).messageId(++lastId);
    table.put(lastId, pending);
  }

  /**
   * Forgets a command: if its reply comes all the same, that is dropped.
   *
   * @param pending what was sent
   * @return {@code false} if it is not held
   */
  public boolean forget(Pending<MomentoReply> pending) {
    long id = ((Numbered) pending).messageId();
    if (table.get(id) != pending) {
      return false;
    }
    table.remove(id);
    return true;
  }

  @Override
  public int received(ByteView bytes) {
    int at = 0;
    while (!isStopped && errorText == null && at < bytes.size()) {
      DecodeStatus status = decoder.decode(bytes, at);
      at += decoder.consumedBytes();
      if (status == DecodeStatus.NEED_MORE) {
        break;
      }
      if (status == DecodeStatus.BAD) {
        errorText = decoder.errorText();
      } else {
        dispatch(decoder.reply());
      }
    }
    return at;
  }

  @Override
  public String errorText() {
    return errorText;
  }

  @Override
  public void stop() {
    isStopped = true;
  }

  @Override
  public int pendingCount() {
    return table.count();
  }

  @Override
  public void forEachPending(Consumer<? super Pending<MomentoReply>> visitor) {
    for (long id : table.sortedIds()) {
      visitor.accept(table.get(id));
    }
  }

  @Override
  public List<Pending<MomentoReply>> end() {
    stop();
    decoder.close();
    List<Pending<MomentoReply>> left = new ArrayList<>(table.count());
    forEachPending(left::add);
    table.clear();
    return left;
  }

  private void dispatch(MomentoReply reply) {
    long id = reply.messageId();
    if (id <= 0 || id > lastId) {
      errorText = "momento: a reply came for command "
          + Long.toUnsignedString(id)
          + ", and the last one sent was "
          + lastId;
      return;
    }
    Pending<MomentoReply> pending = table.get(id);
    if (pending == null) {
      whenLate.run();
      return;
    }
    ReplyKind expected = ((Numbered) pending).expects();
    ReplyKind kind = reply.kind();
    if (kind != expected && kind != ReplyKind.ERROR && kind != ReplyKind.NONE) {
      errorText = "momento: command " + id + " was answered with " + kind + ", not " + expected;
      return;
    }
    table.remove(id);
    repliesTotal++;
    pending.answer(reply, true);
  }
}
