package dev.uring.redis.generator;

import java.util.ArrayList;
import java.util.List;

/**
 * A type as the table writes it: a name, what stands in its angle brackets, and whether nil is
 * null.
 *
 * @param name such as {@code list} or {@code StreamEntry}
 * @param arguments such as {@code value}
 * @param isNullable whether a {@code ?} follows
 * @param shapedBy the parameter that says what the reply looks like, behind a {@code @}; empty when
 *     it always looks the same
 */
record TypeName(String name, List<TypeName> arguments, boolean isNullable, String shapedBy) {
  static TypeName parse(String text) {
    Reader reader = new Reader(text);
    TypeName type = reader.read();
    if (reader.at != text.length()) {
      throw new IllegalArgumentException("has a type that ends early: \"" + text + "\"");
    }
    return type;
  }

  private static final class Reader {
    private final String text;
    private int at;

    Reader(String text) {
      this.text = text;
    }

    TypeName read() {
      String name = word();
      List<TypeName> arguments = new ArrayList<>();
      if (take('<')) {
        do {
          arguments.add(read());
        } while (take(','));
        if (!take('>')) {
          throw new IllegalArgumentException("has a type without its \">\": \"" + text + "\"");
        }
      }
      String shapedBy = take('@') ? word() : "";
      return new TypeName(name, arguments, take('?'), shapedBy);
    }

    private String word() {
      int from = at;
      while (at < text.length() && "<>,?@".indexOf(text.charAt(at)) < 0) {
        at++;
      }
      return text.substring(from, at);
    }

    private boolean take(char expected) {
      boolean isThere = at < text.length() && text.charAt(at) == expected;
      at += isThere ? 1 : 0;
      return isThere;
    }
  }
}
