package dev.uring.redis.store;

/**
 * A pattern with {@code *}, {@code ?}, {@code [abc]}, {@code [^a-z]} and {@code \} as Redis reads
 * it.
 *
 * <h2>Shapes and units</h2>
 *
 * Bytes, not characters. A class that is not closed ends with the pattern; a lone backslash at the
 * end stands for itself.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Immutable. Matching allocates nothing and costs at most the product of both lengths: only the
 * last star is ever tried again, so {@code *a*a*a*a*b} is no trap.
 *
 * <h2>Source</h2>
 *
 * Redis {@code util.c}, stringmatchlen.
 */
public final class GlobPattern {
  /** How letters compare. */
  public enum Case {
    /** As they are. */
    SENSITIVE,
    /** ASCII letters are equal in both cases. */
    INSENSITIVE
  }

  private static final int NO_MATCH = -1;

  private final byte[] pattern;
  private final boolean isInsensitive;

  /**
   * A pattern.
   *
   * @param pattern its bytes, copied
   * @param letterCase how letters compare
   */
  public GlobPattern(byte[] pattern, Case letterCase) {
    this.pattern = pattern.clone();
    this.isInsensitive = letterCase == Case.INSENSITIVE;
  }

  /**
   * Whether a text matches as a whole.
   *
   * @param text the text
   * @return whether it does
   */
  public boolean matches(byte[] text) {
    int p = 0;
    int t = 0;
    int starAt = NO_MATCH; // pattern position after the last star
    int starText = 0; // how far that star reaches in the text
    while (t < text.length || p < pattern.length) {
      if (p < pattern.length && pattern[p] == '*') {
        starAt = ++p;
        starText = t;
        continue;
      }
      int next = p < pattern.length && t < text.length ? matchOne(p, text[t] & 0xFF) : NO_MATCH;
      if (next != NO_MATCH) {
        p = next;
        t++;
      } else if (starAt != NO_MATCH && starText < text.length) {
        p = starAt;
        t = ++starText;
      } else {
        return false;
      }
    }
    return true;
  }

  // The pattern position after the element at p, if it matches b.
  private int matchOne(int p, int b) {
    switch (pattern[p]) {
      case '?':
        return p + 1;
      case '[':
        return matchClass(p + 1, fold(b));
      case '\\':
        int literal = p + 1 < pattern.length ? p + 1 : p;
        return at(literal) == fold(b) ? literal + 1 : NO_MATCH;
      default:
        return at(p) == fold(b) ? p + 1 : NO_MATCH;
    }
  }

  private int matchClass(int from, int b) {
    int p = from;
    boolean isNegated = p < pattern.length && pattern[p] == '^';
    if (isNegated) {
      p++;
    }
    boolean found = false;
    while (p < pattern.length && pattern[p] != ']') {
      if (pattern[p] == '\\' && p + 1 < pattern.length) {
        found |= at(p + 1) == b;
        p += 2;
      } else if (p + 2 < pattern.length && pattern[p + 1] == '-') {
        int low = Math.min(at(p), at(p + 2));
        int high = Math.max(at(p), at(p + 2));
        found |= b >= low && b <= high;
        p += 3;
      } else {
        found |= at(p) == b;
        p++;
      }
    }
    int after = Math.min(p + 1, pattern.length);
    return found != isNegated ? after : NO_MATCH;
  }

  private int at(int p) {
    return fold(pattern[p] & 0xFF);
  }

  private int fold(int b) {
    return isInsensitive && b >= 'A' && b <= 'Z' ? b + ('a' - 'A') : b;
  }
}
