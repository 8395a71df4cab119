package dev.uring.dsl

/**
 * The open connections of one server on one worker: a list linked through its elements, so that joining it costs
 * nothing.
 */
internal class LiveConnections {
    private var first: ServerConnection? = null

    fun add(connection: ServerConnection) {
        connection.next = first
        first?.previous = connection
        first = connection
    }

    fun remove(connection: ServerConnection) {
        val previous = connection.previous
        val next = connection.next
        if (previous == null) first = next else previous.next = next
        next?.previous = previous
        connection.previous = null
        connection.next = null
    }

    /** [visit] may resume handlers: a connection leaves the list only in a later event, never from inside a visit. */
    inline fun forEach(visit: (ServerConnection) -> Unit) {
        var connection = first
        while (connection != null) {
            visit(connection)
            connection = connection.next
        }
    }
}
