package dev.uring.ping

import dev.uring.bytes.ByteWindow
import dev.uring.dsl.Connection
import dev.uring.dsl.Server
import dev.uring.dsl.UringScope
import dev.uring.ping.codec.PingCodec

/**
 * Answers pings on [address].
 *
 * ### Shapes and units
 * [address] as in [UringScope.tcp]. What is no ping is answered by an error, and the next line counts. [isWell] is asked for
 * each ping: what it returns is the error to answer with, null is well.
 * ### Ownership
 * The server is a child of this scope.
 * ### Threading and cancellation
 * [isWell] runs on the connection's worker and must not block it.
 * ### Errors
 * A line longer than [PingCodec.LINE_BYTES_MAX] ends its connection. Thrown here: the address cannot be bound.
 *
 * @sample samples.ping.server
 */
public fun UringScope.pingServer(
    address: String,
    isWell: () -> String? = { null },
): Server = tcp(address) { answer(it, isWell) }

private suspend fun answer(
    connection: Connection,
    isWell: () -> String?,
) {
    val line = ByteWindow("pingServer")
    while (true) {
        val consumed =
            connection.receive { bytes ->
                var at = 0
                var end = bytes.indexOf('\n'.code.toByte(), 0)
                while (end >= 0) {
                    val until = if (end > at && bytes.get(end - 1) == '\r'.code.toByte()) end - 1 else end
                    line.lend(bytes, at, until - at)
                    val fault = if (PingCodec.isPing(line)) isWell() else "ERR unknown command"
                    if (fault == null) PingCodec.pong(connection.output) else PingCodec.error(connection.output, fault)
                    at = end + 1
                    end = bytes.indexOf('\n'.code.toByte(), at)
                }
                line.end()
                if (bytes.size() - at > PingCodec.LINE_BYTES_MAX) {
                    val fault = "ERR line is longer than lineBytesMax=${PingCodec.LINE_BYTES_MAX}"
                    PingCodec.error(connection.output, fault)
                    connection.close()
                }
                at
            }
        if (consumed == Connection.END_OF_INPUT) return
        // Waits until a client that does not read what it is sent has read.
        connection.flushAboveHighWater()
    }
}

private suspend fun Connection.flushAboveHighWater() {
    if (unsentBytes >= sendHighWaterBytes) flush()
}
