package dev.uring.bench.file;

import com.sun.management.ThreadMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The measured side of the line protocol between {@code bench file} and one of its programs.
 *
 * <p>Prints {@code @bench READY {"settings":"…"}}; then {@code RUN depth millis seed} is answered
 * with the run's tally, {@code STATS} with counters. {@code QUIT} or the end of input ends it.
 */
public final class FileControl {
  /** Most reads under way. */
  public static final int DEPTH_MAX = 128;

  private static final String PREFIX = "@bench ";
  private static final int RUN_WORDS = 4;

  private FileControl() {}

  /**
   * Announces the program and answers on the calling thread; then ends the process.
   *
   * @param settings what a reader needs to judge the figures
   * @param reader does the reading
   */
  public static void serve(String settings, FileReader reader) {
    reply("READY {\"settings\":\"" + settings + "\"}");
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (line.equals("QUIT")) {
          break;
        }
        reply(answer(line, reader));
      }
    } catch (IOException e) {
      // The harness is gone; there is no one left to tell.
    }
    Runtime.getRuntime().halt(0);
  }

  private static String answer(String line, FileReader reader) {
    try {
      if (line.equals("STATS")) {
        return stats(reader);
      }
      String[] words = line.split(" ");
      if (words.length != RUN_WORDS || !words[0].equals("RUN")) {
        return "{\"error\":\"not understood\"}";
      }
      long start = System.nanoTime();
      FileTally tally = reader.run(
          Integer.parseInt(words[1]),
          Long.parseLong(words[2]) * 1_000_000,
          Long.parseLong(words[3]));
      return tally.json(System.nanoTime() - start);
    } catch (Exception failure) {
      return "{\"error\":\"" + String.valueOf(failure).replaceAll("[\"\\\\\\p{Cntrl}]", " ")
          + "\"}";
    }
  }

  private static String stats(FileReader reader) {
    Map<String, Long> stats = new LinkedHashMap<>();
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    // What this thread allocates to answer is not the program's.
    stats.put(
        "allocatedBytes",
        threads.getTotalThreadAllocatedBytes() - threads.getCurrentThreadAllocatedBytes());
    stats.putAll(reader.counters());
    StringBuilder json = new StringBuilder();
    stats.forEach((name, value) -> json.append(json.isEmpty() ? "{" : ",")
        .append('"')
        .append(name)
        .append("\":")
        .append(value));
    return json.append('}').toString();
  }

  private static void reply(String text) {
    System.out.println(PREFIX + text);
    System.out.flush();
  }
}
