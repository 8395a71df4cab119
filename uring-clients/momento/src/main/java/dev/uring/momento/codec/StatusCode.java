package dev.uring.momento.codec;

/**
 * What a server calls the reason of an error: the codes of gRPC, in the order of their numbers.
 *
 * <h2>Source</h2>
 *
 * grpc/doc/statuscodes.md.
 */
public enum StatusCode {
  /** No error, and so never one's reason. */
  OK,
  /** The operation was cancelled. */
  CANCELLED,
  /** The server does not say, or says something that is not in this list. */
  UNKNOWN,
  /** The command is wrong, whatever the state of the cache. */
  INVALID_ARGUMENT,
  /** The server's own time was over. */
  DEADLINE_EXCEEDED,
  /** There is no such cache. */
  NOT_FOUND,
  /** What was to be made exists. */
  ALREADY_EXISTS,
  /** The token does not allow this. */
  PERMISSION_DENIED,
  /** A limit of the account or of the server is reached. */
  RESOURCE_EXHAUSTED,
  /** The system is not in the state that the command needs. */
  FAILED_PRECONDITION,
  /** Another one was in the way. */
  ABORTED,
  /** Beyond what there is. */
  OUT_OF_RANGE,
  /** The server does not have this command. */
  UNIMPLEMENTED,
  /** A fault of the server. */
  INTERNAL,
  /** The server cannot be used now. */
  UNAVAILABLE,
  /** What was stored is lost or damaged. */
  DATA_LOSS,
  /** There is no valid token. */
  UNAUTHENTICATED;

  private static final StatusCode[] ALL = values();

  /**
   * The code of a number; one that is not known is {@link #UNKNOWN}.
   *
   * @param wire the number
   * @return the code
   */
  public static StatusCode of(long wire) {
    return wire >= 0 && wire < ALL.length ? ALL[(int) wire] : UNKNOWN;
  }
}
