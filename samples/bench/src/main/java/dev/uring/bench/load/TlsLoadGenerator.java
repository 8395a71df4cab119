package dev.uring.bench.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.HdrHistogram.Histogram;

/**
 * The load for servers that speak TLS, with the commands of {@link NioLoadGenerator} and one more:
 * {@code MODE echo} keeps connections open, {@code MODE full} makes a connection and a full
 * handshake for each request, {@code MODE resumed} a connection that resumes a session. {@code MODE
 * bulk FILE} keeps connections open and fetches, from servers of HTTP, what must be that file.
 *
 * <p>Blocking sockets of the JDK, a thread for each connection. Requests per second of fast servers
 * are its own limit, as it encrypts as much as they do; server CPU for each request, the primary
 * figure, is not affected.
 */
public final class TlsLoadGenerator {
  private final TlsDialer dialer;
  private final List<TlsTask> tasks = new ArrayList<>();
  private ExecutorService threads;
  private String mode = "echo";
  private byte[] file;

  private TlsLoadGenerator() throws GeneralSecurityException {
    dialer = new TlsDialer();
  }

  /**
   * Reads commands until {@code QUIT} or the end of input.
   *
   * @param args none
   * @throws IOException when standard input cannot be read
   * @throws GeneralSecurityException when the JDK has no TLS
   */
  public static void main(String[] args) throws IOException, GeneralSecurityException {
    TlsLoadGenerator generator = new TlsLoadGenerator();
    NioLoadGenerator.reply("READY {\"settings\":\"JDK sockets and JDK TLS 1.3 with "
        + TlsDialer.CIPHER_SUITE
        + ", a thread for each connection\"}");
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
        case "MODE" -> change(words);
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

  private void change(String[] words) throws IOException {
    mode = words[1];
    file = mode.equals("bulk")
        ? Files.readAllBytes(Path.of(String.join(" ", List.of(words).subList(2, words.length))))
        : null;
  }

  private void open(String[] words) throws IOException {
    int port = Integer.parseInt(words[1]);
    int count = Integer.parseInt(words[2]);
    int requestBytes = Integer.parseInt(words[3]) * Integer.parseInt(words[4]);
    LoadContent content = new LoadContent(Long.parseLong(words[5]), requestBytes);
    int stallMillis = Integer.parseInt(words[6]);
    threads = Executors.newFixedThreadPool(count);
    TlsDialer.Target target = dialer.target(port, stallMillis, mode);
    for (int slot = 0; slot < count; slot++) {
      TlsTask task = file == null
          ? new TlsExchange(target, slot, count, Integer.parseInt(words[3]), requestBytes, content)
          : new TlsFetch(target, slot, file);
      tasks.add(task);
      task.open();
    }
  }

  private String run(long millis) {
    long started = System.nanoTime();
    long ends = started + millis * 1_000_000;
    List<Callable<Histogram>> runs = new ArrayList<>();
    for (TlsTask task : tasks) {
      runs.add(() -> task.run(ends));
    }
    Histogram all = LoadWindow.newHistogram();
    try {
      for (Future<Histogram> run : threads.invokeAll(runs)) {
        all.add(run.get());
      }
    } catch (ExecutionException e) {
      throw new LoadException(String.valueOf(e.getCause().getMessage()));
    } catch (InterruptedException e) {
      throw new LoadException("interrupted");
    }
    return NioLoadGenerator.json(all.getTotalCount(), System.nanoTime() - started, all);
  }

  private void drop() {
    tasks.forEach(TlsTask::drop);
    tasks.clear();
    if (threads != null) {
      threads.shutdownNow();
    }
  }
}
