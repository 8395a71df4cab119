package dev.uring.metrics.jfr;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A connection has ended and its descriptor is closed. */
@Name("dev.uring.ConnectionClosed")
@Label("Connection Closed")
@Category("Uring")
@Description("A connection has ended and its descriptor is closed")
@StackTrace(false)
public final class ConnectionClosedEvent extends Event {
  private static final ConnectionClosedEvent TYPE = new ConnectionClosedEvent();

  @Label("Worker")
  int worker;

  @Label("Connection")
  @Description("The connection's id")
  long connection;

  @Label("Bytes Received")
  @DataAmount
  long bytesReceived;

  @Label("Bytes Sent")
  @DataAmount
  long bytesSent;

  @Label("Open For")
  @Timespan(Timespan.NANOSECONDS)
  long openFor;

  private ConnectionClosedEvent() {}

  /**
   * Whether a recording wants this event.
   *
   * @return {@code false} without a recording
   */
  public static boolean isWanted() {
    return TYPE.isEnabled();
  }

  /**
   * Reports one.
   *
   * @param worker index of the worker
   * @param connection id of the connection
   * @param bytesReceived payload received
   * @param bytesSent payload that the kernel took
   * @param openForNanos how long it was open
   */
  public static void report(
      int worker, long connection, long bytesReceived, long bytesSent, long openForNanos) {
    ConnectionClosedEvent event = new ConnectionClosedEvent();
    event.worker = worker;
    event.connection = connection;
    event.bytesReceived = bytesReceived;
    event.bytesSent = bytesSent;
    event.openFor = openForNanos;
    event.commit();
  }
}
