package dev.uring;

import java.util.List;
import java.util.Locale;

/**
 * What {@link Doctor} found: one row per fact, and whether io_uring can be used.
 *
 * @param usable whether a real ring was set up and ran a NOP
 * @param verdict the same in words, with the cause and remedy if it is blocked
 * @param rows the facts, in groups
 */
public record DoctorReport(boolean usable, String verdict, List<Row> rows) {

  /** Copies {@code rows}. */
  public DoctorReport {
    rows = List.copyOf(rows);
  }

  /** How a fact bears on running with io_uring. */
  public enum Status {
    /** As it should be. */
    OK,
    /** Worth knowing; nothing depends on it. */
    INFO,
    /** Works, but limits what the program can do. */
    WARN,
    /** Keeps io_uring from being used. */
    BLOCKED
  }

  /**
   * One fact.
   *
   * @param group heading under which it is shown
   * @param name what it is about
   * @param value what was found
   * @param status how it bears on running
   * @param remedy what to do about it; empty for OK and INFO
   */
  public record Row(String group, String name, String value, Status status, String remedy) {}

  /** Returns the report as aligned text, ending with the verdict. */
  public String toText() {
    int nameWidth = rows.stream().mapToInt(row -> row.name().length()).max().orElse(0);
    StringBuilder text = new StringBuilder();
    String group = "";
    for (Row row : rows) {
      if (!row.group().equals(group)) {
        group = row.group();
        text.append(text.isEmpty() ? "" : "\n").append(group).append('\n');
      }
      text.append(
          "  %-7s %s  %s\n".formatted(label(row), padded(row.name(), nameWidth), row.value()));
      if (!row.remedy().isEmpty()) {
        text.append("          -> ").append(row.remedy()).append('\n');
      }
    }
    return text.append('\n').append(verdict).append('\n').toString();
  }

  private static String label(Row row) {
    return row.status().name().toLowerCase(Locale.ROOT);
  }

  private static String padded(String name, int width) {
    return name + " ".repeat(width - name.length());
  }

  /**
   * Returns the report as one JSON object: {@code usable}, {@code verdict}, and {@code rows} with
   * the components of {@link Row}.
   */
  public String toJson() {
    StringBuilder json = new StringBuilder("{\"usable\":").append(usable).append(",\"verdict\":");
    quote(json, verdict);
    json.append(",\"rows\":[");
    String separator = "";
    for (Row row : rows) {
      json.append(separator);
      member(json.append('{'), "group", row.group());
      member(json.append(','), "name", row.name());
      member(json.append(','), "value", row.value());
      member(json.append(','), "status", row.status().name());
      member(json.append(','), "remedy", row.remedy());
      json.append('}');
      separator = ",";
    }
    return json.append("]}").toString();
  }

  private static void member(StringBuilder json, String name, String value) {
    quote(json, name);
    json.append(':');
    quote(json, value);
  }

  private static void quote(StringBuilder json, String text) {
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"', '\\' -> json.append('\\').append(c);
        case '\n' -> json.append("\\n");
        case '\t' -> json.append("\\t");
        default -> {
          if (c < ' ') {
            json.append("\\u%04x".formatted((int) c));
          } else {
            json.append(c);
          }
        }
      }
    }
    json.append('"');
  }
}
