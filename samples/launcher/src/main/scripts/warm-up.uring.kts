// What ./uring runs once per build, to record which classes a start needs: a server, some traffic, an orderly end.
import java.net.Socket

val server = tcp("127.0.0.1:0") { conn -> conn.forEachView { conn.write(it) } }

launch(Dispatchers.IO) {
    Socket(server.localAddress.address, server.localAddress.port).use { socket ->
        socket.soTimeout = 10_000
        val message = ByteArray(64) { it.toByte() }
        repeat(200) {
            socket.getOutputStream().write(message)
            check(socket.getInputStream().readNBytes(message.size).contentEquals(message)) { "the echo differs" }
        }
    }
    shutdown()
}
