package dev.uring.samples;

import dev.uring.RuntimeConfig;
import dev.uring.UringRuntime;
import dev.uring.memcache.MemcacheAsyncClient;

/** Sets, reads and counts in a Memcache server: the client without Kotlin. */
public final class MemcacheInJava {
  private MemcacheInJava() {}

  /**
   * Greets, counts, and ends.
   *
   * @param args the server, for example {@code 127.0.0.1:11211}
   */
  public static void main(String[] args) {
    String address = args.length > 0 ? args[0] : "127.0.0.1:11211";
    try (UringRuntime runtime = UringRuntime.start(RuntimeConfig.defaults());
        MemcacheAsyncClient<String> memcache = MemcacheAsyncClient.create(runtime, address)) {
      String greeting = memcache.blocking(
          memcache.set("greeting", "hello").thenCompose(done -> memcache.get("greeting")));
      memcache.blocking(memcache.add("runs", "0"));
      long runs = memcache.blocking(memcache.incr("runs", 1));
      System.out.println(greeting + ", run number " + runs);
    }
  }
}
