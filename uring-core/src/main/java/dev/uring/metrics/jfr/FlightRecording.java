package dev.uring.metrics.jfr;

import jdk.jfr.FlightRecorder;

/**
 * Whether anybody may be recording: to be asked before an event's class is named.
 *
 * <p>The first event class that is initialized makes the JDK describe the event types of the whole
 * machine, which takes about 100 ms: on a worker that is a stall, and in a start it is a third of
 * it. A program that never records never pays.
 */
public final class FlightRecording {
  private FlightRecording() {}

  /**
   * Whether the flight recorder has been started in this JVM; one look at a field.
   *
   * @return {@code true} from the first recording on
   */
  public static boolean isOn() {
    return FlightRecorder.isInitialized();
  }
}
