package dev.uring.memcache.codec;

import dev.uring.bytes.ByteSink;
import dev.uring.bytes.ByteView;
import java.util.Arrays;
import java.util.Base64;
import java.util.Objects;

/**
 * Writes one command or several, in the form in which they go on the wire.
 *
 * <h2>Shapes and units</h2>
 *
 * {@link #value} first, if the command has one: its size stands in the line before it. Then
 * {@link #command}, and the line's parts in their order, each with a space before it; then
 * {@link #end}. Several commands may follow each other.
 *
 * <h2>Ownership</h2>
 *
 * Everything is copied at once, but for an array of at least {@link #REFERENCE_BYTES_MIN} bytes
 * given as a value: that is held, and must not change, until the command is answered or has failed.
 * The writer itself is borrowed from whoever gave it until the command is executed.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One thread at a time. Allocates nothing once it has grown to the size of the usual command.
 *
 * <h2>Errors</h2>
 *
 * {@link IllegalArgumentException} for a key that is empty, too long, or has a byte that would end
 * it, with the byte and its place; for more than {@link #REQUEST_BYTES_MAX} bytes.
 *
 * <h2>Source</h2>
 *
 * memcached protocol.txt.
 */
public final class MemcacheWriter {
  /** 1 GiB and a little: the largest item, with its line. */
  public static final int REQUEST_BYTES_MAX = (1 << 30) + (1 << 16);

  /** 4 KiB: from here on, holding an array costs less than copying it once more. */
  public static final int REFERENCE_BYTES_MIN = 4 << 10;

  private static final int BYTES_MIN = 256;
  private static final int KEPT_BYTES_MAX = 64 << 10;
  private static final int LINE_END_BYTES = 2;
  private static final byte[] NOTHING = new byte[0];

  // What is written: bytes[0, split), then the held array, then bytes[split, until).
  private byte[] bytes = new byte[BYTES_MIN];
  private int until;
  private int split;
  private byte[] held = NOTHING;
  private int heldFrom;
  private int heldBytes;

  // The value of the command being written, until `end` puts it behind the line.
  private byte[] value = new byte[BYTES_MIN];
  private byte[] valueArray = NOTHING;
  private int valueFrom;
  private int valueBytes = NO_VALUE;
  private int commandsCount;
  private CommandWord firstWord = CommandWord.MN;
  private boolean isIdempotent;
  private boolean isFenced;
  private int keysFrom;
  private int keyBytes;
  private int keysCount;

  private static final int NO_VALUE = -1;

  /** A writer without a command. */
  public MemcacheWriter() {}

  /**
   * Forgets what was written.
   *
   * @return this writer
   */
  public MemcacheWriter clear() {
    if (bytes.length > KEPT_BYTES_MAX) {
      bytes = new byte[BYTES_MIN];
    }
    if (value.length > KEPT_BYTES_MAX) {
      value = new byte[BYTES_MIN];
    }
    held = NOTHING;
    heldBytes = 0;
    valueArray = NOTHING;
    valueBytes = NO_VALUE;
    until = 0;
    split = 0;
    commandsCount = 0;
    firstWord = CommandWord.MN;
    isIdempotent = true;
    isFenced = false;
    keyBytes = 0;
    keysCount = 0;
    return this;
  }

  /**
   * The value of the command that is written next, as UTF-8; an unpaired surrogate becomes
   * {@code '?'}.
   *
   * @param text the text
   * @return this writer
   */
  public MemcacheWriter value(String text) {
    value = ensure(value, 0, 3L * text.length());
    valueArray = value;
    valueFrom = 0;
    valueBytes = putUtf8(text, value, 0);
    return this;
  }

  /**
   * The value of the command that is written next.
   *
   * @param array held if it is large, see above
   * @return this writer
   */
  public MemcacheWriter value(byte[] array) {
    return value(array, 0, array.length);
  }

  /**
   * The value of the command that is written next.
   *
   * @param array held if the part is large, see above
   * @param from index of the first byte
   * @param count how many bytes
   * @return this writer
   */
  public MemcacheWriter value(byte[] array, int from, int count) {
    Objects.checkFromIndexSize(from, count, array.length);
    valueArray = array;
    valueFrom = from;
    valueBytes = count;
    return this;
  }

  /**
   * The value of the command that is written next.
   *
   * @param view copied
   * @return this writer
   */
  public MemcacheWriter value(ByteView view) {
    int count = view.size();
    value = ensure(value, 0, count);
    view.copyTo(0, value, 0, count);
    return value(value, 0, count);
  }

