package samples.dsl

import dev.uring.codec.Delimiter
import dev.uring.codec.LengthPrefix
import dev.uring.dsl.Connection
import dev.uring.dsl.readExactly
import dev.uring.dsl.readFrame
import dev.uring.dsl.readLine
import dev.uring.dsl.readOwned
import dev.uring.dsl.readUntil
import dev.uring.dsl.receive
import dev.uring.dsl.receiveOwned
import dev.uring.net.OwnedBytes
import kotlinx.io.Buffer
import kotlinx.io.readString
import kotlin.time.Duration.Companion.seconds

suspend fun readHeaderAndBody(conn: Connection) {
    var bodyBytes = 0
    while (true) {
        if (!conn.readExactly(Int.SIZE_BYTES) { bodyBytes = it.getInt(0) }) return
        conn.readExactly(bodyBytes, timeout = 30.seconds) { body -> conn.write(body) }
    }
}

private val frames = LengthPrefix.of(4, 1 shl 20)

suspend fun readFrames(conn: Connection) {
    while (conn.readFrame(frames) { payload -> conn.output.putInt(payload.size()).putView(payload) }) {
        conn.flush()
    }
}

private val words = Delimiter.of(", ".toByteArray(), 100)

suspend fun readWords(conn: Connection): List<String> =
    buildList {
        do {
            val hasWord = conn.readUntil(words) { add(it.toUtf8()) }
        } while (hasWord)
    }

suspend fun readLines(conn: Connection) {
    while (true) {
        val line = conn.readLine(timeout = 30.seconds) ?: return
        conn.send("${line.uppercase()}\n")
    }
}

suspend fun keepArrivals(conn: Connection): Int {
    val kept = ArrayList<OwnedBytes>()
    while (kept.size < 10) kept += conn.receiveOwned() ?: break
    val bytes = kept.sumOf { it.size() }
    kept.forEach { it.close() }
    return bytes
}

suspend fun passOnLater(
    conn: Connection,
    target: Connection,
    isAllowed: suspend (String) -> Boolean,
) {
    val message = conn.readOwned(64) ?: return
    if (isAllowed(message.view().toUtf8())) target.send(message) else message.close()
}

suspend fun receiveIntoBuffer(conn: Connection): String {
    val buffer = Buffer()
    do {
        val received = conn.receive(buffer)
    } while (received != Connection.END_OF_INPUT && buffer.size < 1 shl 20)
    return buffer.readString()
}
