package dev.uring.worker;

/** A message for a group's queue: what a task of a group is while it is in a mailbox. */
record GroupTask(SchedulingGroup group, Runnable task) implements Runnable {
  /** Only when a message is run from elsewhere than a run queue, as it is when a worker ends. */
  @Override
  public void run() {
    task.run();
  }
}
