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

/** A real unbound on free ports of the loopback, over UDP, TCP and TLS, that knows [records] and asks nobody. */
internal class Unbound(
    key: OwnKey,
    vararg records: String,
) : Closeable {
    private val dir: File = Files.createTempDirectory("uring-unbound").toFile()
    private val log = File(dir, "log")
    private val process: Process
    val address: InetSocketAddress
    val tlsPort: Int

    init {
        File(dir, "key.pem").writeText(key.keyPem)
        File(dir, "chain.pem").writeText(key.certificatePem)
        val (started, port, portOfTls) = startOnFreePorts(records.toList())
        process = started
        tlsPort = portOfTls
        address = InetSocketAddress(InetAddress.getLoopbackAddress(), port)
    }

    override fun close() {
        process.destroy()
        if (!process.waitFor(5, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
        dir.deleteRecursively()
    }

    // Ports that were free a moment ago may not be any more: then others.
    private fun startOnFreePorts(records: List<String>): Triple<Process, Int, Int> {
        repeat(20) {
            val (port, tlsPort) = freePorts()
            val config = File(dir, "unbound.conf")
            config.writeText(
                (common(port, tlsPort) + records.map { "  local-data: \"$it\"" }).joinToString("\n", postfix = "\n"),
            )
            val started =
                ProcessBuilder(
                    PROGRAM,
                    "-d",
                    "-p",
                    "-c",
                    "$config",
                ).redirectErrorStream(true).redirectOutput(log).start()
            if (answers(started, port)) return Triple(started, port, tlsPort)
            started.destroyForcibly().waitFor()
        }
        error("unbound does not start: ${log.readText()}")
    }

    private fun common(
        port: Int,
        tlsPort: Int,
    ) = listOf(
        "server:",
        "  interface: 127.0.0.1@$port",
        "  interface: 127.0.0.1@$tlsPort",
        "  port: $port",
        "  tls-port: $tlsPort",
        "  tls-service-key: \"$dir/key.pem\"",
        "  tls-service-pem: \"$dir/chain.pem\"",
        "  do-daemonize: no",
        "  use-syslog: no",
        "  username: \"\"",
        "  chroot: \"\"",
        "  directory: \"$dir\"",
        "  pidfile: \"\"",
        "  num-threads: 1",
        "  do-ip6: no",
        "  module-config: \"iterator\"",
        "  local-zone: \".\" refuse",
        "  local-zone: \"test.\" static",
        "  local-data: \"up.test. 60 IN A 127.0.0.1\"",
    )

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
        private const val PROGRAM = "unbound"

        // Both are held until both are known: one that is given back may be given again.
        private fun freePorts(): Pair<Int, Int> =
            ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { one ->
                ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { other -> one.localPort to other.localPort }
            }

        /** With CI=true a missing program fails its tests instead of skipping them. */
        val enabled: Enabled by lazy {
            val directories = System.getenv("PATH").split(':') + listOf("/usr/sbin", "/sbin")
            when {
                directories.any { File(it, PROGRAM).canExecute() } || System.getenv("CI") == "true" -> Enabled.enabled
                else -> Enabled.disabled("no unbound here: Debian has it in the package unbound")
            }
        }
    }
}
