package dev.uring.bench.load;

import java.io.Serial;

/** The server did not echo what it was sent; the text says where it differed. */
final class LoadException extends RuntimeException {
  @Serial
  private static final long serialVersionUID = 1L;

  LoadException(String message) {
    super(message);
  }
}
