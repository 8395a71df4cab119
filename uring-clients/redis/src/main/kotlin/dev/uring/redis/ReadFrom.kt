package dev.uring.redis

/**
 * Who answers read-only commands; all others go to the master.
 *
 * Replicas are a little behind: what was just written may not be there yet. Which commands are read-only is in the command
 * table; a command sent with [cmd] never is.
 */
public enum class ReadFrom {
    /** The master: what was acknowledged is read. */
    MASTER,

    /** A replica; without one the command waits for it. */
    REPLICA,

    /** A replica, or the master while no replica can be reached. */
    REPLICA_PREFERRED,

    /** The master and a replica by turns, so that all share the work. */
    ANY,
}
