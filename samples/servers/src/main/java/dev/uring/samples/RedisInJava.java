package dev.uring.samples;

import dev.uring.RuntimeConfig;
import dev.uring.UringRuntime;
import dev.uring.redis.RedisAsync;
import dev.uring.redis.RedisAsyncClient;
import dev.uring.redis.codec.Command;
import dev.uring.redis.codec.Reply;
import java.util.concurrent.CompletionStage;

/** Sets, reads and counts in a Redis server: the client without Kotlin. */
public final class RedisInJava {
  private static final Command SET = Command.of("SET", Command.IDEMPOTENT);
  private static final Command GET = Command.of("GET", Command.READONLY | Command.IDEMPOTENT);
  private static final Command INCR = Command.of("INCR");

  private RedisInJava() {}

  /**
   * Greets, counts, and ends.
   *
   * @param args the server, for example {@code redis://127.0.0.1:6379}
   */
  public static void main(String[] args) {
    String url = args.length > 0 ? args[0] : "redis://127.0.0.1:6379";
    try (UringRuntime runtime = UringRuntime.start(RuntimeConfig.defaults());
        RedisAsyncClient<String, String> redis = RedisAsyncClient.create(runtime, url)) {
      String greeting = set(redis, "greeting", "hello")
          .thenCompose(done -> get(redis, "greeting"))
          .toCompletableFuture()
          .join();
      long runs = incr(redis, "runs").toCompletableFuture().join();
      System.out.println(greeting + ", run number " + runs);
    }
  }

  private static CompletionStage<String> set(
      RedisAsync<String, String> redis, String key, String value) {
    return redis.execute(redis.command(SET).key(key).arg(value), Reply.STRING);
  }

  private static CompletionStage<String> get(RedisAsync<String, String> redis, String key) {
    return redis.execute(redis.command(GET).key(key), Reply.STRING_OR_NULL);
  }

  private static CompletionStage<Long> incr(RedisAsync<String, String> redis, String key) {
    return redis.execute(redis.command(INCR).key(key), Reply.LONG);
  }
}
