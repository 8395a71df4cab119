package dev.uring.client.session;

import dev.uring.bytes.ByteView;
import java.util.List;
import java.util.function.Consumer;

/**
 * What a protocol is to one connection: finds the replies in what arrives, and gives each to the
 * request that it answers.
 *
 * <h2>Shapes and units</h2>
 *
 * {@link #sent} for each request right before it is written, in the order of the wire;
 * {@link #received} for what arrives. A protocol that numbers its requests gives out the number in
 * {@code sent}; one that answers in order needs no numbers, see {@link InOrderSession}.
 *
 * <p><em>Invariant:</em> a request is held from {@code sent} until its last reply or {@link #end},
 * abandoned or not: a reply must never find somebody else in its place.
 *
 * <h2>Ownership</h2>
 *
 * Owns its decoder. Requests belong to whoever sent them.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One thread. {@link #received} calls requests right away; they may call back, also
 * {@link #stop()}.
 *
 * <h2>Errors</h2>
 *
 * {@link #errorText()} after bytes that cannot be trusted: the connection must be given up.
 *
 * @param <R> what a reply is read with
 */
public interface ProtocolSession<R> extends AutoCloseable {
  /**
   * Whether more may be sent. What is larger than the bound may go alone.
   *
   * @param replies how many replies it will have
   * @return whether {@link #sent} accepts it
   */
  boolean hasRoom(int replies);

  /**
   * How many replies are still to come.
   *
   * @return those to abandoned requests included
   */
  int repliesExpected();

  /**
   * How many replies have come.
   *
   * @return since the session began; what came without being asked for is not counted
   */
  long repliesTotal();

  /**
   * Notes that something is being written to the connection now.
   *
   * @param pending waits for its replies
   */
  void sent(Pending<R> pending);

  /**
   * Takes what has arrived: calls those whose replies are whole.
   *
   * @param bytes all unconsumed bytes, borrowed
   * @return how many of them are done with
   */
  int received(ByteView bytes);

  /**
   * What is wrong with what the server sent.
   *
   * @return the fault, or {@code null} as long as there is none
   */
  String errorText();

  /** Calls nobody any more; {@link #received} returns as soon as it gets to it. */
  void stop();

  /**
   * How many requests wait.
   *
   * @return abandoned ones included
   */
  int pendingCount();

  /**
   * Shows every request that waits, oldest first.
   *
   * @param visitor must not send anything
   */
  void forEachPending(Consumer<? super Pending<R>> visitor);

  /**
   * Ends the session and frees its memory. No reply will come any more.
   *
   * @return the requests that have not had all of their replies, oldest first
   */
  List<Pending<R>> end();

  @Override
  default void close() {
    end();
  }
}
