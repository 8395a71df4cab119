package dev.uring.net

import dev.uring.UringRuntime
import dev.uring.base.ConnectFailedException
import dev.uring.base.UringException
import dev.uring.bytes.ByteView
import dev.uring.socket.AbstractUnixAddress
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.Recorder
import dev.uring.testing.RingOnly
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.closeInTime
import dev.uring.testing.driverTest
import dev.uring.testing.isOnNio
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.ringTest
import dev.uring.testing.smallConfig
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.net.StandardProtocolFamily
import java.net.UnixDomainSocketAddress
import java.nio.ByteBuffer
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermissions
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import kotlin.io.path.createFile
import kotlin.io.path.exists
import kotlin.io.path.getPosixFilePermissions

private val echo = ConnectionHandler { connection, bytes -> bytes.size().also { connection.write(bytes) } }

private fun <T> withRuntime(block: (UringRuntime) -> T): T =
    leavesNothingBehind {
        val runtime = UringRuntime.start(smallConfig().workersCount(2).build())
        try {
            block(runtime)
        } finally {
            runtime.closeInTime()
        }
    }

private fun Path.echoes(text: String) =
    SocketChannel.open(UnixDomainSocketAddress.of(this)).use { client ->
        client.write(ByteBuffer.wrap(text.toByteArray()))
        val reply = ByteBuffer.allocate(text.length)
        while (reply.hasRemaining()) check(client.read(reply) >= 0) { "the connection ended" }
        String(reply.array()) shouldBe text
    }

private fun Listener.closeAndWait() {
    close()
    closed().toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS)
}

/** Connects to [address], sends "hello" and returns what comes back, with what [look] saw when the connection stood. */
private fun <T> UringRuntime.ask(
    address: String,
    look: (Connection) -> T,
): Pair<String, T> {
    val seen = CompletableFuture<T>()
    val answer = CompletableFuture<String>()
    val handler =
        Recorder(
            onOpen = { connection ->
                seen.complete(look(connection))
                connection.writeUtf8("hello")
            },
            onReceive = { connection, bytes: ByteView ->
                if (bytes.size() < 5) {
                    0
                } else {
                    answer.complete(bytes.toUtf8())
                    connection.close()
                    bytes.size()
                }
            },
        )
    connect(worker(0), address, Duration.ofSeconds(PATIENCE_SECONDS)) { handler }
        .result()
        .toCompletableFuture()
        .get(PATIENCE_SECONDS, TimeUnit.SECONDS)
    return answer.get(PATIENCE_SECONDS, TimeUnit.SECONDS) to seen.get(PATIENCE_SECONDS, TimeUnit.SECONDS)
}

