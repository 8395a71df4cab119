package dev.uring.tls;

/**
 * The peer's TCP stream ended without the close_notify that ends a TLS stream. Anybody on the way
 * can do that: what came before may be a part of the whole.
 */
public final class TlsTruncatedException extends TlsException {
  private static final long serialVersionUID = 1L;

  /** Bytes of the program's that had come. */
  private final long receivedBytes;

  /**
   * A stream without its end.
   *
   * @param connection what identifies the connection in the message
   * @param receivedBytes bytes of the program's that had come
   */
  public TlsTruncatedException(String connection, long receivedBytes) {
    super(
        "TLS stream cut off after "
            + receivedBytes
            + " bytes: the peer's FIN came without a close_notify ("
            + connection
            + ").\n  Likely cause: the peer crashed or closes carelessly, or somebody between cut"
            + " the stream. Where messages carry their length, the option toleratesTruncation"
            + " takes it for an ordinary end.",
        null);
    this.receivedBytes = receivedBytes;
  }

  /**
   * How much had come.
   *
   * @return bytes of the program's since the connection began
   */
  public long receivedBytes() {
    return receivedBytes;
  }
}
