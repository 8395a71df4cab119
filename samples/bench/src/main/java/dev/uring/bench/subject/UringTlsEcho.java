package dev.uring.bench.subject;

import dev.uring.RuntimeConfig;
import dev.uring.UringRuntime;
import dev.uring.bytes.ByteView;
import dev.uring.net.Connection;
import dev.uring.net.ConnectionHandler;
import dev.uring.net.Listener;
import dev.uring.tls.TlsCredentials;
import dev.uring.tls.TlsProvider;
import dev.uring.tls.TlsServerOptions;
import java.nio.file.Path;

/**
 * Subjects {@code uring-jdk} and {@code uring-conscrypt}: the echo that a Java program writes on
 * the callback API, over TLS. As a twin it can be told to misbehave, for the self-check.
 */
public final class UringTlsEcho implements ConnectionHandler {
  // The self-check's requests: how many of them an arrival has is told by its size.
  private static final int SPIN_BYTES = 64;

  private volatile String fault = "none";
  private volatile long spinNanos;

  private UringTlsEcho() {}

  /**
   * Runs the server until the harness ends it.
   *
   * @param args the PKCS#12 file, its password, and a {@link TlsProvider}
   */
  public static void main(String[] args) {
    TlsServerOptions tls = TlsServerOptions.builder()
        .credentials(TlsCredentials.pkcs12(Path.of(args[0]), args[1].toCharArray()))
        .provider(TlsProvider.valueOf(args[2]))
        .build();
    UringRuntime runtime =
        UringRuntime.start(RuntimeConfig.builder().workersCount(1).build());
    UringTlsEcho echo = new UringTlsEcho();
    Listener listener = runtime.listen("127.0.0.1:0", tls, accepted -> echo);
    new SubjectControl(
            listener.port(), "ConnectionHandler, one worker, defaults, provider " + args[2])
        .counters(() -> UringCounters.of(runtime))
        .modes(echo::change)
        .serve();
  }

  private void change(String mode) {
    if (mode.startsWith("spin ")) {
      spinNanos = Long.parseLong(mode.substring("spin ".length()));
    } else if (mode.equals("flip") || mode.equals("hang-up") || mode.equals("none")) {
      fault = mode;
    } else {
      throw new IllegalArgumentException("no such mode: " + mode);
    }
  }

  @Override
  public int onReceive(Connection connection, ByteView bytes) {
    Spin.nanos(spinNanos * bytes.size() / SPIN_BYTES);
    switch (fault) {
      case "flip" -> {
        byte[] spoiled = bytes.toByteArray();
        spoiled[spoiled.length - 1] ^= 1;
        connection.write(spoiled);
      }
      case "hang-up" -> connection.close();
      default -> connection.write(bytes);
    }
    return bytes.size();
  }
}
