package dev.uring.file

import dev.uring.base.FileException
import dev.uring.testing.RingOnly
import dev.uring.testing.ringTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.file.Files
import java.nio.file.Path

private const val BLOCK = 4096
private val direct = OpenOptions.forReadingAndWriting().create().direct()

class DirectFileKernelTest :
    FunSpec({
        for (registered in listOf(false, true)) {
            val how = if (registered) "registered" else "ordinary"
            ringTest(
                RingOnly.DIRECT_IO,
                "direct reads and writes through $how buffers and files bring the bytes to the disk and back",
            ) {
                withDirectFiles { bench ->
                    if (registered) bench.onWorker { bench.files.registerBuffers(4, 64 shl 10) }
                    val file = bench.open("direct", if (registered) direct.registered() else direct)
                    file.isDirect shouldBe true
                    val content = bytesOf(seed = 5, count = 8 * BLOCK)
                    bench.write(file, 0, content) shouldBe content.size
                    bench.writeAndSync(file, 8L * BLOCK, content.copyOf(BLOCK)) shouldBe BLOCK
                    bench.read(file, 2L * BLOCK, 3 * BLOCK) shouldBe content.copyOfRange(2 * BLOCK, 5 * BLOCK)
                    bench.close(file)
                    Files.readAllBytes(Path.of(file.path())) shouldBe content + content.copyOf(BLOCK)
                }
            }
        }

        ringTest(RingOnly.DIRECT_IO, "a direct read over an end that is not aligned brings what there is") {
            withDirectFiles { bench ->
                val content = bytesOf(seed = 6, count = BLOCK + 100)
                val plain = bench.open("tail")
                bench.write(plain, 0, content)
                bench.close(plain)
                val file = bench.open("tail", direct)
                bench.read(file, 0, 4 * BLOCK) shouldBe content
                bench.close(file)
            }
        }

        ringTest(
            RingOnly.DIRECT_IO,
            "direct I/O that is not aligned is refused with its values before the kernel sees it",
        ) {
            withDirectFiles { bench ->
                val file = bench.open("direct", direct)
                val unit = file.positionAlignmentBytes()
                bench.onWorker {
                    bench.files.buffer(BLOCK).use { buffer ->
                        val request = recording { }
                        shouldThrow<IllegalArgumentException> { file.read(100, buffer, 0, BLOCK, request) }
                            .message shouldBe
                            "direct read of ${file.path()} is not aligned: position=100 and bytes=4096 must be " +
                            "multiples of $unit, from=0 a multiple of ${file.memoryAlignmentBytes()}.\n" +
                            "  Read or write the whole blocks around it, or open without direct()."
                        shouldThrow<IllegalArgumentException> { file.write(0, buffer, 0, 100, request) }
                        shouldThrow<IllegalArgumentException> { file.read(0, buffer, 1, unit, request) }
                        request.isUnderWay shouldBe false
                    }
                }
                bench.close(file)
            }
        }

        ringTest(
            RingOnly.DIRECT_IO,
            "buffers come from the registered ones while they last, and then from the blocks",
        ) {
            withFiles { bench ->
                bench.onWorker {
                    bench.files.registerBuffers(2, 2 * BLOCK)
                    val buffers = List(3) { bench.files.buffer(BLOCK) }
                    buffers.map { it.isRegistered } shouldBe listOf(true, true, false)
                    bench.files.registeredBuffersFree() shouldBe 0
                    bench.files.buffer(3 * BLOCK).use { it.isRegistered shouldBe false }
                    buffers.forEach { it.close() }
                    bench.files.registeredBuffersFree() shouldBe 2
                    shouldThrow<IllegalStateException> { buffers[0].close() }
                    shouldThrow<IllegalStateException> { buffers[0].memory() }
                    shouldThrow<IllegalStateException> { bench.files.registerBuffers(2, BLOCK) }
                        .message shouldContain "16384 bytes"
                }
            }
        }

        ringTest(RingOnly.DIRECT_IO, "every buffer begins where direct I/O may") {
            withFiles { bench ->
                bench.onWorker {
                    val buffers = listOf(1, 511, 4096, 5000, 70_000, 2_000_000).map { bench.files.buffer(it) }
                    buffers.map { it.memory().address() % FileBuffer.ALIGNMENT_BYTES } shouldBe List(6) { 0L }
                    buffers.forEach { it.close() }
                }
            }
        }
    })

/** As [withFiles] on a file system that does direct I/O; elsewhere it says so and does nothing. */
private fun withDirectFiles(body: (FileBench) -> Unit) =
    withFiles { bench ->
        try {
            bench.close(bench.open("probe", direct))
        } catch (refused: FileException) {
            println("skipped: no direct I/O below ${bench.directory}: ${refused.message}")
            return@withFiles
        }
        body(bench)
    }
