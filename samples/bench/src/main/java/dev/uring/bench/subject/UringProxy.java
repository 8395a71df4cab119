package dev.uring.bench.subject;

import dev.uring.RuntimeConfig;
import dev.uring.UringRuntime;
import dev.uring.bytes.ByteView;
import dev.uring.net.Connection;
import dev.uring.net.ConnectionAcceptor;
import dev.uring.net.ConnectionHandler;
import dev.uring.net.Listener;
import dev.uring.net.Relay;
import java.time.Duration;

/**
 * Subjects {@code uring-forward} and {@code uring-copy}: a TCP proxy on the callback API, once with
 * a relay, once with a handler that copies what it receives into the other connection, both with
 * back-pressure.
 */
public final class UringProxy {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
  private static final long RESUME_AT_UNSENT_BYTES = 64 << 10;

  private UringProxy() {}

  /**
   * Runs the proxy until the harness ends it.
   *
   * @param args {@code forward} or {@code copy}, and the address of the server behind it
   */
  public static void main(String[] args) {
    boolean isForwarding = args[0].equals("forward");
    UringRuntime runtime =
        UringRuntime.start(RuntimeConfig.builder().workersCount(1).build());
    ConnectionAcceptor acceptor = client ->
        isForwarding ? new ForwardingClient(runtime, args[1]) : new CopyingClient(runtime, args[1]);
    Listener listener = runtime.listen("127.0.0.1:0", acceptor);
    String settings = (isForwarding ? "Relay" : "a handler that copies") + ", one worker, defaults";
    new SubjectControl(listener.port(), settings)
        .counters(() -> UringCounters.of(runtime))
        .serve();
  }

  private record ForwardingClient(UringRuntime runtime, String upstream)
      implements ConnectionHandler {
    @Override
    public void onOpen(Connection client) {
      client.pauseReceive();
      runtime
          .connect(client.worker(), upstream, CONNECT_TIMEOUT, opened -> (connection, bytes) -> 0)
          .result()
          .whenComplete((server, failure) -> {
            if (failure == null) {
              Relay.start(client, server, (relay, why) -> {});
            } else {
              client.abort();
            }
          });
    }

    @Override
    public int onReceive(Connection connection, ByteView bytes) {
      return 0;
    }
  }

  /** One side of a copying proxy; it knows the other once that is there. */
  private static class Copying implements ConnectionHandler {
    private Connection other;

    final void joinedWith(Connection newOther) {
      other = newOther;
    }

    @Override
    public int onReceive(Connection connection, ByteView bytes) {
      other.output().putView(bytes);
      if (!other.isWritable()) {
        connection.pauseReceive();
        other.requestWritable(RESUME_AT_UNSENT_BYTES);
      }
      return bytes.size();
    }

    @Override
    public void onWritable(Connection connection) {
      other.resumeReceive();
    }

    @Override
    public void onEnd(Connection connection) {
      other.shutdownOutput();
      if (other.inputEnded()) {
        other.close();
        connection.close();
      }
    }

    @Override
    public void onClosed(Connection connection, Throwable cause) {
      if (cause != null && other != null) {
        other.abort();
      }
    }
  }

  private static final class CopyingClient extends Copying {
    private final UringRuntime runtime;
    private final String upstream;

    CopyingClient(UringRuntime runtime, String upstream) {
      this.runtime = runtime;
      this.upstream = upstream;
    }

    @Override
    public void onOpen(Connection client) {
      client.pauseReceive();
      Copying serverSide = new Copying();
      runtime
          .connect(client.worker(), upstream, CONNECT_TIMEOUT, opened -> serverSide)
          .result()
          .whenComplete((server, failure) -> {
            if (failure == null) {
              serverSide.joinedWith(client);
              joinedWith(server);
              client.resumeReceive();
            } else {
              client.abort();
            }
          });
    }
  }
}
