package dev.uring.message.codec;

/**
 * How it went, as the engine says with a message that it sends to the program or returns to it. The
 * order is that of version 1 (tofu's {@code AmpeStatus}).
 */
public enum MessageStatus {
  /** Well. */
  SUCCESS,
  /** There is no such function yet. */
  NOT_IMPLEMENTED_YET,
  /** The address in the configuration header is missing or has another form. */
  WRONG_CONFIGURATION,
  /** Only the engine may do that. */
  NOT_ALLOWED,
  /** There is no message. */
  NULL_MESSAGE,
  /** A message that is wrong otherwise than the statuses below say. */
  INVALID_MESSAGE,
  /** No such type. */
  INVALID_MESSAGE_TYPE,
  /** This type has no such role. */
  INVALID_MESSAGE_MODE,
  /** More than 65535 bytes of text headers. */
  INVALID_HEADERS_LEN,
  /** More than 65535 bytes of body. */
  INVALID_BODY_LEN,
  /** {@code more} with a message that is not a regular one. */
  INVALID_MORE_USAGE,
  /** No channel with this number. */
  INVALID_CHANNEL_NUMBER,
  /** The channel is another group's. */
  INVALID_CHANNEL_GROUP,
  /** A response without the id of its request. */
  INVALID_MESSAGE_ID,
  /** No such address, or none that can be used. */
  INVALID_ADDRESS,
  /** There is no such socket file. */
  UDS_PATH_NOT_FOUND,
  /** Notifications are off. */
  NOTIFICATION_DISABLED,
  /** A notification could not be sent. */
  NOTIFICATION_FAILED,
  /** The peer is gone. */
  PEER_DISCONNECTED,
  /** The connection failed. */
  COMMUNICATION_FAILED,
  /** The pool has no message to receive into. */
  POOL_EMPTY,
  /** No memory. */
  ALLOCATION_FAILED,
  /** Another part of the program has something for the receiver. */
  RECEIVER_UPDATE,
  /** The channel is closed. */
  CHANNEL_CLOSED,
  /** The engine or the group is shutting down. */
  SHUTDOWN_STARTED,
  /** The connection could not be opened. */
  CONNECT_FAILED,
  /** The address cannot be listened on. */
  LISTEN_FAILED,
  /** A connection could not be accepted. */
  ACCEPT_FAILED,
  /** Sending failed. */
  SEND_FAILED,
  /** Receiving failed, or what came is no message. */
  RECV_FAILED,
  /** An option could not be set. */
  SETSOCKOPT_FAILED,
  /** The engine failed with this message. */
  PROCESSING_FAILED,
  /** Something else. */
  UNKNOWN_ERROR;

  private static final MessageStatus[] VALUES = values();

  /**
   * Its number in a version of the wire format.
   *
   * @param format which version
   * @return 0 to 32
   */
  public int code(WireFormat format) {
    // Version 2 has one code for a wrong type and a wrong role, and all after it moved up.
    return format == WireFormat.V1 || ordinal() <= INVALID_MESSAGE_TYPE.ordinal()
        ? ordinal()
        : ordinal() - 1;
  }

  /**
   * The status with a number.
   *
   * @param code from 0; what is above the highest is {@link #UNKNOWN_ERROR}
   * @param format which version's number it is
   * @return the status; code 6 of version 2, an invalid operation, is {@link #INVALID_MESSAGE_MODE}
   */
  public static MessageStatus of(int code, WireFormat format) {
    int ordinal =
        format == WireFormat.V1 || code < INVALID_MESSAGE_TYPE.ordinal() ? code : code + 1;
    return ordinal >= VALUES.length ? UNKNOWN_ERROR : VALUES[ordinal];
  }
}
