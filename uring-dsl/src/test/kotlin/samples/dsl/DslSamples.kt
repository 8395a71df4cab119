package samples.dsl

import dev.uring.ShutdownPhase
import dev.uring.dns.DnsOverTls
import dev.uring.dns.ResolverConfig
import dev.uring.dsl.Connection
import dev.uring.dsl.UringFile
import dev.uring.dsl.UringScope
import dev.uring.dsl.bindUdp
import dev.uring.dsl.connectService
import dev.uring.dsl.forwardExactly
import dev.uring.dsl.forwardTo
import dev.uring.dsl.onEachWorker
import dev.uring.dsl.onWorker
import dev.uring.dsl.openFile
import dev.uring.dsl.readLine
import dev.uring.dsl.relay
import dev.uring.dsl.sendFile
import dev.uring.dsl.sharded
import dev.uring.dsl.uring
import dev.uring.dsl.withBlocking
import dev.uring.file.OpenOptions
import dev.uring.net.SendGuard
import dev.uring.net.SendOutcome
import dev.uring.net.UdpOptions
import java.lang.foreign.Arena
import java.net.InetAddress
import java.net.InetSocketAddress
import java.nio.channels.FileChannel
import kotlin.time.Duration.Companion.seconds

private const val NEWLINE = '\n'.code.toByte()

suspend fun echo() =
    uring {
        tcp("127.0.0.1:7000") { conn -> conn.forEachView { conn.write(it) } }
    }

suspend fun UringScope.findAddresses(): List<InetAddress> = resolver.resolve("example.org")

suspend fun UringScope.findService() {
    for (service in resolver.services("_redis._tcp.example.org")) {
        connect("${service.host}:${service.port}") { conn -> conn.send("PING\r\n") }
    }
}

suspend fun UringScope.askService(): String? =
    connectService("_redis._tcp.example.org") { conn ->
        conn.send("PING\r\n")
        conn.readLine()
    }

suspend fun resolveInPrivate() =
    uring(
        resolver =
            ResolverConfig
                .system()
                .toBuilder()
                .overTls(DnsOverTls.strict("dns.example.org"))
                .build(),
    ) {
        connect("example.org:80") { conn -> conn.send("GET / HTTP/1.0\r\n\r\n") }
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

suspend fun sendFilled(
    conn: Connection,
    rows: List<Long>,
) {
    val lease = conn.worker.lease(64 shl 10)
    for (row in rows) lease.putDecimal(row).putByte('\n'.code)
    conn.send(lease)
}

suspend fun sendMapped(
    conn: Connection,
    file: FileChannel,
) {
    val arena = Arena.ofShared()
    val mapped = file.map(FileChannel.MapMode.READ_ONLY, 0, file.size(), arena)
    conn.send(SendGuard.of(mapped) { arena.close() })
}

fun offer(
    subscribers: MutableList<Connection>,
    tick: ByteArray,
) {
    // Who is too slow misses this one; who has gone is forgotten.
    subscribers.removeIf { it.trySend(tick) == SendOutcome.CLOSED }
}

suspend fun UringScope.askServer(): String {
    val conn = connect("127.0.0.1:7000", timeout = 2.seconds)
    try {
        conn.send("ping\n")
        var answer = ""
        conn.parse { view ->
            val end = view.indexOf(NEWLINE, 0)
            if (end >= 0) answer = view.toUtf8(0, end)
            end + 1
        }
        return answer
    } finally {
        conn.close()
    }
}

suspend fun UringScope.askAndClose() =
    connect("127.0.0.1:7000") { conn ->
        conn.send("ping\n")
        conn.shutdownOutput()
        conn.forEachView { print(it.toUtf8()) }
    }

suspend fun UringScope.askEitherVersion() =
    connect(listOf("[::1]:7000", "127.0.0.1:7000")) { conn ->
        conn.send("ping\n")
        conn.receive { it.size() }
    }

suspend fun serveFile(
    conn: Connection,
    path: String,
) {
    openFile(path) { file ->
        val size = file.size()
        conn.write("HTTP/1.0 200 OK\r\nContent-Length: $size\r\n\r\n")
        conn.sendFile(file, 0, size)
    }
}

suspend fun UringScope.lookUp(host: String): String = withBlocking { InetAddress.getByName(host).hostAddress }

fun UringScope.leaveInOrder(
    deregister: suspend () -> Unit,
    closeDatabase: suspend () -> Unit,
) {
    onShutdown(ShutdownPhase.STOP_ACCEPTING, "leave the load balancer") { deregister() }
    onShutdown(ShutdownPhase.CLOSE, "close the database") { closeDatabase() }
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

suspend fun storeAll(
    connection: Connection,
    path: String,
): Long =
    openFile(path, OpenOptions.forWriting().create().truncate()) { file ->
        connection.forwardTo(file).also { file.sync() }
    }

suspend fun storeBody(
    connection: Connection,
    file: UringFile,
    bodyBytes: Long,
) {
    connection.forwardExactly(file, position = 0, bodyBytes)
    connection.send("stored $bodyBytes bytes\n")
}

suspend fun proxy(
    client: Connection,
    upstream: Connection,
) {
    val bytes = relay(client, upstream)
    println("${bytes.fromFirst} bytes there, ${bytes.fromSecond} back")
}

suspend fun countLines(path: String): Int {
    var lines = 0
    openFile(path) { file ->
        file.readAll { view -> for (i in 0 until view.size()) if (view.get(i) == NEWLINE) lines++ }
    }
    return lines
}

suspend fun readRecord(
    file: UringFile,
    number: Long,
): Long = file.read(number * 16, 16) { view -> view.getLong(8) }

suspend fun readIndex(
    file: UringFile,
    positions: LongArray,
): Long {
    var sum = 0L
    file.readBatch(positions, bytes = 8) { _, view -> sum += view.getLong(0) }
    return sum
}

suspend fun writeNumbers(path: String): Long =
    openFile(path, OpenOptions.forWriting().create().truncate()) { file ->
        file.writeAll { out -> repeat(1_000) { out.write("$it\n") } }
        file.sync()
        file.size()
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
