package dev.uring.memcache.codec;

import dev.uring.bytes.ByteView;
import dev.uring.bytes.ByteWindow;
import java.util.Arrays;
import java.util.Base64;

/**
 * One command of a client, with the value behind its line if there is one.
 *
 * <h2>Shapes and units</h2>
 *
 * The line is cut into tokens at its spaces: token 0 is the command's name. {@link #word()} is
 * {@code null} for a name that is not known.
 *
 * <h2>Ownership</h2>
 *
 * Borrowed from its decoder, with every view it lends, until the next call of {@code decode} or the
 * end of the decoder's input, whichever comes first.
 */
public final class MemcacheRequest {
  private static final byte[] NOREPLY =
      "noreply".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  private static final int TOKENS_MIN = 16;

  private final ByteWindow value = new ByteWindow("MemcacheRequest.value");
  private final Decimal decimal = new Decimal();
  private ByteView source;
  private int base;
  private int blockFrom;

  // Positions relative to the line: begin and end of each token in turn.
  private int[] tokens = new int[2 * TOKENS_MIN];
  private int tokensCount;
  CommandWord word;
  String faultOrNull;
  int valueBytes;
  boolean isTooLarge;

  MemcacheRequest() {}

  void begin() {
    source = null;
    value.end();
    tokensCount = 0;
    word = null;
    faultOrNull = null;
    valueBytes = LineBlockDecoder.NO_BLOCK;
    isTooLarge = false;
  }

  void token(int from, int until) {
    if (2 * tokensCount == tokens.length) {
      tokens = Arrays.copyOf(tokens, 2 * tokens.length);
    }
    tokens[2 * tokensCount] = from;
    tokens[2 * tokensCount + 1] = until;
    tokensCount++;
  }

  void open(ByteView bytes, int from, int newBlockFrom) {
    blockFrom = newBlockFrom;
    source = bytes;
    base = from;
    if (blockFrom > from && valueBytes >= 0 && !isTooLarge) {
      value.lend(bytes, blockFrom, valueBytes);
    }
  }

  /**
   * The command.
   *
   * @return {@code null} if the name is not known
   */
  public CommandWord word() {
    return word;
  }

  /**
   * What is wrong with the line or with the end of the value, as the protocol says it.
   *
   * @return for example {@code CLIENT_ERROR bad data chunk}; {@code null} if nothing is
   */
  public String fault() {
    return faultOrNull;
  }

  /**
   * Whether the value was longer than may be, and has been dropped.
   *
   * @return then there is no {@link #value()}
   */
  public boolean isTooLarge() {
    return isTooLarge;
  }

  /**
   * The value of a storage command.
   *
   * @return a borrowed view, possibly empty
   */
  public ByteView value() {
    return value;
  }

  /**
   * How many tokens the line has.
   *
   * @return the command's name included
   */
  public int tokensCount() {
    return tokensCount;
  }

  /**
   * Copies a token.
   *
   * @param index from 0
   * @return its bytes
   */
  public byte[] token(int index) {
    return source.toByteArray(base + from(index), tokenBytes(index));
  }

  /**
   * The size of a token.
   *
   * @param index from 0
   * @return bytes
   */
  public int tokenBytes(int index) {
    return tokens[2 * index + 1] - from(index);
  }

  /**
   * Hashes a token, as {@link ByteView#contentHash}.
   *
   * @param index from 0
   * @return the hash
   */
  public int tokenHash(int index) {
    return source.contentHash(base + from(index), tokenBytes(index));
  }

  /**
   * A token as text.
   *
   * @param index from 0
   * @return the text
   */
  public String text(int index) {
    return source.toLatin1(base + from(index), tokenBytes(index));
  }

  /**
   * Reads a token as a number without a sign.
   *
   * @param index from 0
   * @return whether it is one; {@link #number()} has it then
   */
  public boolean readUnsigned(int index) {
    return index < tokensCount
        && decimal.readAll(source, base + from(index), base + tokens[2 * index + 1]);
  }

  /**
   * Reads a token as a number that may be negative.
   *
   * @param index from 0
   * @return whether it is one; {@link #number()} has it then
   */
  public boolean readSigned(int index) {
    return index < tokensCount
        && decimal.readSigned(source, base + from(index), base + tokens[2 * index + 1]);
  }

  /**
   * The number read last.
   *
   * @return its bits
   */
  public long number() {
    return decimal.value();
  }

  /**
   * Whether a text command ends with {@code noreply}.
   *
   * @return whether its client wants no answer
   */
  public boolean isNoReply() {
    int last = tokensCount - 1;
    return last > 0 && source.contentEquals(base + from(last), tokenBytes(last), NOREPLY);
  }

  /**
   * Where a flag of a meta command stands.
   *
   * @param letter which
   * @param fromToken first token that may be a flag
   * @return its token's index, or -1
   */
  public int flag(char letter, int fromToken) {
    for (int i = fromToken; i < tokensCount; i++) {
      if (source.get(base + from(i)) == letter) {
        return i;
      }
    }
    return -1;
  }

  /**
   * The letter of a flag.
   *
   * @param index of its token
   * @return the letter
   */
  public char letter(int index) {
    return (char) source.getUnsigned(base + from(index));
  }

  /**
   * Reads the number behind a flag's letter.
   *
   * @param index of its token
   * @return whether there is one; {@link #number()} has it then
   */
  public boolean readFlagNumber(int index) {
    int from = base + from(index) + 1;
    int until = base + tokens[2 * index + 1];
    return decimal.readSigned(source, from, until) || decimal.readAll(source, from, until);
  }

  /**
   * The text behind a flag's letter.
   *
   * @param index of its token
   * @return the text, possibly empty
   */
  public String flagText(int index) {
    return source.toLatin1(base + from(index) + 1, tokenBytes(index) - 1);
  }

  /**
   * The key of a meta command, decoded if flag {@code b} says that it is base64.
   *
   * @param flagsFrom first token that may be a flag
   * @return its bytes; {@code null} if it is no base64
   */
  public byte[] metaKey(int flagsFrom) {
    byte[] sent = token(1);
    if (flag('b', flagsFrom) < 0) {
      return sent;
    }
    try {
      return Base64.getDecoder().decode(sent);
    } catch (IllegalArgumentException notBase64) {
      return null;
    }
  }

  /**
   * Copies the request as it stands on the wire, the value included.
   *
   * @return its bytes; of one that is too large only its line
   */
  public byte[] copyBytes() {
    int lineBytes = blockFrom - base;
    boolean hasValue = valueBytes >= 0 && !isTooLarge;
    return source.toByteArray(base, hasValue ? lineBytes + valueBytes + 2 : lineBytes);
  }

  int firstTokenFrom() {
    return tokens[0];
  }

  private int from(int index) {
    return tokens[2 * index];
  }
}
