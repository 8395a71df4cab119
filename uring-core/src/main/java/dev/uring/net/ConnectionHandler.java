package dev.uring.net;

import dev.uring.bytes.ByteView;

/**
 * What a program does with a connection.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Every method is called on the connection's worker, from the top level of its loop and never
 * inside another call, so a method may use the connection freely. It must not block: every other
 * connection of the worker waits for it.
 *
 * <h2>Errors</h2>
 *
 * What a method throws ends the connection with a reset and is handed to {@link #onClosed}; the
 * worker and its other connections go on.
 *
 * @see Connection
 */
public interface ConnectionHandler {
  /**
   * The connection is ready.
   *
   * @param connection the connection
   */
  default void onOpen(Connection connection) {}

  /**
   * More bytes have arrived.
   *
   * <h4>Shapes and units</h4>
   *
   * The view holds all unconsumed bytes, old and new, in one piece. Its boundaries are those of the
   * network, not of messages.
   *
   * <h4>Ownership</h4>
   *
   * The view is borrowed until this method returns. What is not consumed stays with the connection
   * and is offered again, at the front, when more has arrived.
   *
   * @param connection the connection
   * @param bytes everything unconsumed
   * @return how many bytes are done with, from 0 (a message is unfinished) to the size of the view;
   *     bytes given to {@link Connection#consume} during the call do not count again
   */
  int onReceive(Connection connection, ByteView bytes);

  /**
   * The peer has finished sending. What was not consumed is still in {@link Connection#received()}:
   * if there is any, the peer stopped in the middle of a message.
   *
   * <p>By default answers with {@link Connection#close()}.
   *
   * @param connection the connection
   */
  default void onEnd(Connection connection) {
    connection.close();
  }

  /**
   * No bytes came within the time that {@link Connection#expectWithin} gave. What is unconsumed is
   * still in {@link Connection#received()}.
   *
   * <p>By default resets the connection.
   *
   * @param connection the connection
   */
  default void onReceiveTimeout(Connection connection) {
    connection.abort();
  }

  /**
   * Few enough bytes are unsent; answers {@link Connection#requestWritable} and
   * {@link Connection#requestSent}.
   *
   * @param connection the connection
   */
  default void onWritable(Connection connection) {}

  /**
   * The time given to {@link Connection#requestWritable(long, java.time.Duration)} is over, and too
   * many bytes are still unsent.
   *
   * <p>By default answers with {@link Connection#abort()}: the peer reads too slowly, or not at
   * all.
   *
   * @param connection the connection
   */
  default void onWritableTimeout(Connection connection) {
    connection.abort();
  }

  /**
   * The runtime is shutting down and this connection shall end soon. After {@code drainTimeout} it
   * is reset.
   *
   * <p>By default answers with {@link Connection#close()}: what is queued is sent, a message the
   * peer has begun is not waited for.
   *
   * @param connection the connection
   */
  default void onDrain(Connection connection) {
    connection.close();
  }

  /**
   * The connection is gone and its descriptor closed. Called exactly once, after every other
   * method.
   *
   * @param connection the connection, of no more use than for its {@code id}
   * @param cause null when it was closed in order; otherwise what ended it
   */
  default void onClosed(Connection connection, Throwable cause) {}
}