class UnixSocketKernelTest :
    FunSpec({
        val folder = tempdir().toPath()

        driverTest("a Unix socket with a path carries bytes both ways and its file is gone when it is closed") {
            val path = folder.resolve("echo.sock")
            withRuntime { runtime ->
                val listener = runtime.listen("unix:$path") { echo }
                listener.localAddress() shouldBe UnixDomainSocketAddress.of(path)
                shouldThrow<IllegalStateException> { listener.port() }.message shouldContain "unix:$path"
                path.echoes("from the JDK")
                val (answer, remote) = runtime.ask("unix:$path") { it.remoteAddress() }
                answer shouldBe "hello"
                remote shouldBe UnixDomainSocketAddress.of(path)
                listener.closeAndWait()
                path.exists() shouldBe false
            }
        }

        driverTest("shutdown removes the file too") {
            val path = folder.resolve("shutdown.sock")
            withRuntime { runtime -> runtime.listen("unix:$path") { echo } }
            path.exists() shouldBe false
        }

        ringTest(RingOnly.ABSTRACT_NAMES, "an abstract name is listened on and connected to, and needs no file") {
            withRuntime { runtime ->
                val name = "uring-test-${ProcessHandle.current().pid()}"
                runtime.listen("unix:@$name") { echo }.localAddress() shouldBe AbstractUnixAddress.of(name)
                val (answer, remote) = runtime.ask("unix:@$name") { it.remoteAddress() }
                answer shouldBe "hello"
                remote shouldBe AbstractUnixAddress.of(name)
                shouldThrow<UringException> { runtime.listen("unix:@$name") { echo } }.message!! shouldStartWith
                    "cannot listen on unix:@$name: EADDRINUSE"
            }
        }

        ringTest(
            RingOnly.PEER_CREDENTIALS,
            "a server knows the process and the user of a peer, whose address has no name",
        ) {
            val path = folder.resolve("credentials.sock")
            withRuntime { runtime ->
                val served = Recorder()
                runtime.listen("unix:$path") { served }
                SocketChannel.open(UnixDomainSocketAddress.of(path)).use {
                    val peer = served.connection().call { peerCredentials() }!!
                    peer.pid().toLong() shouldBe ProcessHandle.current().pid()
                    peer.uid() shouldBe Files.getAttribute(path, "unix:uid")
                    peer.gid() shouldBe Files.getAttribute(path, "unix:gid")
                    served.connection().call { remoteAddress() } shouldBe UnixDomainSocketAddress.of("")
                    served.connection().call { tcpInfo() } shouldBe null
                }
                served.closed() shouldBe null
            }
        }

        driverTest("a TCP peer has no credentials") {
            withRuntime { runtime ->
                val listener = runtime.listen("127.0.0.1:0") { echo }
                val (_, credentials) =
                    runtime.ask(
                        "127.0.0.1:${listener.port()}",
                    ) { CompletableFuture.completedFuture(it.peerCredentials()) }
                credentials.get() shouldBe null
            }
        }

        driverTest("the file of a server that is gone is replaced, that of a live one or of another kind is not") {
            val path = folder.resolve("stale.sock")
            // The JDK leaves the file behind, as a server does that was killed.
            val previous = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(path))
            withRuntime { runtime ->
                shouldThrow<UringException> { runtime.listen("unix:$path") { echo } }.message shouldBe
                    "cannot listen on unix:$path: EADDRINUSE (address already in use).\n" +
                    "  Likely cause: another process listens there, or a file that is no socket has the name and is " +
                    "left alone. Stop it, remove it, or choose another path."
                previous.close()
                path.exists() shouldBe true
                runtime.listen("unix:$path") { echo }
                path.echoes("successor")

                val file = folder.resolve("file-nio-$isOnNio").createFile()
                shouldThrow<UringException> { runtime.listen("unix:$file") { echo } }
                file.exists() shouldBe true
                shouldThrow<UringException> { runtime.listen("unix:$folder/missing/x") { echo } }
                    .message!!
                    .contains("the folder does not exist") shouldBe true
            }
        }

        driverTest("a closed listener leaves the file of its successor") {
            val path = folder.resolve("successor.sock")
            withRuntime { runtime ->
                val first = runtime.listen("unix:$path") { echo }
                Files.delete(path)
                val second = runtime.listen("unix:$path") { echo }
                first.closeAndWait()
                path.exists() shouldBe true
                path.echoes("still here")
                second.closeAndWait()
                path.exists() shouldBe false
            }
        }

        driverTest("the mode of the file is what was asked for") {
            val path = folder.resolve("mode.sock")
            withRuntime { runtime ->
                runtime.listen("unix:$path?mode=607") { echo }
                PosixFilePermissions.toString(path.getPosixFilePermissions()) shouldBe "rw----rwx"
            }
        }

        driverTest("connections of a Unix listener are spread over the workers") {
            val path = folder.resolve("spread.sock")
            withRuntime { runtime ->
                runtime.listen("unix:$path") { echo }
                repeat(10) { path.echoes("x") }
                runtime.snapshots().map { it.connectionsAccepted() } shouldBe listOf(5L, 5L)
                await { runtime.snapshots().all { it.connectionsActive() == 0 } }
            }
        }

        driverTest("a path where nobody listens is refused with the likely cause") {
            withRuntime { runtime ->
                val failure =
                    shouldThrow<ExecutionException> {
                        runtime.ask(
                            "unix:$folder/nobody",
                        ) { }
                    }.cause as ConnectFailedException
                failure.message shouldBe
                    "cannot connect to unix:$folder/nobody: ENOENT (no such file or directory)\n" +
                    "  Likely cause: nothing listens there. Start the server, or check the path."
            }
        }
    })
