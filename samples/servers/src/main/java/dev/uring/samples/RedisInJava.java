package dev.uring.samples;

import dev.uring.RuntimeConfig;
import dev.uring.UringRuntime;
import dev.uring.redis.BatchResult;
import dev.uring.redis.RedisAsyncClient;
import dev.uring.redis.commands.RedisAsyncCommands;
import dev.uring.redis.commands.RedisBlockingCommands;
import java.util.List;
import java.util.stream.Stream;

/** Sets, reads and counts in a Redis server: the client without Kotlin. */
public final class RedisInJava {
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
      // In stages, which complete on a worker.
      RedisAsyncCommands<String, String> commands = RedisAsyncCommands.of(redis);
      String greeting = commands
          .set("greeting", "hello")
          .thenCompose(done -> commands.get("greeting"))
          .toCompletableFuture()
          .join();

      // Several in one piece.
      BatchResult<Long> runs = redis
          .pipeline(batch -> {
            batch.set("last", greeting);
            return batch.incr("runs");
          })
          .toCompletableFuture()
          .join();
      System.out.println(greeting + ", run number " + runs.getValue());

      // Waiting, on a thread that may.
      RedisBlockingCommands<String, String> blocking = RedisBlockingCommands.of(redis);
      blocking.del(List.of("last"));
      try (Stream<String> keys = redis.scanAll("*").stream()) {
        System.out.println(keys.sorted().toList());
      }
    }
  }
}
