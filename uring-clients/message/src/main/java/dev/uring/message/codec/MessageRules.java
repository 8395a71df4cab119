package dev.uring.message.codec;

/**
 * What a program may send: tofu's {@code check_and_prepare}, in its order and with its codes.
 *
 * <h2>Errors</h2>
 *
 * A message that breaks a rule gets the rule's status, and {@link InvalidMessageException} names
 * it. It stays the program's.
 */
public final class MessageRules {
  private MessageRules() {}

  /**
   * Checks a message and gives it an id if it has none.
   *
   * @param message the message
   * @param format the version that it will be sent in; in version 2 origin and status are not
   *     checked but set
   * @return what it is
   * @throws InvalidMessageException the first rule that it breaks
   */
  public static MessageOperation checkAndPrepare(Message message, WireFormat format) {
    if (message == null) {
      throw new InvalidMessageException(
          MessageStatus.NULL_MESSAGE, "there is no message to send (NULL_MESSAGE)");
    }
    message.check();
    int bits = message.rawBits();
    message.rawHeader(message.rawChannel(), bits, MessageStatus.SUCCESS.ordinal(), message.rawId());
    if ((bits & WireFormat.ORIGIN_ENGINE) != 0) {
      if (format == WireFormat.V1) {
        throw refused(
            message,
            MessageStatus.NOT_ALLOWED,
            "its origin is the engine: a returned message has to be reset(), or copied into a new"
                + " one, before it is sent");
      }
      bits &= ~WireFormat.ORIGIN_ENGINE;
      message.rawHeader(message.rawChannel(), bits, 0, message.rawId());
    }
    MessageType type = MessageType.of(bits & 3);
    MessageRole role = MessageRole.of(bits >> 2 & 3);
    if (role == MessageRole.RESPONSE && message.rawId() == 0) {
      throw refused(
          message, MessageStatus.INVALID_MESSAGE_ID, "a response has the id of its request");
    }
    if (type != MessageType.REGULAR && (bits & WireFormat.MORE) != 0) {
      throw refused(
          message, MessageStatus.INVALID_MORE_USAGE, "only a regular message has more parts");
    }
    MessageOperation operation = operation(message, type, role);
    if (message.rawChannel() == Message.CHANNEL_NONE
        && operation != MessageOperation.WELCOME_REQUEST
        && operation != MessageOperation.HELLO_REQUEST) {
      throw refused(
          message,
          MessageStatus.INVALID_CHANNEL_NUMBER,
          "it has no channel; only a welcome or hello request gets one as it is sent");
    }
    checkLengths(message, operation);
    if (message.rawId() == 0) {
      message.rawHeader(message.rawChannel(), bits, 0, Message.nextId());
    }
    return operation;
  }

  private static MessageOperation operation(Message message, MessageType type, MessageRole role) {
    MessageOperation operation = MessageOperation.of(type, role);
    if (operation == MessageOperation.WELCOME_REQUEST || type != MessageType.WELCOME) {
      if (operation != null) {
        return operation;
      }
    } else if (role == MessageRole.RESPONSE) {
      throw refused(message, MessageStatus.NOT_ALLOWED, "only the engine answers a welcome");
    }
    throw refused(
        message,
        MessageStatus.INVALID_MESSAGE_MODE,
        "no message has this type with this role; Message.operation gives both");
  }

  private static void checkLengths(Message message, MessageOperation operation) {
    int headers = message.rawHeaders().bytes().rawSize();
    if (headers > Message.PART_BYTES_MAX) {
      throw refused(
          message,
          MessageStatus.INVALID_HEADERS_LEN,
          "text headers of " + headers + " bytes exceed " + Message.PART_BYTES_MAX + " bytes");
    }
    if (headers == 0
        && (operation == MessageOperation.WELCOME_REQUEST
            || operation == MessageOperation.HELLO_REQUEST)) {
      throw refused(
          message,
          MessageStatus.WRONG_CONFIGURATION,
          "it has no header that says where: " + TextHeaders.CONNECT_TO + " or "
              + TextHeaders.LISTEN_ON);
    }
    int body = message.rawBody().rawSize();
    if (body > Message.PART_BYTES_MAX) {
      throw refused(
          message,
          MessageStatus.INVALID_BODY_LEN,
          "a body of "
              + body
              + " bytes exceeds "
              + Message.PART_BYTES_MAX
              + " bytes: send it in parts, with more=true");
    }
  }

  /**
   * Gives a message a status and makes the exception that says so.
   *
   * @param message what was refused
   * @param status why
   * @param because why, for people
   * @return the exception, to be thrown
   */
  public static InvalidMessageException refused(
      Message message, MessageStatus status, String because) {
    message.rawHeader(message.rawChannel(), message.rawBits(), status.ordinal(), message.rawId());
    return new InvalidMessageException(
        status, message.describe() + " may not be sent (" + status + "): " + because + ".");
  }
}
