package dev.uring.launcher

import java.net.SocketAddress
import java.net.UnixDomainSocketAddress
import java.nio.channels.SocketChannel
import java.nio.file.Path
import java.util.concurrent.TimeUnit

/** The real redis-server, without persistence, on a Unix socket in [folder]: no port that somebody else could take. */
class RealRedis(
    folder: Path,
) : AutoCloseable {
    private val socket = folder.resolve("redis.sock")
    private val log = folder.resolve("redis.log").toFile()
    private val process =
        ProcessBuilder("redis-server", "--port", "0", "--unixsocket", "$socket", "--save", "", "--dir", "$folder")
            .redirectErrorStream(true)
            .redirectOutput(log)
            .start()

    val address: SocketAddress = UnixDomainSocketAddress.of(socket)

    init {
        val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20)
        while (!isListening()) {
            check(process.isAlive && System.nanoTime() < deadline) { "redis-server does not listen: ${log.readText()}" }
            Thread.sleep(5)
        }
    }

    private fun isListening(): Boolean = runCatching { SocketChannel.open(address).close() }.isSuccess

    override fun close() {
        process.destroy()
        process.waitFor()
    }
}
