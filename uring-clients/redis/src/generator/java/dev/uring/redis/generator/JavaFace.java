package dev.uring.redis.generator;

/** The forms in which Java gets commands. */
enum JavaFace {
  /** For any thread. */
  ASYNC(
      "Async",
      "RedisAsync",
      "each returns at once, and its stage completes with the reply",
      "CompletionStage<%s>",
      "execute(%s)"),

  /** For threads that may be blocked. */
  BLOCKING(
      "Blocking",
      "RedisAsync",
      "each waits for its reply, on a thread that may be blocked, and throws what its stage would fail with",
      "%s",
      "RedisBlocking.result(execute(%s))"),

  /** In a pipeline or transaction. */
  BATCH(
      "Batch",
      "RedisBatch",
      "each gives a result that is there when the batch was run",
      "BatchResult<%s>",
      "execute(%s)");

  /** What names have between the group and {@code Commands}. */
  final String title;

  /** What they are members of. */
  final String receiver;

  /** What the documentation says of each. */
  final String promise;

  /** The type of a result. */
  final String result;

  /** How a request and its reply become a result. */
  final String body;

  JavaFace(String title, String receiver, String promise, String result, String body) {
    this.title = title;
    this.receiver = receiver;
    this.promise = promise;
    this.result = result;
    this.body = body;
  }
}
