package dev.uring.file

import dev.uring.RuntimeConfig
import dev.uring.base.FileException
import dev.uring.base.ForwardException
import dev.uring.net.Connection
import dev.uring.testing.Recorder
import dev.uring.testing.TestServer
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.reset
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import dev.uring.testing.withServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeLessThanOrEqualTo
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.FileInputStream
import java.net.Socket
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import kotlin.random.Random

private const val KIB = 1 shl 10
private const val MIB = 1 shl 20
private const val ENOSPC = 28
private const val EBADF = 9

class FileForwardKernelTest :
    FunSpec({
        driverTest("what a connection receives lies in the file, byte for byte, from the position on") {
            val seed = System.nanoTime()
            withClue("seed=$seed") {
                withUpload { upload ->
                    val stream = Random(seed).nextBytes(8 * MIB + 77)
                    val forward = upload.start(position = 5)
                    val writer = upload.client.sendInRandomParts(stream, Random(seed))
                    writer.join()
                    upload.client.shutdownOutput()
                    forward.outcome() shouldBe stream.size.toLong()
                    forward.on { writtenBytes() } shouldBe stream.size.toLong()
                    val stored = Files.readAllBytes(upload.path)
                    stored.size shouldBe stream.size + 5
                    stored.copyOfRange(5, stored.size).contentEquals(stream) shouldBe true
                    // The handler heard neither of the bytes nor of their end.
                    upload.recorder.events shouldContainExactly listOf("open")
                }
            }
        }

        driverTest("what is smaller than retainBytesMin is gathered, and what is unconsumed goes first") {
            val recorder = Recorder(onReceive = { _, _ -> 0 })
            withUpload(recorder = recorder) { upload ->
                upload.client.send("first ")
                await { upload.connection.call { readableBytes() } == 6 }
                val forward = upload.start()
                repeat(100) { upload.client.send("$it,") }
                upload.client.shutdownOutput()
                val expected = "first " + (0 until 100).joinToString("") { "$it," }
                forward.outcome() shouldBe expected.length.toLong()
                Files.readString(upload.path) shouldBe expected
            }
        }

        driverTest("bytes above the limit stay with the connection, and so does its end") {
            val seen = StringBuffer()
            val recorder = Recorder(onReceive = { _, bytes -> bytes.size().also { seen.append(bytes.toUtf8()) } })
            withUpload(recorder = recorder) { upload ->
                val forward = upload.start(bytes = 6)
                upload.client.send("abcdefghi")
                forward.outcome() shouldBe 6
                Files.readString(upload.path) shouldBe "abcdef"
                await { seen.toString() == "ghi" }
                upload.client.shutdownOutput()
                await { recorder.events.contains("end") }
                upload.connection.call { isForwarding } shouldBe false
            }
        }

        driverTest("a forwarding of no bytes ends at once") {
            withUpload { upload -> upload.start(bytes = 0).outcome() shouldBe 0 }
        }

        driverTest("an end of input before the limit is a failure, and what came is in the file") {
            withUpload { upload ->
                val forward = upload.start(bytes = 10)
                upload.client.send("abc")
                upload.client.shutdownOutput()
                val failure = shouldThrow<ForwardException> { forward.outcome() }
                failure.message!! shouldContain "forwarding ended after 3 bytes: the source (connection 127.0.0.1:"
                failure.message!! shouldContain "finished before the limit of 10 bytes."
                Files.readString(upload.path) shouldBe "abc"
                forward.on { writtenBytes() } shouldBe 3
            }
        }

        driverTest("a connection that is reset ends it with its reason, and what came is in the file") {
            withUpload { upload ->
                val forward = upload.start()
                upload.client.send("abc")
                await { forward.on { bytes() } == 3L }
                upload.client.reset()
                shouldThrow<ForwardException> { forward.outcome() }.cause!!.message!! shouldContain "ECONNRESET"
                Files.readString(upload.path) shouldBe "abc"
            }
        }

        driverTest("closing the connection here ends it and says by what") {
            withUpload { upload ->
                val forward = upload.start()
                upload.connection.call { close() }
                shouldThrow<ForwardException> { forward.outcome() }.message!! shouldContain
                    "was ended by this side's close()"
                upload.start().let { shouldThrow<ForwardException> { it.outcome() } }.message!! shouldContain
                    "was not open any more"
            }
        }

        driverTest("a file that does not keep up holds back its connection, within the bound, and nobody else") {
            val config = smallConfig().recvBuffersCount(64).build()
            withUpload(config, fifo = true) { upload ->
                val forward = upload.start()
                val stream = ByteArray(16 * MIB)
                val writer =
                    Thread.startVirtualThread {
                        upload.client.getOutputStream().write(stream)
                        upload.client.shutdownOutput()
                    }
                // The pipe is full, the writes wait, and the bytes under way when the hold began have come.
                upload.awaitStill(forward)
                val snapshot = upload.server.worker.snapshot()
                snapshot.receivePauses() shouldBeGreaterThan 0
                snapshot.receiveBuffersHeld() shouldBeGreaterThan 7
                snapshot.receiveBuffersHeld() shouldBeLessThanOrEqualTo FileForward.WRITES_MAX
                forward.on { bytes() } shouldBeLessThanOrEqualTo 2L * MIB
                upload.server.connect().use { bystander ->
                    bystander.send("hello")
                    bystander.shutdownOutput()
                    bystander.getInputStream().read() shouldBe -1
                }
                val received = CompletableFuture.supplyAsync { upload.drainFifo(stream.size) }
                received.get(20, TimeUnit.SECONDS) shouldBe stream.size
                writer.join()
                forward.outcome() shouldBe stream.size.toLong()
            }
        }

        driverTest("a full disk ends it with the errno, the position and the counts, and no buffer is lost") {
            withUpload(existing = Path.of("/dev/full")) { upload ->
                val forward = upload.start(position = 7)
                upload.client.getOutputStream().write(ByteArray(20_000))
                val failure = shouldThrow<FileException> { forward.outcome() }
                failure.errno() shouldBe ENOSPC
                failure.message!! shouldContain "cannot write /dev/full: ENOSPC"
                failure.message!! shouldContain "position=7, bytes="
                failure.message!! shouldContain "of these in the file without a gap=0"
                failure.message!! shouldContain "Likely cause: the disk, or the user's quota, is full."
                forward.on { writtenBytes() } shouldBe 0
                // The connection lives, for an answer.
                upload.connection.call { isOpen } shouldBe true
            }
        }

        driverTest("a file that was opened for reading only ends it with EBADF") {
            withUpload(options = OpenOptions.forReading(), content = "kept") { upload ->
                val forward = upload.start()
                upload.client.send("lost")
                val failure = shouldThrow<FileException> { forward.outcome() }
                failure.errno() shouldBe EBADF
                failure.message!! shouldContain "Open it with read(), or write()."
                Files.readString(upload.path) shouldBe "kept"
            }
        }

        driverTest("stopped, it writes what it took and leaves the rest to the handler") {
            val seen = StringBuffer()
            val recorder = Recorder(onReceive = { _, bytes -> bytes.size().also { seen.append(bytes.toUtf8()) } })
            withUpload(recorder = recorder) { upload ->
                val forward = upload.start()
                upload.client.send("abc")
                await { forward.on { bytes() } == 3L }
                forward.on {
                    stop()
                    stop()
                }
                upload.connection.call { isForwarding } shouldBe false
                forward.outcome() shouldBe 3
                upload.client.send("def")
                await { seen.toString() == "def" }
                Files.readString(upload.path) shouldBe "abc"
            }
        }

        driverTest("a close of the file takes effect after the last write") {
            withUpload { upload ->
                val forward = upload.start()
                upload.client.getOutputStream().write(ByteArray(MIB))
                await { forward.on { bytes() } > 0 }
                val closed = upload.file.close()
                upload.client.shutdownOutput()
                forward.outcome() shouldBe MIB.toLong()
                closed.value()
                Files.size(upload.path) shouldBe MIB.toLong()
            }
        }

        driverTest("mistakes are refused with their values, and the connection stays with its handler") {
            withUpload { upload ->
                val connection = upload.connection
                shouldThrow<ExecutionException> { connection.call { FileForward.start(this, upload.file, -1, 2) } }
                    .cause!!
                    .message!! shouldContain "bytes=2 to position=-1"
                upload.start()
                shouldThrow<ExecutionException> { upload.start() }.cause!!.message!! shouldContain
                    "is being forwarded already"
            }
        }
    })

