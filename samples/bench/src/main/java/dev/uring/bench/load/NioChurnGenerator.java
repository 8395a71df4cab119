package dev.uring.bench.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A load of short connections, with the commands of {@link NioLoadGenerator}: as many exchanges are
 * under way as {@code OPEN} names connections, and each is a connection of its own. What is sent on
 * one is {@code pipeline} × {@code payloadBytes}, in one piece.
 *
 * <p>On the JDK's {@link Selector} and one thread: connections per second of fast servers are its
 * own limit; server CPU for each connection, the primary figure, is not affected.
 */
public final class NioChurnGenerator {
  private static final long TICK_MILLIS = 20;

  private final Selector selector;
  private final LoadWindow window = new LoadWindow();
  private final List<ChurnExchange> exchanges = new ArrayList<>();
  private long stallNanos;

  private NioChurnGenerator() throws IOException {
    selector = Selector.open();
  }

  /**
   * Reads commands until {@code QUIT} or the end of input.
   *
   * @param args none
   * @throws IOException when the selector cannot be opened
   */
  public static void main(String[] args) throws IOException {
    NioChurnGenerator generator = new NioChurnGenerator();
    NioLoadGenerator.reply(
        "READY {\"settings\":\"Java NIO, one thread, a connection for each request\"}");
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null && !line.equals("QUIT"); line = in.readLine()) {
      NioLoadGenerator.reply(generator.answer(line.split(" ")));
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
        case "CLOSE" -> drop();
        default -> throw new LoadException("not understood: " + words[0]);
      }
      return "{}";
    } catch (LoadException | IOException e) {
      drop();
      return NioLoadGenerator.error(e);
    }
  }

  private void open(String[] words) {
    int port = Integer.parseInt(words[1]);
    int count = Integer.parseInt(words[2]);
    int requestBytes = Integer.parseInt(words[3]) * Integer.parseInt(words[4]);
    LoadContent content = new LoadContent(Long.parseLong(words[5]), requestBytes);
    stallNanos = Long.parseLong(words[6]) * 1_000_000;
    for (int slot = 0; slot < count; slot++) {
      exchanges.add(new ChurnExchange(slot, count, port, requestBytes, content, window, selector));
    }
  }

  private String run(long millis) throws IOException {
    window.start();
    long started = window.nowNanos();
    long ends = started + millis * 1_000_000;
    window.keepGoing(true);
    for (ChurnExchange exchange : exchanges) {
      exchange.begin();
    }
    long progressedAt = started;
    while (window.outstanding() > 0) {
      int ready = selector.select(NioChurnGenerator::onReady, TICK_MILLIS);
      window.tick();
      window.keepGoing(window.nowNanos() < ends);
      if (ready > 0) {
        progressedAt = window.nowNanos();
      } else if (window.nowNanos() - progressedAt > stallNanos) {
        throw new LoadException("stalled: %d connections unfinished after %d ms without a byte"
            .formatted(window.outstanding(), (window.nowNanos() - progressedAt) / 1_000_000));
      }
    }
    return NioLoadGenerator.json(window.ops(), window.nowNanos() - started, window.latencies());
  }

  private static void onReady(SelectionKey key) {
    ((ChurnExchange) key.attachment()).onReady(key);
  }

  private void drop() {
    exchanges.forEach(ChurnExchange::drop);
    exchanges.clear();
    try {
      selector.selectNow(); // lets go of the cancelled keys
    } catch (IOException e) {
      throw new LoadException("selectNow failed: " + e.getMessage());
    }
  }
}
