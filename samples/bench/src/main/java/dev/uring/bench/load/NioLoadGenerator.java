package dev.uring.bench.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramIterationValue;

/**
 * The load generator for machines without gcc: the same protocol, content and closed loop as
 * {@code load.c}, on the JDK's {@link Selector} and one thread.
 *
 * <p>It costs more CPU for each request than the C one and saturates earlier, so requests per
 * second of fast servers are its own limit; server CPU for each request, the primary figure, is not
 * affected.
 */
public final class NioLoadGenerator {
  private static final String PREFIX = "@bench ";
  private static final long TICK_MILLIS = 20;

  private final Selector selector;
  private final LoadWindow window = new LoadWindow();
  private final List<LoadConnection> connections = new ArrayList<>();
  private long stallNanos;

  private NioLoadGenerator() throws IOException {
    selector = Selector.open();
  }

  /**
   * Reads commands until {@code QUIT} or the end of input; {@code load.c} lists them.
   *
   * @param args none
   * @throws IOException when the selector cannot be opened
   */
  public static void main(String[] args) throws IOException {
    NioLoadGenerator generator = new NioLoadGenerator();
    reply("READY {\"settings\":\"Java NIO, one thread (no gcc: requests/s are limited by it)\"}");
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null && !line.equals("QUIT"); line = in.readLine()) {
      reply(generator.answer(line.split(" ")));
    }
    Runtime.getRuntime().halt(0);
  }

  private String answer(String[] words) {
    try {
      switch (words[0]) {
        case "OPEN" -> open(words);
        case "RUN" -> {
          return run(Long.parseLong(words[1]));
        }
        case "CLOSE" -> close();
        default -> throw new LoadException("not understood: " + words[0]);
      }
      return "{}";
    } catch (LoadException | IOException e) {
      drop();
      return error(e);
    }
  }

  private void open(String[] words) throws IOException {
    int port = Integer.parseInt(words[1]);
    int count = Integer.parseInt(words[2]);
    int pipeline = Integer.parseInt(words[3]);
    int payloadBytes = Integer.parseInt(words[4]);
    LoadContent content = new LoadContent(Long.parseLong(words[5]), (long) payloadBytes * pipeline);
    stallNanos = Long.parseLong(words[6]) * 1_000_000;
    for (int slot = 0; slot < count; slot++) {
      connections.add(
          new LoadConnection(slot, port, payloadBytes, pipeline, content, window, selector));
    }
  }

  private String run(long millis) throws IOException {
    window.start();
    long started = window.nowNanos();
    long ends = started + millis * 1_000_000;
    window.keepGoing(true);
    for (LoadConnection connection : connections) {
      connection.fillPipeline();
    }
    long progressedAt = started;
    while (window.outstanding() > 0) {
      int ready = selector.select(NioLoadGenerator::onReady, TICK_MILLIS);
      window.tick();
      window.keepGoing(window.nowNanos() < ends);
      if (ready > 0) {
        progressedAt = window.nowNanos();
      } else if (window.nowNanos() - progressedAt > stallNanos) {
        throw new LoadException("stalled: %d replies missing after %d ms without a byte"
            .formatted(window.outstanding(), (window.nowNanos() - progressedAt) / 1_000_000));
      }
    }
    return json(window.ops(), window.nowNanos() - started, window.latencies());
  }

  private static void onReady(SelectionKey key) {
    ((LoadConnection) key.attachment()).onReady(key);
  }

  private void close() throws IOException {
    for (LoadConnection connection : connections) {
      connection.expectEnd(stallNanos);
    }
    drop();
  }

  private void drop() {
    for (LoadConnection connection : connections) {
      connection.drop();
    }
    connections.clear();
    try {
      selector.selectNow(); // lets go of the cancelled keys
    } catch (IOException e) {
      throw new LoadException("selectNow failed: " + e.getMessage());
    }
  }

  static String error(Exception e) {
    return "{\"error\":\"" + String.valueOf(e.getMessage()).replaceAll("[\"\\\\]", "'") + "\"}";
  }

  static String json(long ops, long nanos, Histogram latencies) {
    StringBuilder json = new StringBuilder(1 << 14);
    json.append("{\"ops\":").append(ops).append(",\"nanos\":").append(nanos);
    json.append(",\"histogram\":[");
    String separator = "";
    for (HistogramIterationValue value : latencies.recordedValues()) {
      json.append(separator).append('[').append(value.getValueIteratedTo()).append(',');
      json.append(value.getCountAddedInThisIterationStep()).append(']');
      separator = ",";
    }
    return json.append("]}").toString();
  }

  static void reply(String text) {
    System.out.println(PREFIX + text);
    System.out.flush();
  }
}
