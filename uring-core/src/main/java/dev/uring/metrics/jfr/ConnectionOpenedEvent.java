package dev.uring.metrics.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A connection was accepted, or opened to a peer. */
@Name("dev.uring.ConnectionOpened")
@Label("Connection Opened")
@Category("Uring")
@Description("A connection was accepted, or opened to a peer")
@StackTrace(false)
public final class ConnectionOpenedEvent extends Event {
  private static final ConnectionOpenedEvent TYPE = new ConnectionOpenedEvent();

  @Label("Worker")
  int worker;

  @Label("Connection")
  @Description("The connection's id")
  long connection;

  @Label("Remote Address")
  String remote;

  @Label("Accepted")
  @Description("True when the peer opened it, false when this side did")
  boolean isAccepted;

  private ConnectionOpenedEvent() {}

  /**
   * Whether a recording wants this event: asked before its address is looked up.
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
   * @param remote the peer
   * @param isAccepted whether the peer opened it
   */
  public static void report(int worker, long connection, Object remote, boolean isAccepted) {
    ConnectionOpenedEvent event = new ConnectionOpenedEvent();
    event.worker = worker;
    event.connection = connection;
    event.remote = String.valueOf(remote);
    event.isAccepted = isAccepted;
    event.commit();
  }
}