  /**
   * The value of the command that is written next, as decimal text.
   *
   * @param number the number
   * @return this writer
   */
  public MemcacheWriter value(long number) {
    int count = decimalBytes(number);
    putDecimal(number, value, count);
    return value(value, 0, count);
  }

  /**
   * The size of the value given last.
   *
   * @return bytes, or -1 without one
   */
  public int valueBytes() {
    return valueBytes;
  }

  /**
   * Begins a command.
   *
   * @param word its name
   * @return this writer
   */
  public MemcacheWriter command(CommandWord word) {
    byte[] name = word.name;
    room(name.length);
    System.arraycopy(name, 0, bytes, until, name.length);
    until += name.length;
    if (commandsCount++ == 0) {
      firstWord = word;
    }
    isIdempotent &= word.isIdempotent();
    return this;
  }

  /**
   * Appends a key.
   *
   * @param key 1..250 bytes as UTF-8, without spaces and control characters
   * @return this writer
   */
  public MemcacheWriter key(String key) {
    int length = key.length();
    if (length > MemcacheKeys.KEY_BYTES_MAX) {
      throw MemcacheKeys.tooLong(length, key);
    }
    room(1 + 3 * length);
    bytes[until] = ' ';
    keysFrom = until + 1;
    int end = putUtf8(key, bytes, keysFrom);
    keyBytes = end - keysFrom;
    checkKey(key);
    until = end;
    keysCount++;
    return this;
  }

  /**
   * Appends a key.
   *
   * @param key 1..250 bytes without spaces and control characters
   * @return this writer
   */
  public MemcacheWriter key(byte[] key) {
    if (key.length > MemcacheKeys.KEY_BYTES_MAX) {
      throw MemcacheKeys.tooLong(key.length, latin1(key));
    }
    room(1 + key.length);
    bytes[until] = ' ';
    keysFrom = until + 1;
    keyBytes = key.length;
    System.arraycopy(key, 0, bytes, keysFrom, key.length);
    checkKey(null);
    until = keysFrom + keyBytes;
    keysCount++;
    return this;
  }

  /**
   * Appends a key of any bytes in base64; the command needs flag {@code b}.
   *
   * @param key 1..187 bytes: memcached's 250 bound the encoded form
   * @return this writer
   */
  public MemcacheWriter keyBase64(byte[] key) {
    int encodedBytes = (key.length + 2) / 3 * 4;
    if (encodedBytes > MemcacheKeys.KEY_BYTES_MAX) {
      throw MemcacheKeys.tooLong(encodedBytes, latin1(key));
    }
    return key(Base64.getEncoder().encode(key));
  }

  /**
   * Appends a number.
   *
   * @param number signed
   * @return this writer
   */
  public MemcacheWriter number(long number) {
    int count = decimalBytes(number);
    room(1 + count);
    bytes[until] = ' ';
    until += 1 + count;
    putDecimal(number, bytes, until);
    return this;
  }

  /**
   * Appends a number.
   *
   * @param number an unsigned one
   * @return this writer
   */
  public MemcacheWriter unsigned(long number) {
    return number >= 0 ? number(number) : word(Long.toUnsignedString(number));
  }

  /**
   * Appends the size of the value.
   *
   * @return this writer
   */
  public MemcacheWriter valueSize() {
    if (valueBytes == NO_VALUE) {
      throw new IllegalStateException("memcache: no value was given before the command's line:"
          + " call value(…), or have Transcoder.write call it, first");
    }
    return number(valueBytes);
  }

  /**
   * Appends a word.
   *
   * @param ascii without spaces
   * @return this writer
   */
  public MemcacheWriter word(String ascii) {
    int length = ascii.length();
    room(1 + length);
    bytes[until++] = ' ';
    for (int i = 0; i < length; i++) {
      char c = ascii.charAt(i);
      if (!MemcacheKeys.isAllowed(c) || c > 0x7F) {
        throw new IllegalArgumentException("memcache: '"
            + ascii
            + "' is no word of the protocol: character "
            + (int) c
            + " at index "
            + i);
      }
      bytes[until++] = (byte) c;
    }
    return this;
  }

  /**
   * Appends a flag of a meta command.
   *
   * @param letter which
   * @return this writer
   */
  public MemcacheWriter flag(char letter) {
    room(2);
    bytes[until] = ' ';
    bytes[until + 1] = (byte) letter;
    until += 2;
    return this;
  }

