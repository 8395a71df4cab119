package dev.uring.redis.codec;

import dev.uring.bytes.ByteView;

/**
 * Splits one line of an inline command into words, with Redis's quoting rules.
 *
 * <p>Double quotes know {@code \xHH \n \r \t \b \a} and take any other escaped byte as it is;
 * single quotes know {@code \'} only; a closing quote must be followed by a blank or the end.
 * Quotes may begin in the middle of a word.
 *
 * <p>Source: Redis {@code sds.c}, sdssplitargs.
 */
final class RespInlineLine {
  private static final int END = -1;

  private final byte[] line;
  private final byte[] words;
  private int at;
  private int wordFrom;
  private int wordUntil;
  private boolean unbalanced;

  RespInlineLine(byte[] line) {
    this.line = line;
    this.words = new byte[line.length]; // unquoting never makes a line longer
  }

  static boolean isQuoted(ByteView bytes, int from, int count) {
    return bytes.indexOf((byte) '"', from, from + count) >= 0
        || bytes.indexOf((byte) '\'', from, from + count) >= 0;
  }

  static boolean isBlank(int b) {
    return b == ' ' || b >= '\t' && b <= '\r';
  }

  // Vertical tab and form feed separate words but do not end one. So does Redis.
  static boolean endsWord(int b) {
    return b == ' ' || b == '\n' || b == '\r' || b == '\t';
  }

  /** Every word found so far, one after another. */
  byte[] words() {
    return words;
  }

  int wordFrom() {
    return wordFrom;
  }

  int wordUntil() {
    return wordUntil;
  }

  boolean isUnbalanced() {
    return unbalanced;
  }

  /** Finds the next word; {@code false} at the end of the line or where quotes do not match. */
  boolean next() {
    while (isBlank(peek(0))) {
      at++;
    }
    if (peek(0) == END) {
      return false;
    }
    wordFrom = wordUntil;
    while (peek(0) != END && !endsWord(peek(0))) {
      int b = line[at++];
      if (b == '"' || b == '\'') {
        unbalanced = b == '"' ? !readDoubleQuoted() : !readSingleQuoted();
        if (unbalanced) {
          return false;
        }
        return true; // a closing quote ends the word
      }
      add(b);
    }
    return true;
  }

  private boolean readDoubleQuoted() {
    while (peek(0) != END) {
      int b = line[at++];
      if (b == '"') {
        return isFollowedByBlank();
      }
      if (b != '\\' || peek(0) == END) {
        add(b);
      } else if (peek(0) == 'x' && hexDigit(peek(1)) >= 0 && hexDigit(peek(2)) >= 0) {
        add(hexDigit(peek(1)) << 4 | hexDigit(peek(2)));
        at += 3;
      } else {
        add(unescaped(line[at++]));
      }
    }
    return false;
  }

  private boolean readSingleQuoted() {
    while (peek(0) != END) {
      int b = line[at++];
      if (b == '\'') {
        return isFollowedByBlank();
      }
      if (b == '\\' && peek(0) == '\'') {
        b = line[at++];
      }
      add(b);
    }
    return false;
  }

  private boolean isFollowedByBlank() {
    return peek(0) == END || isBlank(peek(0));
  }

  private static int unescaped(int b) {
    return switch (b) {
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'b' -> '\b';
      case 'a' -> 7;
      default -> b;
    };
  }

  private static int hexDigit(int b) {
    return b < 0 ? -1 : Character.digit(b, 16);
  }

  private int peek(int ahead) {
    return at + ahead < line.length ? line[at + ahead] & 0xFF : END;
  }

  private void add(int b) {
    words[wordUntil++] = (byte) b;
  }
}
