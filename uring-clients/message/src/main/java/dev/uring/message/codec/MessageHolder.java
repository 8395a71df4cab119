package dev.uring.message.codec;

/**
 * What an engine keeps with a message for as long as that lives: how it takes it over from the
 * program and gives it back, and where it goes when it is released.
 *
 * <h2>Ownership</h2>
 *
 * One for each message, which knows it. The engine may use the message only through it, and only
 * between {@link #takeOver} and {@link #handBack}.
 *
 * <h2>Threading and cancellation</h2>
 *
 * As the message: one thread at a time.
 */
public abstract class MessageHolder {
  /** The message. */
  private final Message message;

  /**
   * The holder of a message that has none.
   *
   * @param message the message
   */
  @SuppressWarnings("this-escape") // only noted; nothing is called before the constructor ends
  protected MessageHolder(Message message) {
    if (message.holder != null) {
      throw new IllegalStateException("another engine has " + message.describe());
    }
    this.message = message;
    message.holder = this;
  }

  /**
   * The holder of a message.
   *
   * @param message the message
   * @return its holder, or null
   */
  public static MessageHolder of(Message message) {
    return message.holder;
  }

  /**
   * Its message.
   *
   * @return always the same
   */
  public final Message message() {
    return message;
  }

  /** The program has released the message, which is the holder's from now on. */
  protected abstract void released();

  /**
   * Takes the message away from the program.
   *
   * @param to what the program called, for the exception that use of it gets from now on
   */
  protected final void takeOver(String to) {
    message.check();
    message.handedOver(to);
  }

  /** Gives the message to the program. */
  protected final void handBack() {
    message.takenBack();
  }

  /** Makes the message as new. */
  protected final void clear() {
    message.clear();
  }

  /**
   * The channel of the message.
   *
   * @return 0 to 65535
   */
  protected final int channel() {
    return message.rawChannel();
  }

  /**
   * Changes the channel.
   *
   * @param number 0 to 65535
   */
  protected final void channel(int number) {
    message.rawHeader(number, message.rawBits(), message.rawStatus(), message.rawId());
  }

  /**
   * The id of the message.
   *
   * @return the id
   */
  protected final long id() {
    return message.rawId();
  }

  /**
   * Its operation.
   *
   * @return the operation, or null
   */
  protected final MessageOperation operation() {
    return MessageOperation.ofTypeAndRole(message.rawBits() & WireFormat.TYPE_AND_ROLE);
  }

  /**
   * Whether it goes before others.
   *
   * @return whether it is out of band
   */
  protected final boolean isOob() {
    return (message.rawBits() & WireFormat.OOB) != 0;
  }

  /**
   * Whether the engine has made it or returned it.
   *
   * @return whether it is from the engine
   */
  protected final boolean isFromEngine() {
    return (message.rawBits() & WireFormat.ORIGIN_ENGINE) != 0;
  }

  /**
   * Gives the message the engine's origin and a status; the rest stays.
   *
   * @param status how it went
   */
  protected final void stamp(MessageStatus status) {
    message.rawHeader(
        message.rawChannel(),
        message.rawBits() | WireFormat.ORIGIN_ENGINE,
        status.ordinal(),
        message.rawId());
  }

  /** Makes the message the last that comes of its channel. */
  protected final void endOfChannel() {
    message.rawEndOfChannel();
  }

  /** Makes the message the word that the connection of its channel is lost. */
  protected final void connectionLost() {
    message.rawConnectionLost();
  }

  /** Makes the message the word that its channel has a connection again. */
  protected final void connectionBack() {
    message.rawConnectionBack();
  }

  /**
   * Gives the message a status and the program's origin.
   *
   * @param status how it went
   */
  protected final void stampForProgram(MessageStatus status) {
    message.rawHeader(
        message.rawChannel(),
        message.rawBits() & ~WireFormat.ORIGIN_ENGINE,
        status.ordinal(),
        message.rawId());
  }

  /**
   * Gives the message a new role.
   *
   * @param operation type and role
   */
  protected final void operation(MessageOperation operation) {
    message.rawHeader(
        message.rawChannel(),
        message.rawBits() & ~WireFormat.TYPE_AND_ROLE | operation.typeAndRole(),
        message.rawStatus(),
        message.rawId());
  }

  /**
   * Gives the message an id.
   *
   * @param id the id
   */
  protected final void id(long id) {
    message.rawHeader(message.rawChannel(), message.rawBits(), message.rawStatus(), id);
  }

  /**
   * The value of a text header, also while the program does not hold the message.
   *
   * @param name in ASCII
   * @return the value of the first header with that name, or null
   */
  protected final String header(String name) {
    return message.rawHeader(name);
  }

  /**
   * Adds a text header, if there is room for it, while the program does not hold the message.
   *
   * @param name in ASCII
   * @param value without line ends
   */
  protected final void appendHeader(String name, String value) {
    message.appendRawHeader(name, value);
  }

  /**
   * What the message is, for people.
   *
   * @return one line
   */
  protected final String describe() {
    return message.describe();
  }

  /**
   * How many bytes its body has.
   *
   * @return bytes
   */
  protected final int bodyBytes() {
    return message.rawBody().rawSize();
  }

  /**
   * How many bytes it takes on the wire.
   *
   * @return bytes, the header's 16 included
   */
  protected final int wireBytes() {
    return MessageEncoder.sizeBytes(message);
  }
}
