package dev.uring.worker;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Messages of one worker for others whose mailboxes were full.
 *
 * <p>A worker never waits for another, or two could wait for each other. So what finds a full
 * mailbox stays here in its order, in a queue for each target: a worker that is stuck delays
 * nobody's messages but its own.
 *
 * <p>Not bounded by a number of its own: a message stands for a coroutine or callback that waits
 * for its answer, and each of those has one message under way.
 *
 * <p><i>Thread:</i> the sending worker's.
 */
final class Outbox {
  private final List<Queue> queues = new ArrayList<>();
  private int count;

  private record Queue(MailRoom target, ArrayDeque<Runnable> messages) {}

  boolean isEmpty() {
    return count == 0;
  }

  int count() {
    return count;
  }

  /** Whether messages for {@code target} wait; a new one must not overtake them. */
  boolean holdsFor(MailRoom target) {
    Queue queue = find(target);
    return queue != null && !queue.messages.isEmpty();
  }

  void add(MailRoom target, Runnable message) {
    Queue queue = find(target);
    if (queue == null) {
      queue = new Queue(target, new ArrayDeque<>());
      queues.add(queue);
    }
    queue.messages.add(message);
    count++;
  }

  /**
   * Hands over what there is room for, and drops what is for a worker that has stopped.
   *
   * @return how many messages were dropped
   */
  int deliver(Worker sender) {
    int dropped = 0;
    for (Queue queue : queues) {
      while (!queue.messages.isEmpty() && queue.target.take(queue.messages.peek(), sender)) {
        queue.messages.poll();
        count--;
      }
      if (queue.target.isClosed()) {
        dropped += queue.messages.size();
        count -= queue.messages.size();
        queue.messages.clear();
      }
    }
    return dropped;
  }

  private Queue find(MailRoom target) {
    for (Queue queue : queues) {
      if (queue.target == target) {
        return queue;
      }
    }
    return null;
  }
}
