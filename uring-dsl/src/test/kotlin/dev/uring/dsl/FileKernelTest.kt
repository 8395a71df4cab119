package dev.uring.dsl

import dev.uring.abi.Errno
import dev.uring.base.FileException
import dev.uring.file.DirectoryEntry
import dev.uring.file.FileType
import dev.uring.file.NvmeNamespace
import dev.uring.file.OpenOptions
import dev.uring.file.SyncMode
import dev.uring.file.WorkerFiles
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield
import kotlinx.io.buffered
import kotlinx.io.readByteArray
import samples.dsl.countLines
import samples.dsl.readIndex
import samples.dsl.readRecord
import samples.dsl.writeNumbers
import java.nio.ByteBuffer
import java.nio.file.Files
import java.nio.file.Path
import kotlin.random.Random

private val both = OpenOptions.forReadingAndWriting().create()

class FileKernelTest :
    FunSpec({
        driverTest("what is written at a position is read back from there, by array, view and sink") {
            withDirectory { directory ->
                openFile("$directory/f", both) { file ->
                    file.write(100, "written by an array".encodeToByteArray(), 8, 11)
                    file.read(100, 200) { it.toUtf8() } shouldBe "by an array"
                    file.read(100, 11) { view -> file.write(300, view) }
                    file.write(311, 20) { it.putAscii(", twice") }
                    file.readBytes(300, 100).decodeToString() shouldBe "by an array, twice"
                    file.writeAndSync(0, byteArrayOf(1, 2, 3))
                    file.sync(SyncMode.DATA_AND_METADATA)
                    file.readBytes(0, 4) shouldBe byteArrayOf(1, 2, 3, 0)
                    file.size() shouldBe 318
                    file.truncate(2)
                    file.status().sizeBytes() shouldBe 2
                    file.allocate(0, 10)
                    file.size() shouldBe 10
                }
            }
        }

        driverTest("many coroutines read one file at the same time, each its own place") {
            withDirectory { directory ->
                val content = bytesOf(seed = 11, count = 1 shl 20)
                Files.write(Path.of("$directory/f"), content)
                openFile("$directory/f") { file ->
                    coroutineScope {
                        List(64) { i -> async { file.readBytes(i * 10_000L, 20_000) } }.awaitAll()
                    }.forEachIndexed { i, read -> read shouldBe content.copyOfRange(i * 10_000, i * 10_000 + 20_000) }
                }
            }
        }

        driverTest("a batch reads every place in one system call and lends them in order") {
            withDirectory { directory ->
                val content = bytesOf(seed = 12, count = 1 shl 20)
                Files.write(Path.of("$directory/f"), content)
                val random = Random(1)
                openFile("$directory/f") { file ->
                    val positions = LongArray(500) { random.nextLong(content.size - 100L) }
                    var next = 0
                    file.readBatch(positions, 100) { index, view ->
                        index shouldBe next++
                        val from = positions[index].toInt()
                        view.toByteArray() shouldBe content.copyOfRange(from, from + 100)
                    }
                    next shouldBe 500
                    val before = file.worker.snapshot()
                    file.readBatch(positions, 100) { _, _ -> }
                    val after = file.worker.snapshot()
                    // Cached pages are answered in the call that submits them; the others are looked for.
                    (after.enters() - before.enters() < 50) shouldBe true
                    shouldThrow<IllegalArgumentException> { file.readBatch(LongArray(2_000), 100) { _, _ -> } }
                        .message shouldContain "BATCH_MAX=1024"
                }
            }
        }

        driverTest("a whole file is streamed with read-ahead, whatever the piece and however much is ahead") {
            withDirectory { directory ->
                for (size in listOf(0, 1, 4096, 10_000, 3 * 4096)) {
                    val content = bytesOf(seed = size.toLong(), count = size)
                    Files.write(Path.of("$directory/f$size"), content)
                    openFile("$directory/f$size") { file ->
                        for (chunkBytes in listOf(1_000, 4096, 1 shl 17)) {
                            for (readAhead in listOf(0, 1, 5)) {
                                val all = ArrayList<Byte>()
                                val read =
                                    file.readAll(0, chunkBytes, readAhead) { view ->
                                        yield()
                                        all += view.toByteArray().asList()
                                    }
                                read shouldBe size
                                all.toByteArray() shouldBe content
                            }
                        }
                        file.asFlow(chunkBytes = 1_000).toList().sumOf { it.size } shouldBe size
                    }
                }
            }
        }

        driverTest("a stream is written behind its writer, and what failed is thrown") {
            withDirectory { directory ->
                val content = bytesOf(seed = 13, count = 300_001)
                openFile("$directory/f", both) { file ->
                    file.writeAll(from = 10, chunkBytes = 4096, writeBehind = 3) { out ->
                        for (from in content.indices step 7_000) {
                            out.write(content, from, minOf(7_000, content.size - from))
                        }
                    } shouldBe content.size
                    file.readBytes(10, content.size) shouldBe content
                    file.size() shouldBe content.size + 10L
                }
                openFile("$directory/f") { file ->
                    shouldThrow<FileException> { file.writeAll { it.write("read only") } }.errno() shouldBe Errno.EBADF
                    shouldThrow<FileException> { file.write(0, byteArrayOf(1)) }.errno() shouldBe Errno.EBADF
                    file.readBytes(10, 1) shouldBe content.copyOf(1)
                }
            }
        }

        driverTest("kotlinx-io reads and writes the file from threads that may block, and refuses to on a worker") {
            withDirectory { directory ->
                val content = bytesOf(seed = 14, count = 500_000)
                openFile("$directory/f", both) { file ->
                    withContext(Dispatchers.IO) {
                        file.asSink(from = 3).buffered().use { it.write(content) }
                        file.asSource(from = 3).buffered().use { it.readByteArray() } shouldBe content
                        file.asSource(from = 600_000).buffered().use { it.exhausted() } shouldBe true
                    }
                    shouldThrow<IllegalStateException> { file.asSource().buffered().exhausted() }
                        .message shouldContain "asSource blocks its thread, and this is worker 0"
                }
            }
        }

        driverTest("a cancelled read throws at once, and its buffer comes back when the kernel is done with it") {
            withDirectory { directory ->
                Files.write(Path.of("$directory/f"), ByteArray(1 shl 20))
                openFile("$directory/f") { file ->
                    repeat(200) {
                        val reader =
                            launch(start = CoroutineStart.UNDISPATCHED) { file.readAll(readAhead = 4) { yield() } }
                        reader.cancelAndJoin()
                        file.read(0, 10) { it.size() } shouldBe 10
                    }
                }
            }
        }

        driverTest("names are made, listed, renamed and removed") {
            withDirectory { directory ->
                createDirectory("$directory/d")
                openFile("$directory/d/old", both) { it.write(0, ByteArray(7)) }
                renameFile("$directory/d/old", "$directory/d/new")
                createDirectory("$directory/d/e")
                listDirectory("$directory/d") shouldContainExactlyInAnyOrder
                    listOf(DirectoryEntry("new", FileType.REGULAR), DirectoryEntry("e", FileType.DIRECTORY))
                fileStatus("$directory/d/new").sizeBytes() shouldBe 7
                deleteFile("$directory/d/new")
                deleteDirectory("$directory/d/e")
                listDirectory("$directory/d") shouldBe emptyList()
                shouldThrow<FileException> { openFile("$directory/d/new") }.errno() shouldBe Errno.ENOENT
            }
        }

        driverTest("a path inside a directory cannot lead out of it") {
            withDirectory { directory ->
                Files.writeString(Path.of("$directory/secret"), "secret")
                createDirectory("$directory/root")
                Files.writeString(Path.of("$directory/root/open"), "open")
                openFile("$directory/root", OpenOptions.forDirectory()) { root ->
                    val file = openFileIn(root, "open")
                    file.readBytes(0, 10).decodeToString() shouldBe "open"
                    file.close()
                    shouldThrow<FileException> { openFileIn(root, "../secret") }.errno() shouldBe Errno.EXDEV
                }
            }
        }

        ringTest(
            RingOnly.NVME,
            "commands of an NVMe device are waited for; the null device takes them and a file does not",
        ) {
            withDirectory { directory ->
                val buffer = WorkerFiles.of(runtime.worker(0)).buffer(4096)
                val device = openNvmeDevice("/dev/null", NvmeNamespace(1, 512, 1024, 1 shl 20))
                device.writeBlocks(0, 8, buffer)
                device.flushBlocks()
                device.readBlocks(1, 4, buffer, from = 2048)
                device.close().awaitOnWorker()
                Files.createFile(Path.of("$directory/f"))
                val file = openNvmeDevice("$directory/f", NvmeNamespace(1, 512, 1024, 1 shl 20))
                shouldThrow<FileException> { file.readBlocks(0, 1, buffer) }.errno() shouldBe Errno.EOPNOTSUPP
                file.close().awaitOnWorker()
                buffer.close()
            }
        }

        driverTest("files are refused off the workers, with the way to one") {
            shouldThrow<IllegalStateException> { openFile("/etc/hostname") }.message shouldContain "onWorker(index)"
        }

        driverTest("the samples of the documentation do what they say") {
            withDirectory { directory ->
                writeNumbers("$directory/numbers") shouldBe 3_890
                countLines("$directory/numbers") shouldBe 1_000
                Files.write(
                    Path.of("$directory/records"),
                    ByteBuffer.allocate(64).also { b -> repeat(8) { b.putLong(it * 100L) } }.array(),
                )
                openFile("$directory/records") { file ->
                    readRecord(file, 2) shouldBe 500
                    readIndex(file, longArrayOf(8, 56)) shouldBe 800
                }
            }
        }

        ringTest(RingOnly.FILES_ALLOCATE, "a read and a write allocate nothing in steady state") {
            // In a process of its own: in this one the other driver has run, and a call that may go to either is not
            // inlined so far that the optimizer sees what need not be allocated.
            withContext(Dispatchers.IO) {
                val process = startChildProgram("file-allocation")
                try {
                    val printed = process.inputReader().readLines().map { it.toDouble() }
                    printed.size shouldBe 2
                    printed.forEach { it shouldBeLessThan 0.1 }
                } finally {
                    process.destroyForcibly()
                }
            }
        }
    })

/** Runs [body] on a worker with an empty directory; nothing may be held or open below it afterwards. */
private suspend fun withDirectory(body: suspend UringScope.(directory: String) -> Unit) {
    val directory = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "files")
    try {
        testUring {
            body(directory.toString())
            while (runtime.snapshots().any { it.blocksHeld() != 0 }) yield()
            openBelow(directory) shouldBe emptyList()
        }
    } finally {
        directory.toFile().deleteRecursively()
    }
}

private fun openBelow(directory: Path): List<String> =
    Files
        .list(Path.of("/proc/self/fd"))
        .use { it.toList() }
        .mapNotNull { runCatching { Files.readSymbolicLink(it).toString() }.getOrNull() }
        .filter { it.startsWith(directory.toString()) }
