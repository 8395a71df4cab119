package samples.dsl

import dev.uring.dsl.Connection
import dev.uring.dsl.UringScope
import dev.uring.dsl.bindUdp
import dev.uring.dsl.forwardExactly
import dev.uring.dsl.forwardTo
import dev.uring.dsl.onEachWorker
import dev.uring.dsl.onWorker
import dev.uring.dsl.relay
import dev.uring.dsl.sharded
import dev.uring.dsl.uring
import dev.uring.net.UdpOptions
import java.net.InetSocketAddress
import kotlin.time.Duration.Companion.seconds

private const val NEWLINE = '\n'.code.toByte()

suspend fun echo() =
    uring {
        tcp("127.0.0.1:7000") { conn -> conn.forEachView { conn.write(it) } }
    }

suspend fun configured() =
    uring(configure = { workersCount(2) }) {
        tcp("127.0.0.1:7000") { conn -> conn.send("hello\n") }
    }

suspend fun receiveSome(conn: Connection): Long {
    var total = 0L
    while (true) {
        val consumed = conn.receive(timeout = 30.seconds) { it.size() }
        if (consumed == Connection.END_OF_INPUT) return total
        total += consumed
    }
}

suspend fun parseLines(conn: Connection) {
    do {
        val hasLine =
            conn.parse { view ->
                val end = view.indexOf(NEWLINE, 0)
                if (end >= 0) conn.write("got ${view.toUtf8(0, end)}\n")
                end + 1
            }
    } while (hasLine)
}

suspend fun sendMany(
    conn: Connection,
    block: ByteArray,
) {
    repeat(1_000_000) { conn.send(block) }
    conn.flush()
}

suspend fun UringScope.askOwner(key: Int): String =
    onWorker(key % runtime.workersCount()) { "worker ${key % runtime.workersCount()} owns $key" }

suspend fun UringScope.askAll(): List<Int> = onEachWorker { index -> index * index }

suspend fun UringScope.shardedCounter(): Int {
    class Counter {
        var connections = 0
    }

    val counters = sharded { Counter() }
    tcp("127.0.0.1:7000") { conn -> conn.send("you are number ${++counters.local.connections} here\n") }
    return counters.onEach { it.connections }.sum()
}

suspend fun pipeInto(
    source: Connection,
    target: Connection,
): Long = source.forwardTo(target)

suspend fun passBody(
    source: Connection,
    target: Connection,
) {
    var bodyBytes = 0L
    source.parse { view ->
        if (view.size() < Int.SIZE_BYTES) {
            0
        } else {
            bodyBytes = view.getInt(0).toLong() and 0xFFFF_FFFF
            target.output.putInt(bodyBytes.toInt())
            Int.SIZE_BYTES
        }
    }
    source.forwardExactly(target, bodyBytes)
}

suspend fun proxy(
    client: Connection,
    upstream: Connection,
) {
    val bytes = relay(client, upstream)
    println("${bytes.fromFirst} bytes there, ${bytes.fromSecond} back")
}

suspend fun udpEcho() =
    uring {
        udp("127.0.0.1:7000") { socket ->
            socket.forEachDatagram { payload, peer -> socket.trySend(payload, peer) }
        }
    }

suspend fun UringScope.udpAsk(server: InetSocketAddress): String? {
    val options = UdpOptions.builder().remote(server).build()
    return bindUdp(options = options) { socket ->
        var reply: String? = null
        socket.send("anybody there?")
        socket.receive(timeout = 2.seconds) { payload, _ -> reply = payload.toUtf8() }
        reply
    }
}
