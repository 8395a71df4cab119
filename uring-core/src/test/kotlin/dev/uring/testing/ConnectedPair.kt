package dev.uring.testing

import dev.uring.RuntimeConfig
import dev.uring.net.Connection
import java.net.Socket
import java.util.concurrent.ConcurrentLinkedQueue

/** Two clients of one server, each with the server's side of its connection and what happened to that. */
internal class ConnectedPair(
    val server: TestServer,
    private val recorders: ConcurrentLinkedQueue<Recorder>,
    clientReceiveBufferBytes: Int,
) {
    val left: Socket = server.connect(clientReceiveBufferBytes)
    val leftRecorder: Recorder = nextRecorder()
    val right: Socket = server.connect(clientReceiveBufferBytes)
    val rightRecorder: Recorder = nextRecorder()
    val leftConnection: Connection get() = leftRecorder.connection()
    val rightConnection: Connection get() = rightRecorder.connection()

    private fun nextRecorder(): Recorder {
        await({ "not accepted" }) { recorders.isNotEmpty() }
        return recorders.poll()
    }
}

/** Runs [block] with a pair on one worker; afterwards nothing is held. */
internal fun <T> withPair(
    config: RuntimeConfig = smallConfig().build(),
    clientReceiveBufferBytes: Int = 0,
    newRecorder: () -> Recorder = { Recorder() },
    block: (ConnectedPair) -> T,
): T {
    val recorders = ConcurrentLinkedQueue<Recorder>()
    return withServer(config, { newRecorder().also(recorders::add) }) { server ->
        val pair = ConnectedPair(server, recorders, clientReceiveBufferBytes)
        val result = block(pair)
        // An end that was forwarded is no news for the handler: closing is the program's.
        for (connection in listOf(pair.leftConnection, pair.rightConnection)) {
            runCatching { connection.call { close() } }
        }
        result
    }
}
