package dev.uring.metrics.jfr;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;

/**
 * A pool of memory is used up. Recorded with the stack: who asked is what one wants to know. A
 * shortage of receive buffers is reported when it begins, not for each receive that waits in it.
 */
@Name("dev.uring.PoolExhausted")
@Label("Pool Exhausted")
@Category("Uring")
@Description("A pool of a worker's memory is used up")
public final class PoolExhaustedEvent extends Event {
  private static final PoolExhaustedEvent TYPE = new PoolExhaustedEvent();

  @Label("Pool")
  String pool;

  @Label("Bytes Held")
  @DataAmount
  long bytesHeld;

  @Label("Bytes At Most")
  @DataAmount
  long bytesMax;

  private PoolExhaustedEvent() {}

  /**
   * Reports one, if a recording wants it.
   *
   * @param pool which pool
   * @param bytesHeld what is taken
   * @param bytesMax its limit
   */
  public static void report(String pool, long bytesHeld, long bytesMax) {
    if (TYPE.isEnabled()) {
      PoolExhaustedEvent event = new PoolExhaustedEvent();
      event.pool = pool;
      event.bytesHeld = bytesHeld;
      event.bytesMax = bytesMax;
      event.commit();
    }
  }
}
