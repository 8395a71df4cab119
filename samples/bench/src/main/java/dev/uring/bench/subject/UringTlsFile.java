package dev.uring.bench.subject;

import dev.uring.RuntimeConfig;
import dev.uring.UringRuntime;
import dev.uring.bytes.ByteView;
import dev.uring.file.AsyncFile;
import dev.uring.file.FileSource;
import dev.uring.file.OpenOptions;
import dev.uring.file.WorkerFiles;
import dev.uring.net.Connection;
import dev.uring.net.ConnectionHandler;
import dev.uring.net.Listener;
import dev.uring.tls.TlsCredentials;
import dev.uring.tls.TlsProvider;
import dev.uring.tls.TlsServerOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Subjects {@code uring-jdk} and {@code uring-conscrypt} of the bulk workload: answers every
 * request with the same file over TLS, read from the page cache for each of them.
 */
public final class UringTlsFile implements ConnectionHandler {
  private final AsyncFile file;
  private final long size;
  private final byte[] head;

  private UringTlsFile(AsyncFile file, long size) {
    this.file = file;
    this.size = size;
    this.head = head(size);
  }

  /**
   * Runs the server until the harness ends it.
   *
   * @param args the PKCS#12 file, its password, a {@link TlsProvider}, and the file to serve
   * @throws Exception the file cannot be opened
   */
  public static void main(String[] args) throws Exception {
    TlsServerOptions tls = TlsServerOptions.builder()
        .credentials(TlsCredentials.pkcs12(Path.of(args[0]), args[1].toCharArray()))
        .provider(TlsProvider.valueOf(args[2]))
        .build();
    UringRuntime runtime =
        UringRuntime.start(RuntimeConfig.builder().workersCount(1).build());
    AsyncFile file = WorkerFiles.of(runtime.worker(0))
        .open(args[3], OpenOptions.forReading())
        .toCompletableFuture()
        .get();
    UringTlsFile server = new UringTlsFile(file, Files.size(Path.of(args[3])));
    Listener listener = runtime.listen("127.0.0.1:0", tls, accepted -> server);
    new SubjectControl(
            listener.port(),
            "ConnectionHandler and FileSource, one worker, defaults, provider " + args[2])
        .counters(() -> UringCounters.of(runtime))
        .serve();
  }

  /** What goes before the file; the same for every server that is written here. */
  static byte[] head(long size) {
    return ("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: "
            + size
            + "\r\n\r\n")
        .getBytes(StandardCharsets.US_ASCII);
  }

  @Override
  public int onReceive(Connection connection, ByteView bytes) {
    int size = bytes.size();
    // One request at a time, which ends with an empty line.
    if (size < 4 || bytes.get(size - 1) != '\n' || bytes.get(size - 3) != '\n') {
      return 0;
    }
    connection.write(head);
    FileSource.send(connection, file, 0, this.size);
    return size;
  }
}
