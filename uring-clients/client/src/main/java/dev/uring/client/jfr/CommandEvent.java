package dev.uring.client.jfr;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/**
 * A command of a client, from the call to what became of it.
 *
 * <h2>Shapes and units</h2>
 *
 * Off unless a recording asks for {@value #NAME}: a busy client has hundreds of thousands each
 * second. With a threshold, {@code dev.uring.ClientCommand#threshold=10 ms}, only slow ones are
 * kept. {@code connection} is that of {@code dev.uring.ConnectionOpened}. What a client says on its
 * own account, to greet a server or to ask it for a sign of life, is no command.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Begun and ended on the command's worker. Without a recording nothing is made, and the cost is a
 * look at a field.
 */
@Name(CommandEvent.NAME)
@Label("Client Command")
@Category("Uring")
@Description("A command of a client, from the call to what became of it")
@Enabled(false)
@StackTrace(false)
public final class CommandEvent extends Event {
  /** What a recording calls it. */
  public static final String NAME = "dev.uring.ClientCommand";

  private static final CommandEvent TYPE = new CommandEvent();

  /** All of its replies have come; {@code error} says whether the server refused. */
  public static final String ANSWERED = "answered";

  /** It was not sent: there was no connection, no room, or the client was closed. */
  public static final String NOT_SENT = "not sent";

  /** Its connection was lost after it was sent: it may or may not have had its effect. */
  public static final String LOST = "lost";

  /** Its time was over. */
  public static final String TIMED_OUT = "timed out";

  /** Its caller gave up. */
  public static final String CANCELLED = "cancelled";

  @Label("Protocol")
  String protocol;

  @Label("Command")
  String command;

  @Label("Server")
  String server;

  @Label("Worker")
  int worker;

  @Label("Connection")
  @Description("The id of the connection that it was sent over last; 0 when it was not sent")
  long connection;

  @Label("Attempts")
  @Description("How often it was sent: more than once after a lost connection")
  int attempts;

  @Label("Waited")
  @Description("From the call until it was first sent, or all of the time when it was not")
  @Timespan(Timespan.NANOSECONDS)
  long waited;

  @Label("Bytes Sent")
  @Description("What one sending of it takes on the wire")
  @DataAmount
  long bytesSent;

  @Label("Bytes Received")
  @Description("Of its replies, as far as its protocol counts them")
  @DataAmount
  long bytesReceived;

  @Label("Outcome")
  String outcome = NOT_SENT;

  @Label("Error")
  @Description("What the server refused it with, or why there was no reply")
  String error;

  private final transient long begunNanos = System.nanoTime();

  private CommandEvent() {}

  /**
   * Begins an event, if a recording wants it. Only while the flight recorder is on: to name an
   * event's class makes the JDK describe all of them, which takes long.
   *
   * @return the event, or {@code null} when nobody wants it
   */
  public static CommandEvent beginIfWanted() {
    if (!TYPE.isEnabled()) {
      return null;
    }
    CommandEvent event = new CommandEvent();
    event.begin();
    return event;
  }

  /**
   * What it is about.
   *
   * @param protocol what the protocol is called
   * @param command what the command is called
   * @param server what messages call the server
   * @param worker index of the worker
   */
  public void about(String protocol, String command, String server, int worker) {
    this.protocol = protocol;
    this.command = command;
    this.server = server;
    this.worker = worker;
  }

  /**
   * It is being sent.
   *
   * @param connectionId where
   * @param bytes how many
   */
  public void sent(long connectionId, long bytes) {
    if (attempts++ == 0) {
      waited = System.nanoTime() - begunNanos;
    }
    connection = connectionId;
    bytesSent = bytes;
    outcome = ANSWERED;
  }

  /**
   * A reply has come, of one or several.
   *
   * @param bytes its size on the wire
   * @param refusal what the server refused with, or {@code null}
   */
  public void replied(long bytes, String refusal) {
    bytesReceived += bytes;
    if (error == null) {
      error = refusal;
    }
  }

  /**
   * No reply will come.
   *
   * @param why what its caller is told
   */
  public void failed(String why) {
    outcome = attempts == 0 ? NOT_SENT : LOST;
    error = why;
  }

  /** Ends it, with the outcome as it is. */
  public void finish() {
    end();
    if (shouldCommit()) {
      if (attempts == 0) {
        waited = System.nanoTime() - begunNanos;
      }
      commit();
    }
  }

  /**
   * Ends it before its replies came.
   *
   * @param how {@link #TIMED_OUT} or {@link #CANCELLED}
   */
  public void finishEarly(String how) {
    outcome = how;
    finish();
  }
}
