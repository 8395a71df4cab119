package dev.uring.message.codec;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What peers send each other, and what a program and its engine say to each other: the data and the
 * API in one.
 *
 * <h2>Shapes and units</h2>
 *
 * A header of 16 bytes (channel, type, role, flags, status, id), {@link #headers()} and a
 * {@link #body()} of up to 65535 bytes each. A new message has neither type nor role that can be
 * sent: {@link #operation(MessageOperation)} gives both.
 *
 * <h2>Ownership</h2>
 *
 * Somebody holds it, always exactly one: the program, from the moment it gets it until it sends it
 * or releases it, and the engine otherwise. Whoever uses a message that was handed over gets an
 * exception that names where it was handed over. What was given up comes from a pool and goes back
 * there, so the check finds a mistake until somebody else gets the same object. Setting the
 * property {@code dev.uring.message.checks} to {@code strict} finds every one, with the stack of
 * the hand-over: pools then give out no object twice. {@code off} checks nothing.
 *
 * <h2>Threading and cancellation</h2>
 *
 * For one thread at a time. Handing over takes it to another.
 *
 * <h2>Errors</h2>
 *
 * {@link IllegalStateException} when it is used after it was handed over.
 */
public final class Message {
  /** The channel number of a message that has none yet. */
  public static final int CHANNEL_NONE = 0;

  /** The channel number of the engine's own notifications, never a channel's. */
  public static final int CHANNEL_ENGINE = 65535;

  /** Most bytes of text headers, and of a body: what their 16-bit lengths can say. */
  public static final int PART_BYTES_MAX = 65535;

  static final boolean IS_STRICT = "strict".equals(System.getProperty("dev.uring.message.checks"));

  private static final boolean CHECKS =
      !"off".equals(System.getProperty("dev.uring.message.checks"));
  private static final int BODY_BYTES_INITIAL = 256;
  private static final int HEADERS_BYTES_INITIAL = 64;
  private static final AtomicLong LAST_ID = new AtomicLong();

  private final TextHeaders headers =
      new TextHeaders(new MessageBytes(this, HEADERS_BYTES_INITIAL));
  private final MessageBytes body = new MessageBytes(this, BODY_BYTES_INITIAL);
  private int channel;
  private int bits;
  private int status;
  private long id;
  private Object context;
  private Word word = Word.NONE;

  // Null while the program holds it.
  private String handedOverTo;
  private Throwable handedOverAt;

  MessageHolder holder;

  /** What the engine says of a channel with a message of its own. */
  private enum Word {
    NONE,
    END_OF_CHANNEL,
    CONNECTION_LOST,
    CONNECTION_BACK
  }

  /** A message of the program's own, which belongs to no pool until an engine gets it. */
  public Message() {}

  /**
   * The next number of a message in this process.
   *
   * @return from 1
   */
  public static long nextId() {
    return LAST_ID.incrementAndGet();
  }

  /**
   * Its channel, in the numbers of the engine that received it or shall send it.
   *
   * @return 0 to 65535
   */
  public int channel() {
    check();
    return channel;
  }

  /**
   * Says over which channel it goes.
   *
   * @param number 0 to 65535
   * @return this
   */
  public Message channel(int number) {
    check();
    if ((number & 0xFFFF) != number) {
      throw new IllegalArgumentException("channel " + number + " is not in 0..65535");
    }
    channel = number;
    return this;
  }

  /**
   * Its type.
   *
   * @return the type
   */
  public MessageType type() {
    check();
    return MessageType.of(bits & 3);
  }

  /**
   * Its role.
   *
   * @return the role
   */
  public MessageRole role() {
    check();
    return MessageRole.of(bits >> 2 & 3);
  }

  /**
   * Its type and its role in one.
   *
   * @return the operation, or null when they go not together
   */
  public MessageOperation operation() {
    check();
    return MessageOperation.ofTypeAndRole(bits & WireFormat.TYPE_AND_ROLE);
  }

  /**
   * Gives it a type and a role.
   *
   * @param operation both
   * @return this
   */
  public Message operation(MessageOperation operation) {
    return operation(operation.type(), operation.role());
  }

  /**
   * Gives it a type and a role.
   *
   * @param type the type
   * @param role the role
   * @return this
   */
  public Message operation(MessageType type, MessageRole role) {
    check();
    bits = bits & ~WireFormat.TYPE_AND_ROLE | type.ordinal() | role.ordinal() << 2;
    return this;
  }

  /**
   * Whether the engine has made it, or returned it to the program.
   *
   * @return {@code true} from the engine, {@code false} from a peer or not sent
   */
  public boolean isFromEngine() {
    check();
    return (bits & WireFormat.ORIGIN_ENGINE) != 0;
  }

  /**
   * Whether more parts follow.
   *
   * @return whether it is not the last part
   */
  public boolean hasMore() {
    check();
    return (bits & WireFormat.MORE) != 0;
  }

  /**
   * Says whether more parts follow.
   *
   * @param more whether it is not the last part
   * @return this
   */
  public Message more(boolean more) {
    return flag(WireFormat.MORE, more);
  }

  /**
   * Whether it goes before others.
   *
   * @return whether it is out of band
   */
  public boolean isOob() {
    check();
    return (bits & WireFormat.OOB) != 0;
  }

  /**
   * Says whether it goes before others.
   *
   * @param oob whether it is out of band
   * @return this
   */
  public Message oob(boolean oob) {
    return flag(WireFormat.OOB, oob);
  }

  /**
   * How it went, when it is from the engine.
   *
   * @return the status
   */
  public MessageStatus status() {
    check();
    return MessageStatus.of(status, WireFormat.V1);
  }

  /**
   * Whether it is the engine's word that its channel has ended, the last that comes of the channel.
   *
   * @return {@code false} for a message that came back because the channel has ended
   */
  public boolean isEndOfChannel() {
    check();
    return word == Word.END_OF_CHANNEL;
  }

  /**
   * Whether it is the engine's word that the connection of its channel broke, and that the channel
   * waits for another one. Its body says why.
   *
   * @return {@code false} for a message that came back because of that
   */
  public boolean isConnectionLost() {
    check();
    return word == Word.CONNECTION_LOST;
  }

  /**
   * Whether it is the engine's word that its channel has a connection again, the same channel as
   * before.
   *
   * @return {@code false} for the first connection
   */
  public boolean isConnectionBack() {
    check();
    return word == Word.CONNECTION_BACK;
  }

  /**
   * Its number: chosen by the sender, the same in a request and its response.
   *
   * @return the id; 0 when it shall get one as it is sent
   */
  public long id() {
    check();
    return id;
  }

  /**
   * Gives it a number.
   *
   * @param number 0 for one of {@link #nextId()} when it is sent
   * @return this
   */
  public Message id(long number) {
    check();
    id = number;
    return this;
  }

  /**
   * Its text headers.
   *
   * @return always the same object
   */
  public TextHeaders headers() {
    check();
    return headers;
  }

  /**
   * Its body.
   *
   * @return always the same object
   */
  public MessageBytes body() {
    check();
    return body;
  }

  /**
   * What the program has attached; stays on this side and comes back with a returned message.
   *
   * @return the object, or null
   */
  public Object context() {
    check();
    return context;
  }

  /**
   * Attaches an object.
   *
   * @param attachment the object, or null
   * @return this
   */
  public Message context(Object attachment) {
    check();
    context = attachment;
    return this;
  }

  /**
   * Makes it as new; its memory stays.
   *
   * @return this
   */
  public Message reset() {
    check();
    clear();
    return this;
  }

  /**
   * Makes the answer out of a request: the same message, channel and id, with the role of a
   * response and without what it carried.
   *
   * @return this
   */
  public Message toResponse() {
    check();
    if ((bits >> 2 & 3) != MessageRole.REQUEST.ordinal()) {
      throw new IllegalStateException(describe() + " is no request: it has no response");
    }
    bits = bits & 3 | MessageRole.RESPONSE.ordinal() << 2 | bits & WireFormat.OOB;
    status = 0;
    headers.clear();
    body.clear();
    return this;
  }

  /**
   * Makes a message that came back one that may be sent again, as it was; only its channel is most
   * often another now.
   *
   * @return this
   */
  public Message forResend() {
    check();
    bits &= ~WireFormat.ORIGIN_ENGINE;
    status = 0;
    return this;
  }

  /**
   * Copies all of it but the {@link #context()}.
   *
   * @return a message of the program's own
   */
  public Message copy() {
    check();
    Message copy = new Message();
    copy.channel = channel;
    copy.bits = bits;
    copy.status = status;
    copy.id = id;
    copy.headers.append(headers);
    copy.body.append(body);
    return copy;
  }

  /** Gives it up: it goes back to the pool it came from. The program must not use it again. */
  public void release() {
    check();
    handedOver("Message.release");
    if (holder != null) {
      holder.released();
    }
  }

  /** Throws when the program does not hold it. */
  void check() {
    if (CHECKS && handedOverTo != null) {
      throw gone();
    }
  }

  void handedOver(String to) {
    handedOverTo = to;
    if (IS_STRICT) {
      handedOverAt = new Throwable("handed over here");
    }
  }

  void takenBack() {
    handedOverTo = null;
    handedOverAt = null;
  }

  void clear() {
    channel = 0;
    bits = 0;
    status = 0;
    id = 0;
    context = null;
    word = Word.NONE;
    headers.bytes().rawClear();
    body.rawClear();
  }

  /** Memory beyond that of a new one. */
  int grownBytes() {
    return headers.bytes().capacity()
        + body.capacity()
        - HEADERS_BYTES_INITIAL
        - BODY_BYTES_INITIAL;
  }

  void trim() {
    headers.bytes().trim();
    body.trim();
  }

  String rawHeader(String name) {
    String to = handedOverTo;
    handedOverTo = null;
    try {
      return headers.first(name);
    } finally {
      handedOverTo = to;
    }
  }

  void appendRawHeader(String name, String value) {
    // A colon and a line end.
    int added = name.length() + value.length() + 3;
    if (headers.bytes().rawSize() + added > PART_BYTES_MAX) {
      return;
    }
    String to = handedOverTo;
    handedOverTo = null;
    try {
      headers.append(name, value);
    } finally {
      handedOverTo = to;
    }
  }

  int rawBits() {
    return bits;
  }

  int rawChannel() {
    return channel;
  }

  int rawStatus() {
    return status;
  }

  long rawId() {
    return id;
  }

  TextHeaders rawHeaders() {
    return headers;
  }

  MessageBytes rawBody() {
    return body;
  }

  void rawHeader(int newChannel, int newBits, int newStatus, long newId) {
    channel = newChannel;
    bits = newBits;
    status = newStatus;
    id = newId;
  }

  void rawEndOfChannel() {
    word = Word.END_OF_CHANNEL;
  }

  void rawConnectionLost() {
    word = Word.CONNECTION_LOST;
  }

  void rawConnectionBack() {
    word = Word.CONNECTION_BACK;
  }

  /** For messages to people; also of one that was handed over. */
  String describe() {
    StringBuilder text = new StringBuilder("message(");
    text.append(MessageType.of(bits & 3)).append(' ').append(MessageRole.of(bits >> 2 & 3));
    text.append(", channel=").append(channel).append(", id=").append(Long.toUnsignedString(id));
    text.append(", headers=").append(headers.bytes().rawSize()).append(" B, body=");
    text.append(body.rawSize()).append(" B");
    if ((bits & WireFormat.MORE) != 0) {
      text.append(", more");
    }
    if ((bits & WireFormat.OOB) != 0) {
      text.append(", oob");
    }
    if ((bits & WireFormat.ORIGIN_ENGINE) != 0) {
      text.append(", from the engine: ").append(MessageStatus.of(status, WireFormat.V1));
    }
    return text.append(')').toString();
  }

  private Message flag(int bit, boolean isOn) {
    check();
    bits = isOn ? bits | bit : bits & ~bit;
    return this;
  }

  private IllegalStateException gone() {
    return new IllegalStateException(
        "used after it was handed over to "
            + handedOverTo
            + ": "
            + describe()
            + ".\n  It is the engine's or somebody else's now. Copy what is needed before, or send a"
            + " copy(); -Ddev.uring.message.checks=strict shows the place.",
        handedOverAt);
  }

  @Override
  public String toString() {
    return handedOverTo == null ? describe() : "message(handed over to " + handedOverTo + ")";
  }
}