  /**
   * Appends a flag with its number.
   *
   * @param letter which
   * @param number signed
   * @return this writer
   */
  public MemcacheWriter flag(char letter, long number) {
    flag(letter);
    int count = decimalBytes(number);
    room(count);
    until += count;
    putDecimal(number, bytes, until);
    return this;
  }

  /**
   * Appends a flag with an unsigned number.
   *
   * @param letter which
   * @param number unsigned
   * @return this writer
   */
  public MemcacheWriter flagUnsigned(char letter, long number) {
    return number >= 0 ? flag(letter, number) : flag(letter, Long.toUnsignedString(number));
  }

  /**
   * Appends a flag with its text.
   *
   * @param letter which
   * @param token ASCII without spaces
   * @return this writer
   */
  public MemcacheWriter flag(char letter, String token) {
    word(letter + token);
    return this;
  }

  /**
   * Ends the line, and puts the value behind it if there is one.
   *
   * @return this writer
   */
  public MemcacheWriter end() {
    lineEnd();
    if (valueBytes == NO_VALUE) {
      return this;
    }
    if (valueBytes >= REFERENCE_BYTES_MIN && valueArray != value && held == NOTHING) {
      held = valueArray;
      heldFrom = valueFrom;
      heldBytes = valueBytes;
      split = until;
    } else {
      room(valueBytes);
      System.arraycopy(valueArray, valueFrom, bytes, until, valueBytes);
      until += valueBytes;
    }
    valueBytes = NO_VALUE;
    valueArray = NOTHING;
    lineEnd();
    return this;
  }

  /**
   * How many commands were written.
   *
   * @return since {@link #clear}
   */
  public int commandsCount() {
    return commandsCount;
  }

  /**
   * The command written first.
   *
   * @return what errors call the request
   */
  public CommandWord firstWord() {
    return firstWord;
  }

  /**
   * Says that the request must not be sent twice, whatever its commands are.
   *
   * @return this writer
   */
  public MemcacheWriter once() {
    isIdempotent = false;
    return this;
  }

  /**
   * Whether the request may be sent twice.
   *
   * @return whether all of its commands may, see {@link CommandWord#isIdempotent()}
   */
  public boolean isIdempotent() {
    return isIdempotent;
  }

  /**
   * Appends {@code mn}, and says that everything up to its answer is one reply: the commands before
   * are quiet, and answer or not.
   *
   * @return this writer
   */
  public MemcacheWriter fence() {
    return fence(CommandWord.MN);
  }

  /**
   * As {@link #fence()}, with another command whose answer can be mistaken for no other.
   *
   * @param word {@code MN}, or {@code VERSION}, which every server knows
   * @return this writer
   */
  public MemcacheWriter fence(CommandWord word) {
    isFenced = true;
    return command(word).end();
  }

  /**
   * How many replies the request has.
   *
   * @return one for each command, or one for all behind a {@link #fence}
   */
  public int repliesCount() {
    return isFenced ? 1 : commandsCount;
  }

  /**
   * How much {@link #writeTo} writes.
   *
   * @return bytes
   */
  public int size() {
    return until + heldBytes;
  }

  /**
   * Writes everything.
   *
   * @param sink where to
   */
  public void writeTo(ByteSink sink) {
    if (heldBytes == 0) {
      sink.putBytes(bytes, 0, until);
      return;
    }
    sink.putBytes(bytes, 0, split);
    sink.putBytes(held, heldFrom, heldBytes);
    sink.putBytes(bytes, split, until - split);
  }

  /**
   * Whether it is one {@code get} or {@code gets} of one key, and nothing else: others of the same
   * word can stand on the same line.
   *
   * @return whether {@link #writeOpenTo} and {@link #writeLastKeyTo} make sense
   */
  public boolean isGetOfOne() {
    return keysCount == 1
        && (firstWord == CommandWord.GET || firstWord == CommandWord.GETS)
        && until == keysFrom + keyBytes + LINE_END_BYTES;
  }

  /**
   * Writes the line without its end, so that {@link #writeLastKeyTo} of others can follow.
   *
   * @param sink where to
   */
  public void writeOpenTo(ByteSink sink) {
    sink.putBytes(bytes, 0, keysFrom + keyBytes);
  }

  /**
   * Writes the key written last, with a space before it.
   *
   * @param sink where to
   */
  public void writeLastKeyTo(ByteSink sink) {
    sink.putBytes(bytes, keysFrom - 1, keyBytes + 1);
  }

