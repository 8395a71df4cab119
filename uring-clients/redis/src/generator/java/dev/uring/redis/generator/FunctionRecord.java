package dev.uring.redis.generator;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One typed form of a command.
 *
 * @param name in Kotlin
 * @param items what is written, in the order of the wire
 * @param result its type
 * @param isIdempotent false where this form is not though the command is
 * @param since the first version that has this form; empty when the command's own
 */
record FunctionRecord(
    String name, List<Item> items, TypeName result, boolean isIdempotent, String since) {

  private static final Pattern FUNCTION =
      Pattern.compile("([a-z]\\w*)\\((.*)\\): (\\S+)((?: \\S+)*)");
  private static final Pattern PARAMETER =
      Pattern.compile("(\\w+): ([^ =?+*]+?)(\\?|\\+|\\*|\\.\\.)?(?: = (.+))?");

  /** How often a parameter's value comes. */
  enum Count {
    ONE,
    OPTIONAL,
    ONE_OR_MORE,
    ANY_NUMBER,
    COLLECTION
  }

  /** Something that is written. */
  sealed interface Item permits Word, Size, Parameter {}

  /** A word that is written always. */
  record Word(String text) implements Item {}

  /** How many elements a parameter has. */
  record Size(String of) implements Item {}

  /** A parameter; {@code word} stands in front of it, once or for each element. */
  record Parameter(
      String word, boolean isWordRepeated, String name, TypeName type, Count count, String fallback)
      implements Item {
    boolean isRequired() {
      boolean isChoice = count == Count.OPTIONAL || count == Count.COLLECTION;
      return !isChoice && fallback.isEmpty() && !isFlag();
    }

    boolean isFlag() {
      return type.name().equals("flag") || type.name().equals("unless");
    }
  }

  List<Parameter> parameters() {
    List<Parameter> ordered = new ArrayList<>();
    List<Parameter> optional = new ArrayList<>();
    for (Item item : items) {
      if (item instanceof Parameter parameter) {
        (parameter.isRequired() ? ordered : optional).add(parameter);
      }
    }
    ordered.addAll(optional);
    return ordered;
  }

  static FunctionRecord parse(String text) {
    Matcher function = FUNCTION.matcher(text);
    if (!function.matches()) {
      throw new IllegalArgumentException("is no function: expected name(parameters): result");
    }
    List<Item> items = new ArrayList<>();
    for (String item : splitAtCommas(function.group(2))) {
      parseItem(item.trim(), items);
    }
    boolean isIdempotent = true;
    String since = "";
    for (String mark : function.group(4).trim().split(" ")) {
      if (mark.equals("!once")) {
        isIdempotent = false;
      } else if (mark.startsWith("since=")) {
        since = mark.substring("since=".length());
      } else if (!mark.isEmpty()) {
        throw new IllegalArgumentException("has an unknown mark " + mark);
      }
    }
    TypeName result = TypeName.parse(function.group(3));
    return new FunctionRecord(function.group(1), items, result, isIdempotent, since);
  }

  private static void parseItem(String item, List<Item> items) {
    if (item.equals("key")) {
      items.add(parameter("", false, "key: key"));
    } else if (item.equals("\"\"")) {
      items.add(new Word(""));
    } else if (item.startsWith("#")) {
      items.add(new Size(item.substring(1)));
    } else if (Character.isUpperCase(item.charAt(0))) {
      int blank = item.indexOf(' ');
      String word = blank < 0 ? item : item.substring(0, blank);
      if (blank < 0) {
        items.add(new Word(word));
      } else if (item.charAt(blank + 1) == '#') {
        items.add(new Word(word));
        items.add(new Size(item.substring(blank + 2)));
      } else {
        boolean isRepeated = word.endsWith("*");
        items.add(parameter(
            isRepeated ? word.substring(0, word.length() - 1) : word,
            isRepeated,
            item.substring(blank + 1)));
      }
    } else {
      items.add(parameter("", false, item));
    }
  }

  private static Parameter parameter(String word, boolean isWordRepeated, String text) {
    Matcher parameter = PARAMETER.matcher(text);
    if (!parameter.matches()) {
      throw new IllegalArgumentException("has no parameter in \"" + text + "\"");
    }
    Count count = switch (parameter.group(3)) {
      case null -> Count.ONE;
      case "?" -> Count.OPTIONAL;
      case "+" -> Count.ONE_OR_MORE;
      case ".." -> Count.ANY_NUMBER;
      default -> Count.COLLECTION;
    };
    String fallback = parameter.group(4) == null ? "" : parameter.group(4);
    TypeName type = TypeName.parse(parameter.group(2));
    if (type.name().equals("cursor")) {
      fallback = "ScanPage.START";
    }
    return new Parameter(word, isWordRepeated, parameter.group(1), type, count, fallback);
  }

  private static List<String> splitAtCommas(String text) {
    List<String> parts = new ArrayList<>();
    int depth = 0;
    int from = 0;
    for (int i = 0; i < text.length(); i++) {
      switch (text.charAt(i)) {
        case '<' -> depth++;
        case '>' -> depth--;
        case ',' -> {
          if (depth == 0) {
            parts.add(text.substring(from, i));
            from = i + 1;
          }
        }
        default -> {}
      }
    }
    if (!text.substring(from).isBlank()) {
      parts.add(text.substring(from));
    }
    return parts;
  }
}
