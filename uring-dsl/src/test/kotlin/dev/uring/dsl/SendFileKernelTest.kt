package dev.uring.dsl

import dev.uring.base.FileException
import dev.uring.file.FileSource
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CompletableDeferred
import java.io.RandomAccessFile
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.deleteIfExists
import kotlin.io.path.pathString
import kotlin.io.path.writeBytes

class SendFileKernelTest :
    FunSpec({
        driverTest("a file's bytes arrive between what was written before and after, whatever its size") {
            for (size in listOf(0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 77)) {
                withFile(size) { path, content ->
                    var sent = -1L
                    withServer({ conn ->
                        conn.write("before")
                        sent = conn.sendFile(path.pathString)
                        conn.write("after")
                    }) { server ->
                        server.connect().use {
                            it.receiveToEnd() shouldBe
                                "before".encodeToByteArray() + content + "after".encodeToByteArray()
                        }
                    }
                    sent shouldBe size
                }
            }
        }

        driverTest("a part of a file goes to a peer that reads slowly, and what others write meanwhile follows it") {
            withFile(4 shl 20) { path, content ->
                withServer({ conn ->
                    openFile(path.pathString) { file ->
                        conn.sendFile(file, position = 1_000, bytes = (3 shl 20) + 5)
                        conn.sendFile(file, position = 5, bytes = 10)
                    }
                }) { server ->
                    Peer(server.localAddress, receiveBufferBytes = 8 shl 10).use {
                        it.receiveToEnd() shouldBe
                            content.copyOfRange(1_000, 1_000 + (3 shl 20) + 5) + content.copyOfRange(5, 15)
                    }
                }
            }
        }

        driverTest("a range beyond the file, or a file that is not there, sends nothing, and the connection lives") {
            withFile(100) { path, _ ->
                withServer({ conn ->
                    shouldThrow<IllegalArgumentException> { conn.sendFile(path.pathString, 50, 51) }.message shouldBe
                        "cannot send position=50, bytes=51 of $path: it has 100 bytes"
                    shouldThrow<IllegalArgumentException> { conn.sendFile(path.pathString, 101) }
                    shouldThrow<IllegalArgumentException> { conn.sendFile(path.pathString, -1) }
                    shouldThrow<FileException> { conn.sendFile("$path.missing") }.errno() shouldBe 2
                    conn.write("alive")
                }) { server ->
                    server.connect().use { it.receiveTextToEnd() shouldBe "alive" }
                }
            }
        }

        driverTest("a file that is truncated while it is being sent resets the connection, and says where it ended") {
            withFile(32 shl 20) { path, _ ->
                val failure = CompletableDeferred<Throwable>()
                withServer({ conn ->
                    failure.complete(shouldThrow<FileException> { conn.sendFile(path.pathString) })
                }) { server ->
                    Peer(server.localAddress, receiveBufferBytes = 8 shl 10).use { peer ->
                        peer.receive(100_000)
                        RandomAccessFile(path.toFile(), "rw").use { it.setLength(1 shl 20) }
                        var received = 100_000
                        val end =
                            runCatching {
                                while (true) {
                                    val size = peer.receiveUpTo(100_000).size
                                    received += size
                                    if (size < 100_000) break
                                }
                            }
                        received shouldBeLessThan (32 shl 20)
                        end.isFailure shouldBe true
                    }
                    failure
                        .await()
                        .message!!
                        .substringBefore(
                            '\n',
                        ).replace(Regex("ends at byte \\d+"), "ends at byte N") shouldBe
                        "cannot send $path: it ends at byte N, and was to be sent from 0 to ${32 shl 20}."
                }
            }
        }
    })

private const val CHUNK = FileSource.CHUNK_BYTES

private inline fun withFile(
    size: Int,
    block: (Path, ByteArray) -> Unit,
) {
    val path = Files.createTempFile("send-file", ".bin")
    try {
        val content = bytesOf(seed = size.toLong(), count = size)
        path.writeBytes(content)
        block(path, content)
    } finally {
        path.deleteIfExists()
    }
}
