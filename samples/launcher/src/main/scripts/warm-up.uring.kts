// What ./uring runs once per build, to record which classes a start needs: two servers, some traffic, an orderly end.
import java.net.Socket

val echo = tcp("127.0.0.1:0") { conn -> conn.forEachView { conn.write(it) } }

val cache =
    respServer("127.0.0.1:0", shard = { HashMap<String, String>() }) {
        command("PUT", arity = 3, key = 1) { reply.bulk(shard.put(arg(1).toUtf8(), arg(2).toUtf8()) ?: "") }
    }

launch(Dispatchers.IO) {
    Socket("127.0.0.1", echo.port).use { socket ->
        val message = ByteArray(64) { it.toByte() }
        repeat(200) { socket.exchange(message, message) }
    }
    Socket("127.0.0.1", cache.port).use { socket ->
        socket.exchange("PING\r\n".toByteArray(), "+PONG\r\n".toByteArray())
        repeat(200) { round ->
            val old = if (round == 0) "$0\r\n\r\n" else "$3\r\none\r\n"
            socket.exchange("*3\r\n$3\r\nPUT\r\n$3\r\nkey\r\n$3\r\none\r\n".toByteArray(), old.toByteArray())
        }
    }
    shutdown()
}

fun Socket.exchange(
    request: ByteArray,
    reply: ByteArray,
) {
    soTimeout = 10_000
    getOutputStream().write(request)
    check(getInputStream().readNBytes(reply.size).contentEquals(reply)) { "the reply differs" }
}
