package dev.uring.redis.codec;

import dev.uring.bytes.ByteSink;
import dev.uring.bytes.ByteView;
import java.util.Arrays;
import java.util.Objects;

/**
 * Writes the arguments of one command, in the form in which they go on the wire, or of several that
 * go together, one behind the other.
 *
 * <h2>Shapes and units</h2>
 *
 * Each {@code arg}, {@code key} and {@code value} is one argument; they are counted here. A key is
 * an argument whose position is kept too: it says where the command belongs in a cluster.
 *
 * <h2>Ownership</h2>
 *
 * Everything is copied at once. The writer itself is borrowed from whoever gave it until the
 * command is executed, and then used for other commands.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One thread at a time. Allocates nothing once it has grown to the size of the usual command.
 *
 * <h2>Errors</h2>
 *
 * {@link IllegalArgumentException} a NaN, or more than {@link #REQUEST_BYTES_MAX}.
 *
 * <h2>Source</h2>
 *
 * RESP, "Sending commands to a Redis server".
 */
public final class CommandWriter {
  /** 1 GiB, the bound of Redis's query buffer. */
  public static final int REQUEST_BYTES_MAX = 1 << 30;

  /** What {@link #blockMillis()} says of a command that does not wait at the server. */
  public static final long NOT_BLOCKING = -1;

  // "*9\r\n" stands before the arguments, but is known only behind the last one. Room is left for
  // one digit, and made for more: hardly any command has ten arguments.
  private static final int HEADER_BYTES = 4;
  private static final int BYTES_MIN = 256;
  private static final int KEPT_BYTES_MAX = 64 << 10;
  private static final int LENGTH_LINE_BYTES_MAX = 13;
  private static final long WHOLE_DOUBLE_MAX = 1L << 53;

  private byte[] bytes = new byte[BYTES_MIN];
  private int[] keys = new int[4]; // position and size of each, in turn
  private StringBuilder text;
  private Command command;

  // Invariant: 0 <= finishedBytes <= commandFrom <= until <= bytes.length; whole commands first.
  private int finishedBytes;
  private int commandFrom;
  private int until;
  private boolean isOpen;
  private int argumentFrom;
  private int argumentsCount;
  private int keysCount;
  private long blockMillis;

  /** A writer without a command. */
  public CommandWriter() {}

  /**
   * Forgets what was written and begins a command.
   *
   * @param newCommand its name goes first
   * @return this writer
   */
  public CommandWriter begin(Command newCommand) {
    clear();
    return beginBehind(newCommand);
  }

  /**
   * Begins a command that goes with those finished before, behind them. One that is not finished is
   * forgotten.
   *
   * @param newCommand its name goes first
   * @return this writer
   */
  public CommandWriter beginBehind(Command newCommand) {
    command = newCommand;
    keysCount = 0;
    blockMillis = newCommand.is(Command.BLOCKING) ? 0 : NOT_BLOCKING;
    argumentsCount = newCommand.wordsCount();
    isOpen = true;
    commandFrom = finishedBytes;
    until = commandFrom;
    byte[] words = newCommand.encoded();
    ensure(HEADER_BYTES + words.length);
    until += HEADER_BYTES;
    System.arraycopy(words, 0, bytes, until, words.length);
    until += words.length;
    return this;
  }

  /**
   * Appends text as UTF-8; an unpaired surrogate becomes {@code '?'}.
   *
   * @param value the text
   * @return this writer
   */
  public CommandWriter arg(String value) {
    int count = Utf8.bytes(value);
    int at = beginArgument(Math.abs(count));
    if (count >= 0) {
      copyAscii(value, at);
    } else {
      Utf8.put(value, bytes, at);
    }
    return endArgument();
  }

  /**
   * Appends bytes.
   *
   * @param value copied
   * @return this writer
   */
  public CommandWriter arg(byte[] value) {
    return arg(value, 0, value.length);
  }

  /**
   * Appends a part of an array.
   *
   * @param value copied
   * @param first index of the first byte
   * @param count how many bytes
   * @return this writer
   */
  public CommandWriter arg(byte[] value, int first, int count) {
    Objects.checkFromIndexSize(first, count, value.length);
    int at = beginArgument(count);
    System.arraycopy(value, first, bytes, at, count);
    return endArgument();
  }

  /**
   * Appends a view.
   *
   * @param value copied
   * @return this writer
   */
  public CommandWriter arg(ByteView value) {
    int count = value.size();
    int at = beginArgument(count);
    value.copyTo(0, bytes, at, count);
    return endArgument();
  }

