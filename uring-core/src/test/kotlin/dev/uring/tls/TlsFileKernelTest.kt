package dev.uring.tls

import dev.uring.bytes.ByteView
import dev.uring.file.AsyncFile
import dev.uring.file.FileSource
import dev.uring.file.OpenOptions
import dev.uring.file.WorkerFiles
import dev.uring.net.Connection
import dev.uring.net.ConnectionHandler
import dev.uring.testing.TestCertificates
import dev.uring.testing.call
import dev.uring.testing.send
import dev.uring.testing.tlsTest
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.deleteIfExists
import kotlin.io.path.writeBytes
import kotlin.random.Random

private const val CHUNK = FileSource.CHUNK_BYTES
private const val POSITION = 5L

/** A file's bytes over TLS: encoded where the disk has put them. */
class TlsFileKernelTest :
    FunSpec({
        for (provider in listOf(TlsProvider.JDK, TlsProvider.CONSCRYPT)) {
            for (buffers in listOf("the pool's", "registered")) {
                tlsTest("a part of a file arrives in its place, through $buffers buffers, with $provider") {
                    for (size in listOf(0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 77)) {
                        withFile(size + POSITION.toInt()) { path, content ->
                            withTls { world ->
                                val files = WorkerFiles.of(world.runtime.worker(0))
                                if (buffers == "registered") {
                                    world.runtime.worker(0).call { files.registerBuffers(2, CHUNK) }
                                }
                                val file =
                                    files
                                        .open(
                                            path.toString(),
                                            OpenOptions.forReading(),
                                        ).toCompletableFuture()
                                        .inTime()
                                val tls = world.serverOptions(TestCertificates.ec.credentials).provider(provider)
                                val server = world.listen(tls.build()) { Answering(file, size) }
                                jdkClient(server.port()).use {
                                    it.send("?")
                                    val part = content.drop(POSITION.toInt())
                                    it.inputStream.readAllBytes() shouldBe
                                        "before".toByteArray() + part + "after".toByteArray()
                                }
                                file.close().toCompletableFuture().inTime()
                            }
                        }
                    }
                }
            }
        }
    })

private class Answering(
    private val file: AsyncFile,
    private val size: Int,
) : ConnectionHandler {
    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int {
        connection.writeUtf8("before")
        FileSource.send(connection, file, POSITION, size.toLong())
        connection.writeUtf8("after")
        connection.close()
        return bytes.size()
    }
}

private inline fun withFile(
    size: Int,
    block: (Path, ByteArray) -> Unit,
) {
    val path = Files.createTempFile("tls-file", ".bin")
    try {
        val content = Random(size).nextBytes(size)
        path.writeBytes(content)
        block(path, content)
    } finally {
        path.deleteIfExists()
    }
}