  /**
   * How long the key written last is.
   *
   * @return bytes
   */
  public int lastKeyBytes() {
    return keyBytes;
  }

  boolean isLastKey(ByteView view, int from, int count) {
    return count == keyBytes && view.contentEquals(from, count, bytes, keysFrom);
  }

  /**
   * Copies everything written.
   *
   * @return {@link #size()} bytes
   */
  public byte[] toByteArray() {
    byte[] all = new byte[size()];
    System.arraycopy(bytes, 0, all, 0, split);
    System.arraycopy(held, heldFrom, all, split, heldBytes);
    System.arraycopy(bytes, split, all, split + heldBytes, until - split);
    return all;
  }

  /**
   * Copies the key written last.
   *
   * @return its bytes as they go on the wire
   */
  public byte[] lastKey() {
    return Arrays.copyOfRange(bytes, keysFrom, keysFrom + keyBytes);
  }

  /**
   * A writer of its own with what was written.
   *
   * @return as this one, and independent of it but for an array that both hold
   */
  public MemcacheWriter copy() {
    MemcacheWriter copy = new MemcacheWriter().clear();
    copy.bytes = Arrays.copyOf(bytes, until);
    copy.until = until;
    copy.split = split;
    copy.held = held;
    copy.heldFrom = heldFrom;
    copy.heldBytes = heldBytes;
    copy.commandsCount = commandsCount;
    copy.firstWord = firstWord;
    copy.isIdempotent = isIdempotent;
    copy.isFenced = isFenced;
    copy.keysFrom = keysFrom;
    copy.keyBytes = keyBytes;
    copy.keysCount = keysCount;
    return copy;
  }

  private void checkKey(String textOrNull) {
    if (keyBytes == 0) {
      throw MemcacheKeys.empty();
    }
    String text = textOrNull;
    if (keyBytes > MemcacheKeys.KEY_BYTES_MAX) {
      throw MemcacheKeys.tooLong(keyBytes, text);
    }
    for (int i = 0; i < keyBytes; i++) {
      int b = bytes[keysFrom + i] & 0xFF;
      if (!MemcacheKeys.isAllowed(b)) {
        text = text == null ? latin1(lastKey()) : text;
        throw MemcacheKeys.forbidden(b, i, text);
      }
    }
  }

  private void lineEnd() {
    room(LINE_END_BYTES);
    bytes[until] = '\r';
    bytes[until + 1] = '\n';
    until += LINE_END_BYTES;
  }

  private void room(int more) {
    if (more > bytes.length - until) {
      bytes = ensure(bytes, until, more);
    }
  }

  private static byte[] ensure(byte[] array, int used, long more) {
    long wanted = used + more;
    if (wanted <= array.length) {
      return array;
    }
    if (wanted > REQUEST_BYTES_MAX) {
      throw new IllegalArgumentException("memcache: a request of "
          + wanted
          + " bytes exceeds requestBytesMax="
          + REQUEST_BYTES_MAX
          + ".\n  Send it in parts.");
    }
    return Arrays.copyOf(array, (int)
        Math.min(Math.max(wanted, 2L * array.length), REQUEST_BYTES_MAX));
  }

  private static int decimalBytes(long number) {
    return ByteSink.decimalDigits(number) + (number < 0 ? 1 : 0);
  }

  // Backwards from `end`, which the caller knows from the number of digits.
  private static void putDecimal(long number, byte[] target, int end) {
    // Works on the negative half, which alone can hold Long.MIN_VALUE.
    long rest = number < 0 ? number : -number;
    int at = end;
    do {
      target[--at] = (byte) ('0' - (int) (rest % 10));
      rest /= 10;
    } while (rest != 0);
    if (number < 0) {
      target[at - 1] = '-';
    }
  }

  // ASCII, which nearly all of it is, in one pass of the JDK's own; returns where it ends.
  @SuppressWarnings("deprecation") // Drops the upper half of each char: of ASCII that is nothing.
  private static int putUtf8(String text, byte[] target, int from) {
    int length = text.length();
    for (int i = 0; i < length; i++) {
      if (text.charAt(i) >= 0x80) {
        byte[] encoded = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        System.arraycopy(encoded, 0, target, from, encoded.length);
        return from + encoded.length;
      }
    }
    text.getBytes(0, length, target, from);
    return from + length;
  }

  private static String latin1(byte[] key) {
    return new String(key, java.nio.charset.StandardCharsets.ISO_8859_1);
  }
}
