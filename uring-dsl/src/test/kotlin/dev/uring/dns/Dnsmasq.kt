package dev.uring.dns

import io.kotest.core.test.Enabled
import java.io.Closeable
import java.io.File
import java.net.DatagramPacket
import java.net.DatagramSocket
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.net.SocketTimeoutException
import java.nio.file.Files
import java.util.concurrent.TimeUnit

/** A real dnsmasq on a free port of the loopback that knows what [lines] of its configuration say, and asks nobody. */
internal class Dnsmasq(
    vararg lines: String,
) : Closeable {
    private val dir: File = Files.createTempDirectory("uring-dnsmasq").toFile()
    val address: InetSocketAddress
    private val process: Process

    init {
        val (started, port) = startOnFreePort(lines.toList())
        process = started
        address = InetSocketAddress(InetAddress.getLoopbackAddress(), port)
    }

    override fun close() {
        process.destroy()
        if (!process.waitFor(5, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
        dir.deleteRecursively()
    }

    // A port that was free a moment ago may not be any more: then another.
    private fun startOnFreePort(lines: List<String>): Pair<Process, Int> {
        repeat(20) {
            val port = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
            val config = File(dir, "dnsmasq.conf")
            config.writeText((COMMON + "port=$port" + lines).joinToString("\n", postfix = "\n"))
            val started =
                ProcessBuilder(PROGRAM, "--keep-in-foreground", "--conf-file=$config")
                    .redirectErrorStream(true)
                    .redirectOutput(File(dir, "log"))
                    .start()
            if (answers(started, port)) return started to port
            started.destroyForcibly().waitFor()
        }
        error("dnsmasq does not start: ${File(dir, "log").readText()}")
    }

    private fun answers(
        process: Process,
        port: Int,
    ): Boolean =
        DatagramSocket().use { socket ->
            socket.soTimeout = 100
            val question = MessageCodec.encode(1, "up.test", RecordType.A, 0)
            repeat(200) {
                if (!process.isAlive) return false
                socket.send(DatagramPacket(question, question.size, InetAddress.getLoopbackAddress(), port))
                try {
                    socket.receive(DatagramPacket(ByteArray(512), 512))
                    return true
                } catch (_: SocketTimeoutException) {
                    // Not yet.
                }
            }
            false
        }

    companion object {
        private const val PROGRAM = "dnsmasq"
        private val COMMON =
            listOf(
                "no-resolv",
                "no-hosts",
                "no-daemon",
                "bind-interfaces",
                "listen-address=127.0.0.1",
                "user=",
                "group=",
                "local=/test/",
                "address=/up.test/127.0.0.1",
                "pid-file=",
                "local-ttl=60",
            )

        /** With CI=true a missing program fails its tests instead of skipping them. */
        val enabled: Enabled by lazy {
            val directories = System.getenv("PATH").split(':') + listOf("/usr/sbin", "/sbin")
            when {
                directories.any { File(it, PROGRAM).canExecute() } || System.getenv("CI") == "true" -> Enabled.enabled
                else -> Enabled.disabled("no dnsmasq here: Debian has it in the package dnsmasq-base")
            }
        }
    }
}
