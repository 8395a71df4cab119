package dev.uring.samples

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.createDirectories
import kotlin.io.path.createSymbolicLinkPointingTo
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
    })

private fun ServerProcess.get(path: String): String =
    connect().use { socket ->
        socket.getOutputStream().write("GET $path HTTP/1.0\r\n\r\n".toByteArray())
        String(socket.getInputStream().readAllBytes(), Charsets.ISO_8859_1)
    }

private fun ok(content: ByteArray) =
    "HTTP/1.0 200 OK\r\nContent-Length: ${content.size}\r\n\r\n" + String(content, Charsets.ISO_8859_1)

private fun refusal(status: String) = "HTTP/1.0 $status\r\nContent-Length: 0\r\n\r\n"
