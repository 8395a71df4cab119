package dev.uring.samples;

import dev.uring.RuntimeConfig;
import dev.uring.UringRuntime;
import dev.uring.momento.MomentoAsyncCache;
import dev.uring.momento.MomentoAsyncClient;
import dev.uring.momento.MomentoBlockingCache;
import dev.uring.momento.MomentoConfig;
import dev.uring.momento.MomentoCredential;
import dev.uring.tls.TlsClientOptions;
import java.time.Duration;

/** Stores and reads values of Momento's cache service: the client without Kotlin. */
public final class MomentoInJava {
  private static final Duration KEPT = Duration.ofMinutes(5);

  private MomentoInJava() {}

  /**
   * Greets twice, and ends.
   *
   * @param args a port of this machine where {@code MomentoServer} listens, and the token; without
   *     them the service itself, as {@code MOMENTO_API_KEY} says
   */
  public static void main(String[] args) {
    try (UringRuntime runtime = UringRuntime.start(RuntimeConfig.defaults());
        MomentoAsyncClient client = args.length < 2
            ? MomentoAsyncClient.create(runtime, MomentoCredential.fromEnvironment())
            : MomentoAsyncClient.create(runtime, local(args[1], Integer.parseInt(args[0])))) {
      MomentoAsyncCache cache = client.cache("my-cache");
      String greeting = cache
          .set("greeting", "hello", KEPT)
          .thenCompose(done -> cache.getText("greeting"))
          .toCompletableFuture()
          .join();
      System.out.println(greeting + ", " + waiting(cache.blocking()));
    }
  }

  // From a virtual thread this may wait: it is the thread that is cheap, not the wait.
  private static String waiting(MomentoBlockingCache cache) {
    cache.set("name", "world", KEPT);
    String name = cache.getText("name");
    cache.delete("name");
    return name;
  }

  // Its certificate is of its own making: nobody else's could be believed like this.
  private static MomentoConfig local(String token, int port) {
    TlsClientOptions tls = TlsClientOptions.builder().insecurelyTrustEverybody().build();
    return MomentoConfig.of(MomentoCredential.fromToken(token, "localhost:" + port), tls);
  }
}
