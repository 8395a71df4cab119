package dev.uring.socket;

/** Which worker gets a new connection. */
public enum AcceptPlacement {
  /**
   * Each worker has a listening socket of its own on the same port (SO_REUSEPORT), and the kernel
   * chooses by a hash of both addresses. No worker waits for another one: the default for TCP. A
   * Unix socket cannot do it and takes {@link #ROUND_ROBIN}.
   */
  PER_WORKER,

  /**
   * One worker accepts and the workers get the connections by turns: even numbers even when clients
   * are few, for a message between workers for each connection.
   */
  ROUND_ROBIN,

  /** One worker accepts, and the worker with the fewest open connections gets the next one. */
  LEAST_CONNECTIONS,

  /** One worker accepts, and chance decides. */
  RANDOM,

  /**
   * One worker accepts, and a hash of the peer's address without its port decides: the connections
   * of one client machine meet on one worker. A Unix peer has no such address and gets its worker
   * by turns.
   */
  SOURCE_HASH
}
