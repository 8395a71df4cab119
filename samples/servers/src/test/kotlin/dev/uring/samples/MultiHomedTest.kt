package dev.uring.samples

import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import java.io.File
import java.net.InetSocketAddress
import java.net.SocketAddress
import java.net.UnixDomainSocketAddress
import java.nio.channels.Channels
import java.nio.channels.SocketChannel
import java.nio.file.Files
import java.util.concurrent.TimeUnit
import kotlin.io.path.exists

class MultiHomedTest :
    FunSpec({
        test("one program serves IPv4, IPv6 and a Unix socket, and takes its file with it") {
            val path = tempdir().toPath().resolve("multi.sock")
            val process =
                ProcessBuilder(
                    File(System.getProperty("java.home"), "bin/java").path,
                    "--enable-native-access=ALL-UNNAMED",
                    "-cp",
                    System.getProperty("java.class.path"),
                    "dev.uring.samples.MultiHomedKt",
                    "tcp4://127.0.0.1:0",
                    "tcp6://[::1]:0",
                    "unix:$path?mode=600",
                ).redirectError(ProcessBuilder.Redirect.INHERIT).start()
            try {
                val said = process.inputReader()
                val ports = List(2) { said.readLine().substringAfterLast(':').toInt() }
                said.readLine() shouldBe "listening on $path"

                greeting(InetSocketAddress("127.0.0.1", ports[0])) shouldBe "hello 127.0.0.1"
                greeting(InetSocketAddress("::1", ports[1])) shouldBe "hello 0:0:0:0:0:0:0:1"
                greeting(UnixDomainSocketAddress.of(path)) shouldBe "hello user ${Files.getAttribute(path, "unix:uid")}"

                process.toHandle().destroy()
                process.waitFor(30, TimeUnit.SECONDS) shouldBe true
                process.exitValue() shouldBe 143
                path.exists() shouldBe false
            } finally {
                process.destroyForcibly()
            }
        }
    })

/** What the server says first, after it has been seen to echo. */
private fun greeting(address: SocketAddress): String =
    SocketChannel.open(address).use { channel ->
        val lines = Channels.newReader(channel, Charsets.UTF_8).buffered()
        val greeting = lines.readLine()
        channel.write(Charsets.UTF_8.encode("echo\n"))
        lines.readLine() shouldBe "echo"
        greeting
    }
