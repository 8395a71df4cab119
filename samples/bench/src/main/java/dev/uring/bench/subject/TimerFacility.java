package dev.uring.bench.subject;

/**
 * Something that fires timers, as one of its users sees it.
 *
 * <p>Called on one thread, the caller's; what fires runs where the facility likes, on one thread.
 */
interface TimerFacility {
  /** What a reader needs to judge the figures, in one sentence. */
  String settings();

  /**
   * Arms timer {@code i} of {@code batch} for each {@code i}.
   *
   * @param batch says when each is due and hears of each that fires
   * @throws InterruptedException the harness ends the process
   */
  void armAll(TimerBatch batch) throws InterruptedException;

  /**
   * Cancels the timers of the last {@link #armAll}, not in their order, and waits until they are
   * gone.
   *
   * @return how many had not fired
   * @throws InterruptedException the harness ends the process
   */
  int cancelAll() throws InterruptedException;
}