private class Upload(
    val server: TestServer,
    val recorder: Recorder,
    val path: Path,
    val file: AsyncFile,
    val client: Socket,
) {
    val connection: Connection get() = recorder.connection()

    fun start(
        position: Long = 0,
        bytes: Long = FileForward.UNLIMITED,
    ): Forwarding = Forwarding(connection, connection.call { FileForward.start(this, file, position, bytes) })

    /** Waits until nothing has been taken for a while: what is measured next does not move. */
    fun awaitStill(forward: Forwarding) {
        var before = -1L
        var unchanged = 0
        await({ "still takes bytes: $before" }) {
            val now = forward.on { bytes() }
            unchanged = if (now == before && now > 0) unchanged + 1 else 0
            before = now
            unchanged == 200
        }
    }

    fun drainFifo(count: Int): Int =
        FileInputStream(path.toFile()).use { input ->
            val buffer = ByteArray(64 * KIB)
            var read = 0
            while (read < count) read += input.read(buffer)
            read
        }
}

private class Forwarding(
    private val connection: Connection,
    private val forward: FileForward,
) {
    fun outcome(): Long = forward.result().value()

    fun <T> on(body: FileForward.() -> T): T = connection.call { forward.body() }
}

private fun withUpload(
    config: RuntimeConfig = smallConfig().build(),
    recorder: Recorder = Recorder(),
    options: OpenOptions = OpenOptions.forReadingAndWriting().create(),
    content: String = "",
    fifo: Boolean = false,
    existing: Path? = null,
    body: (Upload) -> Unit,
) {
    val directory = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "upload")
    val path = existing ?: directory.resolve("file")
    try {
        if (fifo) check(ProcessBuilder("mkfifo", path.toString()).start().waitFor() == 0)
        if (content.isNotEmpty()) Files.writeString(path, content)
        val recorders = ConcurrentLinkedQueue(listOf(recorder))
        withServer(config, { recorders.poll() ?: Recorder() }) { server ->
            val file = WorkerFiles.of(server.worker).open(path.toString(), options).value()
            val client = server.connect()
            val upload = Upload(server, recorder, path, file, client)
            body(upload)
            runCatching { upload.connection.call { close() } }
            file.close().value()
            await { server.worker.call { WorkerFiles.of(server.worker).filesOpenCount() } == 0 }
        }
    } finally {
        directory.toFile().deleteRecursively()
    }
}

private fun Socket.sendInRandomParts(
    stream: ByteArray,
    random: Random,
): Thread =
    Thread.startVirtualThread {
        var at = 0
        while (at < stream.size) {
            val count = minOf(stream.size - at, if (random.nextBoolean()) random.nextInt(1, 700) else 50_000)
            getOutputStream().write(stream, at, count)
            at += count
        }
    }
