package dev.uring.bench.subject;

import com.sun.management.ThreadMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The measured side of the line protocol between the harness and one server process.
 *
 * <h4>Protocol</h4>
 *
 * The process prints {@code @bench READY {"port":…,"settings":"…"}} once it listens. Then each line
 * on standard input gets one line on standard output: {@code STATS} → {@code @bench
 * {"allocatedBytes":…,"gcCount":…,…}}; {@code MODE x} → {@code @bench {}}, for twins that can
 * misbehave; {@code QUIT} ends the process. So does the end of input: a harness that was killed
 * leaves no server behind. Lines without the prefix are output of the server itself.
 *
 * <h4>Threads</h4>
 *
 * {@link #serve} takes the calling thread and never returns. The server must already run on threads
 * of its own. What this thread allocates to answer is not the server's and is subtracted.
 */
public final class SubjectControl {
  private static final String PREFIX = "@bench ";

  private final int port;
  private final String settings;
  private Supplier<Map<String, Long>> counters = Map::of;
  private Runnable ending = () -> {};
  private ModeSwitch modes = mode -> {
    throw new IllegalArgumentException("this server has no modes");
  };

  /** Changes how a twin behaves. */
  @FunctionalInterface
  public interface ModeSwitch {
    /**
     * Applies a mode.
     *
     * @param mode the rest of the {@code MODE} line
     * @throws IllegalArgumentException when the mode is not known; the text is the reply
     */
    void to(String mode);
  }

  /**
   * Describes a server that already listens.
   *
   * @param port where it listens on loopback; 0 when the harness chose the address
   * @param settings what a reader needs to judge the figures, in one sentence
   */
  public SubjectControl(int port, String settings) {
    this.port = port;
    this.settings = settings;
  }

  /**
   * Adds figures to the reply of {@code STATS}, such as {@code sqes} and {@code enters}.
   *
   * @param supplier called on the control thread; each value only grows
   * @return this
   */
  public SubjectControl counters(Supplier<Map<String, Long>> supplier) {
    counters = supplier;
    return this;
  }

  /**
   * Accepts {@code MODE} lines.
   *
   * @param modeSwitch called on the control thread
   * @return this
   */
  public SubjectControl modes(ModeSwitch modeSwitch) {
    modes = modeSwitch;
    return this;
  }

  /**
   * Says what is to be done before the process ends: it is halted, and no hook of the JVM runs.
   *
   * @param task called on the control thread, once
   * @return this
   */
  public SubjectControl ending(Runnable task) {
    ending = task;
    return this;
  }

  /**
   * Announces the server and answers until {@code QUIT} or the end of input; then ends the process.
   */
  public void serve() {
    reply("READY {\"port\":" + port + ",\"settings\":\"" + escape(settings) + "\"}");
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (line.equals("QUIT")) {
          break;
        }
        reply(answer(line));
      }
    } catch (IOException e) {
      // The harness is gone; there is no one left to tell.
    }
    try {
      ending.run();
    } catch (RuntimeException e) {
      System.err.println("what was to be done at the end failed: " + e);
    }
    // halt, not exit: connections of a load that was cut short must not hold a shutdown hook up.
    Runtime.getRuntime().halt(0);
  }

  private String answer(String line) {
    try {
      if (line.equals("STATS")) {
        return json(stats());
      }
      if (line.startsWith("MODE ")) {
        modes.to(line.substring("MODE ".length()));
        return "{}";
      }
      return "{\"error\":\"not understood: " + escape(line) + "\"}";
    } catch (IllegalArgumentException e) {
      return "{\"error\":\"" + escape(String.valueOf(e.getMessage())) + "\"}";
    }
  }

  private Map<String, Long> stats() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    Map<String, Long> stats = new LinkedHashMap<>();
    // The total counts threads that have ended as well; a sum over live threads would not.
    stats.put(
        "allocatedBytes",
        threads.getTotalThreadAllocatedBytes() - threads.getCurrentThreadAllocatedBytes());
    long collections = 0;
    for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
      collections += collector.getCollectionCount();
    }
    stats.put("gcCount", collections);
    stats.putAll(counters.get());
    return stats;
  }

  private static String json(Map<String, Long> stats) {
    StringBuilder json = new StringBuilder("{");
    stats.forEach((name, value) -> json.append(json.length() == 1 ? "" : ",")
        .append('"')
        .append(name)
        .append("\":")
        .append(value));
    return json.append('}').toString();
  }

  private static String escape(String text) {
    return text.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\p{Cntrl}", " ");
  }

  private static void reply(String text) {
    System.out.println(PREFIX + text);
    System.out.flush();
  }
}