  /**
   * Appends a number as decimal text.
   *
   * @param value the number
   * @return this writer
   */
  public CommandWriter arg(long value) {
    int count = ByteSink.decimalDigits(value) + (value < 0 ? 1 : 0);
    int at = beginArgument(count);
    putDecimal(value, at + count);
    return endArgument();
  }

  /**
   * Appends a number with the fewest digits that give it back.
   *
   * @param value the number; may be infinite
   * @return this writer
   */
  public CommandWriter arg(double value) {
    if (value == Math.rint(value)
        && Math.abs(value) <= WHOLE_DOUBLE_MAX
        && (value != 0 || 1 / value > 0)) {
      return arg((long) value);
    }
    if (Double.isNaN(value)) {
      throw new IllegalArgumentException("NaN is no argument: Redis refuses it as 'not a float'");
    }
    if (Double.isInfinite(value)) {
      return arg(value > 0 ? "inf" : "-inf");
    }
    if (text == null) {
      text = new StringBuilder(32);
    }
    text.setLength(0);
    text.append(value);
    int count = text.length();
    int at = beginArgument(count);
    for (int i = 0; i < count; i++) {
      bytes[at + i] = (byte) text.charAt(i);
    }
    return endArgument();
  }

  /**
   * Appends a key; otherwise as {@link #arg(String)}.
   *
   * @param value the key
   * @return this writer
   */
  public CommandWriter key(String value) {
    arg(value);
    return noteKey();
  }

  /**
   * Appends a key; otherwise as {@link #arg(byte[])}.
   *
   * @param value the key
   * @return this writer
   */
  public CommandWriter key(byte[] value) {
    arg(value);
    return noteKey();
  }

  /**
   * Appends a key; otherwise as {@link #arg(ByteView)}.
   *
   * @param value the key
   * @return this writer
   */
  public CommandWriter key(ByteView value) {
    arg(value);
    return noteKey();
  }

  /**
   * Appends a key through a codec.
   *
   * @param <T> the program's type
   * @param codec writes it
   * @param value the key
   * @return this writer
   */
  public <T> CommandWriter key(ValueCodec<T> codec, T value) {
    write(codec, value);
    return noteKey();
  }

  /**
   * Appends a value through a codec.
   *
   * @param <T> the program's type
   * @param codec writes it
   * @param value the value
   * @return this writer
   */
  public <T> CommandWriter value(ValueCodec<T> codec, T value) {
    write(codec, value);
    return this;
  }

  /**
   * Says that this call may wait at the server.
   *
   * @param millis longest wait; 0 for ever; negative: it does not wait
   * @return this writer
   */
  public CommandWriter blocks(long millis) {
    blockMillis = Math.max(millis, NOT_BLOCKING);
    return this;
  }

  /**
   * The command being written.
   *
   * @return what {@link #begin} was given
   */
  public Command command() {
    return command;
  }

  /**
   * How many arguments there are, the words of the command's name included.
   *
   * @return at least 1
   */
  public int argumentsCount() {
    return argumentsCount;
  }

  /**
   * How long the call may wait at the server.
   *
   * @return milliseconds, 0 for ever, or {@link #NOT_BLOCKING}
   */
  public long blockMillis() {
    return blockMillis;
  }

  /**
   * How many keys there are.
   *
   * @return from 0
   */
  public int keysCount() {
    return keysCount;
  }

  /**
   * Copies a key.
   *
   * @param index from 0
   * @return its bytes
   */
  public byte[] keyAt(int index) {
    int at = keys[2 * Objects.checkIndex(index, keysCount)];
    return Arrays.copyOfRange(bytes, at, at + keys[2 * index + 1]);
  }

  /**
   * Whether a command was begun and not yet finished.
   *
   * @return {@code false} after {@link #finish}
   */
  public boolean isOpen() {
    return isOpen;
  }

  /**
   * Completes the command: nothing may be appended any more.
   *
   * @return how many bytes {@link #writeTo} writes, those of commands before it included
   */
  public int finish() {
    if (isOpen) {
      int digits = ByteSink.decimalDigits(argumentsCount);
      if (digits > 1) {
        makeRoom(commandFrom, digits - 1);
        commandFrom = finishedBytes;
      }
      bytes[commandFrom] = '*';
      putDecimal(argumentsCount, commandFrom + 1 + digits);
      bytes[commandFrom + 1 + digits] = '\r';
      bytes[commandFrom + 2 + digits] = '\n';
      finishedBytes = until;
      isOpen = false;
    }
    return finishedBytes;
  }

