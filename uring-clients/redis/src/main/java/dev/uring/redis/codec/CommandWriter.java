package dev.uring.redis.codec;

import dev.uring.bytes.ByteSink;
import dev.uring.bytes.ByteView;
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

  private static final long WHOLE_DOUBLE_MAX = 1L << 53;

  private final RequestBytes request = new RequestBytes();
  private final KeyPositions keys = new KeyPositions();
  private Command command;

  // Invariant: 0 <= finishedBytes <= commandFrom <= request.until(); whole commands first.
  private int finishedBytes;
  private int commandFrom;
  private boolean isOpen;
  private int argumentsCount;
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
    keys.clear();
    blockMillis = newCommand.is(Command.BLOCKING) ? 0 : NOT_BLOCKING;
    argumentsCount = newCommand.wordsCount();
    isOpen = true;
    commandFrom = finishedBytes;
    request.cut(commandFrom);
    byte[] words = newCommand.encoded();
    request.append(words, words.length, newCommand);
    return this;
  }

  /**
   * Appends text as UTF-8; an unpaired surrogate becomes {@code '?'}.
   *
   * @param value the text
   * @return this writer
   */
  public CommandWriter arg(String value) {
    request.bulk(value, command);
    return argumentAdded();
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
    request.bulk(value, first, count, command);
    return argumentAdded();
  }

  /**
   * Appends a view.
   *
   * @param value copied
   * @return this writer
   */
  public CommandWriter arg(ByteView value) {
    request.bulk(value, command);
    return argumentAdded();
  }

  /**
   * Appends a number as decimal text.
   *
   * @param value the number
   * @return this writer
   */
  public CommandWriter arg(long value) {
    request.bulk(value, command);
    return argumentAdded();
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
    request.bulk(value, command);
    return argumentAdded();
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
    return keys.count();
  }

  /**
   * Copies a key.
   *
   * @param index from 0
   * @return its bytes
   */
  public byte[] keyAt(int index) {
    return request.copy(keys.from(index), keys.bytes(index));
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
   * What the writer holds for the commands to come.
   *
   * @return bytes of memory, whatever is written there
   */
  public int memoryBytes() {
    return request.memoryBytes();
  }

  /**
   * Completes the command: nothing may be appended any more.
   *
   * @return how many bytes {@link #writeTo} writes, those of commands before it included
   */
  public int finish() {
    if (isOpen) {
      putArgumentsCount();
      finishedBytes = request.until();
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
      request.put(finishedBytes, other.request, count);
    } else {
      request.cut(finishedBytes);
      request.append(other.request, count, command);
    }
    finishedBytes += count;
  }

  /** Forgets all commands. */
  public void clear() {
    request.clear();
    finishedBytes = 0;
    drop();
  }

  /** Forgets a command that is not finished. */
  public void drop() {
    isOpen = false;
    request.cut(finishedBytes);
  }

  /**
   * Writes what is finished.
   *
   * @param sink where to
   */
  public void writeTo(ByteSink sink) {
    request.writeTo(sink, finishedBytes);
  }

  // Moves everything from `at` on, which is a part of the open command or all of it.
  private void makeRoom(int at, int count) {
    request.makeRoom(at, count, command);
    commandFrom += count;
    keys.moved(count);
  }

  /**
   * Copies the finished command.
   *
   * @return the bytes that {@link #writeTo} writes
   */
  public byte[] copy() {
    return request.copy(0, finishedBytes);
  }

  /**
   * A hash of the finished command.
   *
   * @return what {@link java.util.Arrays#hashCode(byte[])} says of {@link #copy()}
   */
  public int hash() {
    return request.hash(finishedBytes);
  }

  /**
   * Whether the finished command is one that was copied.
   *
   * @param copied what {@link #copy()} gave
   * @return whether the bytes are the same
   */
  public boolean isSame(byte[] copied) {
    return request.isSame(finishedBytes, copied);
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

  // "*9\r\n" stands before the arguments, but is known only behind the last one. Room is left for
  // one digit, and made for more: hardly any command has ten arguments.
  private void putArgumentsCount() {
    if (argumentsCount < 10) {
      request.putDigit(commandFrom + 1, argumentsCount);
      return;
    }
    int digits = ByteSink.decimalDigits(argumentsCount);
    makeRoom(commandFrom, digits - 1);
    commandFrom = finishedBytes;
    request.putLine(commandFrom, '*', argumentsCount, digits);
  }

  private CommandWriter noteKey() {
    keys.add(request.bulkFrom(), request.bulkBytes());
    return this;
  }

  private CommandWriter argumentAdded() {
    argumentsCount++;
    return this;
  }
}
