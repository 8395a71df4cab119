package dev.uring.samples

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.io.RandomAccessFile
import java.net.SocketException
import java.net.StandardProtocolFamily
import java.net.UnixDomainSocketAddress
import java.nio.channels.ServerSocketChannel
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.createDirectories
import kotlin.io.path.createSymbolicLinkPointingTo
import kotlin.io.path.readBytes
import kotlin.io.path.writeBytes
import kotlin.io.path.writeText
import kotlin.random.Random

class FileServerTest :
    FunSpec({
        test("files come back byte for byte, and no path leads out of the directory") {
            val directory = Files.createTempDirectory("file-server")
            try {
                val root = directory.resolve("root").createDirectories()
                val large = Random(1).nextBytes(5_000_001)
                root.resolve("large.bin").writeBytes(large)
                root.resolve("empty").writeBytes(ByteArray(0))
                root.resolve("index.html").writeText("<p>hello</p>")
                root
                    .resolve("sub")
                    .createDirectories()
                    .resolve("ü +%.txt")
                    .writeText("odd name")
                directory.resolve("secret").writeText("secret")
                root.resolve("out").createSymbolicLinkPointingTo(Path.of("../secret"))

                ServerProcess("dev.uring.samples.FileServerKt", root.toString()).use { server ->
                    repeat(4) { server.get("/large.bin") shouldBe ok(large) }
                    server.get("/empty") shouldBe ok(ByteArray(0))
                    server.get("/") shouldBe ok("<p>hello</p>".toByteArray())
                    server.get("/?query") shouldBe ok("<p>hello</p>".toByteArray())
                    server.get("/sub/%C3%BC%20+%25.txt") shouldBe ok("odd name".toByteArray())
                    server.get("/none") shouldBe refusal("404 Not Found")
                    val outside = listOf("/../secret", "/sub/../../secret", "/%2e%2e/secret", "//etc/passwd", "/out")
                    for (path in outside + "/sub") server.get(path) shouldBe refusal("403 Forbidden")
                    for (path in listOf("none", "/%zz", "/a%00b")) server.get(path) shouldBe refusal("400 Bad Request")
                    server.terminate()
                }
            } finally {
                directory.toFile().deleteRecursively()
            }
        }

        test("what is no regular file is refused at once, and the server goes on") {
            val root = Files.createTempDirectory("file-server")
            try {
                ProcessBuilder("mkfifo", "$root/fifo").start().waitFor() shouldBe 0
                root.resolve("zero").createSymbolicLinkPointingTo(Path.of("/dev/zero"))
                root.resolve("folder").createDirectories()
                root.resolve("file").writeText("regular")
                ServerSocketChannel.open(StandardProtocolFamily.UNIX).use { socket ->
                    socket.bind(UnixDomainSocketAddress.of(root.resolve("socket")))
                    ServerProcess("dev.uring.samples.FileServerKt", root.toString()).use { server ->
                        // More of them than the kernel has threads to wait with for a writer of the FIFO.
                        repeat(20) { server.get("/fifo") shouldBe refusal("403 Forbidden") }
                        for (path in listOf("/zero", "/folder", "/folder/", "/socket")) {
                            server.get(path) shouldBe refusal("403 Forbidden")
                        }
                        server.get("/file") shouldBe ok("regular".toByteArray())
                        server.get("/file/") shouldBe refusal("404 Not Found")
                        server.terminate()
                    }
                }
            } finally {
                root.toFile().deleteRecursively()
            }
        }

        test("a client of a file that is cut while it is sent is reset, and not told that it has the whole") {
            val root = Files.createTempDirectory("file-server")
            try {
                // More than the queues and socket buffers on the way hold: the server waits for its reader.
                val file = root.resolve("large")
                RandomAccessFile(file.toFile(), "rw").use { it.setLength(64L shl 20) }
                ServerProcess("dev.uring.samples.FileServerKt", root.toString()).use { server ->
                    server.connect().use { client ->
                        client.getOutputStream().write("GET /large HTTP/1.0\r\n\r\n".toByteArray())
                        client.getInputStream().readNBytes(1 shl 20).size shouldBe (1 shl 20)
                        RandomAccessFile(file.toFile(), "rw").use { it.setLength(1L shl 20) }
                        shouldThrow<SocketException> { client.getInputStream().readAllBytes() }
                    }
                    server.get("/large").length shouldBe ok(ByteArray(1 shl 20)).length
                    server.terminate()
                }
            } finally {
                root.toFile().deleteRecursively()
            }
        }

        test("an upload is stored byte for byte, and replaces nothing") {
            val directory = Files.createTempDirectory("file-server")
            try {
                val large = Random(2).nextBytes(3_000_001)
                ServerProcess("dev.uring.samples.FileServerKt", directory.toString(), "upload").use { server ->
                    server.put("/large.bin", large) shouldBe CREATED
                    directory.resolve("large.bin").readBytes().contentEquals(large) shouldBe true
                    server.put("/empty", ByteArray(0)) shouldBe CREATED
                    server.get("/empty") shouldBe ok(ByteArray(0))
                    server.put("/large.bin", ByteArray(1)) shouldBe refusal("409 Conflict")
                    server.put("/../outside", ByteArray(1)) shouldBe refusal("403 Forbidden")
                    server.ask("PUT /x HTTP/1.0\r\n\r\n") shouldBe refusal("411 Length Required")
                    server.ask("DELETE /large.bin HTTP/1.0\r\n\r\n") shouldBe refusal("405 Method Not Allowed")
                    server.terminate()
                }
                ServerProcess("dev.uring.samples.FileServerKt", directory.toString()).use { server ->
                    server.put("/other", ByteArray(1)) shouldBe refusal("405 Method Not Allowed")
                    server.terminate()
                }
            } finally {
                directory.toFile().deleteRecursively()
            }
        }
    })

private const val CREATED = "HTTP/1.0 201 Created\r\nContent-Length: 0\r\n\r\n"

private fun ServerProcess.get(path: String): String = ask("GET $path HTTP/1.0\r\n\r\n")

private fun ServerProcess.put(
    path: String,
    content: ByteArray,
): String = ask("PUT $path HTTP/1.0\r\nContent-Length: ${content.size}\r\n\r\n", content)

private fun ServerProcess.ask(
    head: String,
    content: ByteArray = ByteArray(0),
): String =
    connect().use { socket ->
        socket.getOutputStream().write(head.toByteArray() + content)
        String(socket.getInputStream().readAllBytes(), Charsets.ISO_8859_1)
    }

private fun ok(content: ByteArray) =
    "HTTP/1.0 200 OK\r\nContent-Length: ${content.size}\r\n\r\n" + String(content, Charsets.ISO_8859_1)

private fun refusal(status: String) = "HTTP/1.0 $status\r\nContent-Length: 0\r\n\r\n"