  /**
   * Puts the commands of another writer behind those that are finished here, and before one that is
   * not.
   *
   * @param other finished; its bytes are copied
   */
  public void insert(CommandWriter other) {
    int count = other.finish();
    if (isOpen) {
      makeRoom(finishedBytes, count);
    } else {
      until = finishedBytes;
      ensure(count);
      until += count;
    }
    System.arraycopy(other.bytes, 0, bytes, finishedBytes, count);
    finishedBytes += count;
  }

  /** Forgets all commands. */
  public void clear() {
    if (bytes.length > KEPT_BYTES_MAX) {
      bytes = new byte[BYTES_MIN];
    }
    finishedBytes = 0;
    drop();
  }

  /** Forgets a command that is not finished. */
  public void drop() {
    isOpen = false;
    until = finishedBytes;
  }

  /**
   * Writes what is finished.
   *
   * @param sink where to
   */
  public void writeTo(ByteSink sink) {
    sink.putBytes(bytes, 0, finishedBytes);
  }

  // Moves everything from `at` on, which is a part of the open command or all of it.
  private void makeRoom(int at, int count) {
    ensure(count);
    System.arraycopy(bytes, at, bytes, at + count, until - at);
    until += count;
    commandFrom += count;
    argumentFrom += count;
    for (int i = 0; i < keysCount; i++) {
      keys[2 * i] += count;
    }
  }

  /**
   * Copies the finished command.
   *
   * @return the bytes that {@link #writeTo} writes
   */
  public byte[] copy() {
    return Arrays.copyOf(bytes, finishedBytes);
  }

  /**
   * A hash of the finished command.
   *
   * @return what {@link Arrays#hashCode(byte[])} says of {@link #copy()}
   */
  public int hash() {
    int hash = 1;
    for (int i = 0; i < finishedBytes; i++) {
      hash = 31 * hash + bytes[i];
    }
    return hash;
  }

  /**
   * Whether the finished command is one that was copied.
   *
   * @param copied what {@link #copy()} gave
   * @return whether the bytes are the same
   */
  public boolean isSame(byte[] copied) {
    return Arrays.equals(bytes, 0, finishedBytes, copied, 0, copied.length);
  }

  private <T> void write(ValueCodec<T> codec, T value) {
    int before = argumentsCount;
    codec.write(value, this);
    if (argumentsCount != before + 1) {
      throw new IllegalStateException(codec
          + " wrote "
          + (argumentsCount - before)
          + " arguments for one value of "
          + command
          + ": ValueCodec.write must call arg exactly once");
    }
  }

  private CommandWriter noteKey() {
    int at = 2 * keysCount++;
    if (at == keys.length) {
      keys = Arrays.copyOf(keys, 2 * keys.length);
    }
    keys[at] = argumentFrom;
    keys[at + 1] = until - 2 - argumentFrom;
    return this;
  }

  // Makes room for an argument with its length line and its end; returns where its bytes go.
  private int beginArgument(int count) {
    ensure((long) count + LENGTH_LINE_BYTES_MAX + 2);
    int digits = ByteSink.decimalDigits(count);
    bytes[until] = '$';
    putDecimal(count, until + 1 + digits);
    bytes[until + 1 + digits] = '\r';
    bytes[until + 2 + digits] = '\n';
    argumentFrom = until + 3 + digits;
    until = argumentFrom + count;
    return argumentFrom;
  }

  private CommandWriter endArgument() {
    bytes[until] = '\r';
    bytes[until + 1] = '\n';
    until += 2;
    argumentsCount++;
    return this;
  }

  private void ensure(long more) {
    long wanted = until + more;
    if (wanted <= bytes.length) {
      return;
    }
    if (wanted > REQUEST_BYTES_MAX) {
      throw new IllegalArgumentException(command
          + " would have "
          + wanted
          + " bytes, more than requestBytesMax="
          + REQUEST_BYTES_MAX
          + ".\n  Send it in parts: APPEND or SETRANGE for one value, several commands for many.");
    }
    bytes = Arrays.copyOf(bytes, (int)
        Math.min(Math.max(wanted, 2L * bytes.length), REQUEST_BYTES_MAX));
  }

  // Backwards from `end`, which the caller knows from the number of digits.
  private void putDecimal(long value, int end) {
    // Works on the negative half, which alone can hold Long.MIN_VALUE.
    long rest = value < 0 ? value : -value;
    int at = end;
    do {
      bytes[--at] = (byte) ('0' - (int) (rest % 10));
      rest /= 10;
    } while (rest != 0);
    if (value < 0) {
      bytes[at - 1] = '-';
    }
  }

  @SuppressWarnings("deprecation") // Drops the upper half of each char: of ASCII that is nothing.
  private void copyAscii(String value, int at) {
    value.getBytes(0, value.length(), bytes, at);
  }
}
