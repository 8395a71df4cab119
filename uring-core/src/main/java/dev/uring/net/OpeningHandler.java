package dev.uring.net;

import java.util.concurrent.CompletionStage;

/**
 * Handles a connection until it is ready for the program's own handler, to which it then
 * {@linkplain Connection#handOver hands it over}: while a handshake is under way, for instance.
 *
 * <p>An attempt to connect succeeds when its connection is ready, and its time limit is for that
 * too.
 */
public interface OpeningHandler extends ConnectionHandler {
  /**
   * When the connection is ready.
   *
   * @return completes on the worker, once the program's handler has seen {@code onOpen}, or with
   *     what ended the connection before
   */
  CompletionStage<Void> ready();
}
