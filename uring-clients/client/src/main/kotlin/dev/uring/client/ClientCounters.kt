package dev.uring.client

/**
 * What was counted on one worker. Plain fields, as all of a worker's counters: other threads that read them may see a value
 * that is a moment old, and nothing stops for it.
 */
public class ClientCounters {
    /** Commands written, each time that they were. */
    public var commandsSent: Long = 0L

    /** Replies that came, those that were dropped included. */
    public var repliesReceived: Long = 0L

    /** Replies that refuse a command. The protocol counts them. */
    public var errorReplies: Long = 0L

    /** What a server said without being asked. The protocol counts them. */
    public var pushesReceived: Long = 0L

    /** Commands that waited too long. */
    public var timeouts: Long = 0L

    /** Commands whose coroutine was cancelled as they waited. */
    public var cancellations: Long = 0L

    /** Commands sent again after a lost connection. */
    public var replays: Long = 0L

    /** Connections that became ready. */
    public var connects: Long = 0L

    /** Attempts to connect that failed. */
    public var connectFailures: Long = 0L

    /** Connections lost that were ready before. */
    public var connectionsLost: Long = 0L

    /** Replies that are to come, now. */
    public var inFlight: Long = 0L

    /** Commands that wait for a connection or its room, now. */
    public var waiting: Long = 0L
}
