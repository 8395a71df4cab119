package dev.uring.samples;

import dev.uring.RuntimeConfig;
import dev.uring.UringRuntime;
import dev.uring.message.MessageEngine;
import dev.uring.message.TofuGroup;
import dev.uring.message.codec.Message;
import dev.uring.message.codec.MessageOperation;
import dev.uring.message.codec.PoolStrategy;

/** Asks an echo server, and says goodbye: messages without Kotlin. */
public final class MessageInJava {
  private MessageInJava() {}

  /**
   * Asks twice, and ends.
   *
   * @param args where the server listens, for example {@code tcp|127.0.0.1|7099}
   */
  public static void main(String[] args) {
    String address = args.length > 0 ? args[0] : "tcp|127.0.0.1|7099";
    try (UringRuntime runtime = UringRuntime.start(RuntimeConfig.defaults());
        MessageEngine engine = new MessageEngine(runtime)) {
      TofuGroup group = new TofuGroup(engine.create());
      int channel = group.connectAsync(address).toCompletableFuture().join();
      String greeting = group
          .requestAsync(request(group, channel, "hello"))
          .thenApply(response -> text(group, response))
          .toCompletableFuture()
          .join();
      System.out.println(greeting + ", " + waiting(group, channel));
      part(group, channel);
    }
  }

  // By tofu's own verbs, which block: this thread is none of the workers.
  private static String waiting(TofuGroup group, int channel) {
    group.enqueueToPeer(request(group, channel, "world"));
    return text(group, group.waitReceive(TofuGroup.WAIT_FOREVER));
  }

  private static void part(TofuGroup group, int channel) {
    Message bye = group.get(PoolStrategy.ALWAYS);
    group.enqueueToPeer(bye.operation(MessageOperation.BYE_REQUEST).channel(channel));
    boolean isEnd = false;
    while (!isEnd) {
      Message message = group.waitReceive(TofuGroup.WAIT_FOREVER);
      isEnd = message.isEndOfChannel();
      group.put(message);
    }
  }

  private static Message request(TofuGroup group, int channel, String text) {
    Message request = group.get(PoolStrategy.ALWAYS);
    request.operation(MessageOperation.REQUEST).channel(channel).body().appendUtf8(text);
    return request;
  }

  private static String text(TofuGroup group, Message message) {
    String text = message.body().toUtf8();
    group.put(message);
    return text;
  }
}
