package dev.uring.redis.generator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One file of the command table.
 *
 * @param name as the file is called, such as {@code sorted-sets}
 * @param module the module of the server that has its commands; empty when the server itself has
 *     them
 * @param enums the enum classes that it declares
 * @param commands its commands, in the file's order
 */
record Group(String name, String module, List<EnumType> enums, List<CommandRecord> commands) {
  private static final Pattern HEAD =
      Pattern.compile("([A-Z][A-Z_.|-]*) (-?\\d+) (\\d+\\.\\d+\\.\\d+) (\\S+) (\\S+)((?: \\S+)*)");

  /** An enum class: its constants by Kotlin name, with their words on the wire. */
  record EnumType(String name, Map<String, String> words, String description) {}

  /** The name as part of a class name, such as {@code SortedSet}. */
  String title() {
    StringBuilder title = new StringBuilder();
    for (String word : name.split("-")) {
      title.append(Character.toUpperCase(word.charAt(0))).append(word.substring(1));
    }
    boolean isPlural = title.charAt(title.length() - 1) == 's' && !name.equals("hashes");
    return name.equals("hashes") ? "Hash" : title.substring(0, title.length() - (isPlural ? 1 : 0));
  }

  /** What the versions of its commands are versions of. */
  String product() {
    return module.isEmpty() ? "Redis" : module;
  }

  static Group read(Path file) throws IOException {
    String name = file.getFileName().toString().replace(".txt", "");
    return new Reader(file, Files.readAllLines(file)).read(name);
  }

  static Map<String, String> readLeftOut(Path file) throws IOException {
    Map<String, String> reasons = new TreeMap<>();
    for (String line : Files.readAllLines(file)) {
      int blank = line.indexOf(' ');
      if (blank < 0) {
        throw new IllegalArgumentException(file + ": \"" + line + "\" gives no reason");
      }
      reasons.put(line.substring(0, blank), line.substring(blank + 1));
    }
    return reasons;
  }

  private static final class Reader {
    private final Path file;
    private final List<String> lines;
    private int at;

    Reader(Path file, List<String> lines) {
      this.file = file;
      this.lines = lines;
    }

    Group read(String name) {
      List<EnumType> enums = new ArrayList<>();
      List<CommandRecord> commands = new ArrayList<>();
      String module = "";
      while (at < lines.size()) {
        String line = lines.get(at++);
        if (line.startsWith("module ")) {
          module = line.substring("module ".length());
        } else if (line.startsWith("enum ")) {
          enums.add(enumType(line));
        } else if (!line.isBlank()) {
          commands.add(command(line));
        }
      }
      return new Group(name, module, enums, commands);
    }

    private EnumType enumType(String line) {
      String[] words = line.split(" ");
      Map<String, String> constants = new LinkedHashMap<>();
      for (int i = 2; i < words.length; i++) {
        String[] constant = words[i].split("=");
        constants.put(constant[0], constant[1]);
      }
      return new EnumType(words[1], constants, description());
    }

    private CommandRecord command(String line) {
      Matcher head = HEAD.matcher(line);
      if (!head.matches()) {
        throw malformed("is no record: expected NAME ARITY SINCE FLAGS KEYS");
      }
      String[] flags = head.group(4).split("\\+", 2);
      String policy = "";
      String deprecated = "";
      for (String more : head.group(6).trim().split(" ")) {
        if (more.startsWith("deprecated=")) {
          deprecated = more.substring("deprecated=".length());
        } else {
          policy = more;
        }
      }
      List<FunctionRecord> functions = new ArrayList<>();
      boolean isContainer = at < lines.size() && lines.get(at).equals("  container");
      String description = isContainer ? "" : description();
      String without = "";
      while (at < lines.size() && lines.get(at).startsWith("  ")) {
        String function = lines.get(at++).trim();
        if (function.equals("container")) {
          without = "it has only sub-commands";
        } else if (function.startsWith("none: ")) {
          without = function.substring("none: ".length());
        } else {
          try {
            functions.add(FunctionRecord.parse(function));
          } catch (IllegalArgumentException malformed) {
            throw malformed(malformed.getMessage());
          }
        }
      }
      if (functions.isEmpty() == without.isEmpty()) {
        throw malformed("belongs to a command without functions and without a reason for that");
      }
      return new CommandRecord(
          head.group(1),
          Integer.parseInt(head.group(2)),
          head.group(3),
          new CommandRecord.Facts(
              flags[0].equals("-") ? "" : flags[0],
              flags.length > 1 ? flags[1] : "",
              head.group(5).equals("-") ? "" : head.group(5),
              policy,
              deprecated),
          description,
          functions,
          without);
    }

    private String description() {
      if (at >= lines.size() || !lines.get(at).startsWith("  -- ")) {
        throw malformed("is followed by no description");
      }
      return lines.get(at++).substring("  -- ".length());
    }

    private IllegalArgumentException malformed(String why) {
      return new IllegalArgumentException(
          file + ":" + at + ": \"" + lines.get(at - 1) + "\" " + why);
    }
  }
}
