package dev.uring.net;

/** What became of bytes that were offered to a connection with {@code tryWrite}. */
public enum SendOutcome {
  /** All of them are queued. */
  QUEUED,
  /** None of them: as many bytes as the high-water mark are unsent. */
  FULL,
  /** None of them: the connection is closing or gone, or its output was shut down. */
  CLOSED
}
