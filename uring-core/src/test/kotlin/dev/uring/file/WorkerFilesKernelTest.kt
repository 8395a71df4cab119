package dev.uring.file

import dev.uring.UringRuntime
import dev.uring.abi.Errno
import dev.uring.base.FileException
import dev.uring.buffer.BlockPool
import dev.uring.driver.UringDriver
import dev.uring.ring.RingFeature
import dev.uring.ring.RingOptions
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.closeInTime
import dev.uring.testing.driverTest
import dev.uring.testing.smallConfig
import dev.uring.worker.Worker
import dev.uring.worker.WorkerOptions
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.file.Files
import java.nio.file.Path
import java.time.Instant
import java.util.concurrent.RejectedExecutionException

class WorkerFilesKernelTest :
    FunSpec({
        driverTest("a file is made with its permissions, filled, looked at, renamed and deleted") {
            withFiles { bench ->
                val started = Instant.now().minusSeconds(5)
                val file = bench.open("born", OpenOptions.forWriting().createNew().permissions(0x1A0))
                bench.write(file, 0, ByteArray(12_345))
                val status = file.status().value()
                bench.close(file)
                status.type() shouldBe FileType.REGULAR
                status.sizeBytes() shouldBe 12_345
                status.linksCount() shouldBe 1
                (status.permissions() and 0x1C0) shouldBe 0x180
                status.modifiedAt().isAfter(started) shouldBe true
                status.inode() shouldBe Files.getAttribute(Path.of(file.path()), "unix:ino") as Long

                bench.files.rename(file.path(), bench.path("grown")).value()
                bench.files
                    .status(bench.path("grown"))
                    .value()
                    .inode() shouldBe status.inode()
                bench.files.delete(bench.path("grown")).value()
                Files.exists(bench.directory.resolve("grown")) shouldBe false
            }
        }

        driverTest("a directory is made, listed with the types of its entries, and deleted when it is empty") {
            withFiles { bench ->
                bench.files.createDirectory(bench.path("d")).value()
                bench.files.createDirectory(bench.path("d/e")).value()
                bench.close(bench.open("d/ü"))
                Files.createSymbolicLink(bench.directory.resolve("d/link"), Path.of("nowhere"))
                bench.files.list(bench.path("d")).value() shouldContainExactlyInAnyOrder
                    listOf(
                        DirectoryEntry("e", FileType.DIRECTORY),
                        DirectoryEntry("ü", FileType.REGULAR),
                        DirectoryEntry("link", FileType.SYMBOLIC_LINK),
                    )
                shouldThrow<FileException> { bench.files.deleteDirectory(bench.path("d")).value() }.errno() shouldBe
                    Errno.ENOTEMPTY
                shouldThrow<FileException> { bench.files.list(bench.path("d"), 2).value() }
                    .message shouldContain "it has more than entriesMax=2 entries"
                bench.files.deleteDirectory(bench.path("d/e")).value()
                Files.exists(bench.directory.resolve("d/e")) shouldBe false
                shouldThrow<FileException> { bench.files.list(bench.path("none")).value() }.errno() shouldBe
                    Errno.ENOENT
            }
        }

        driverTest("a name that must be of a regular file opens nothing else, and waits for nobody") {
            withFiles { bench ->
                val regular = OpenOptions.forReadingAndWriting().onlyRegular()
                Files.write(bench.directory.resolve("file"), bytesOf(1, 5_000))
                Files.createSymbolicLink(bench.directory.resolve("link"), Path.of("file"))
                bench.files.createDirectory(bench.path("folder")).value()
                ProcessBuilder("mkfifo", bench.path("fifo")).start().waitFor() shouldBe 0
                val root = bench.files.open("${bench.directory}", OpenOptions.forDirectory()).value()

                for (name in listOf("file", "link")) {
                    val file = bench.files.openIn(root, name, regular).value()
                    bench.read(file, 0, 5_000) shouldBe bytesOf(1, 5_000)
                    bench.write(file, 0, bytesOf(1, 5_000)) shouldBe 5_000
                    bench.close(file)
                }
                // Without a writer, an open of the FIFO would never be answered.
                val others = mapOf("fifo" to FileType.OTHER, "folder" to FileType.DIRECTORY)
                for ((name, type) in others) {
                    shouldThrow<FileException> { bench.files.openIn(root, name, regular).value() }.message shouldBe
                        "cannot open $name: it is no regular file but $type, and only such are wanted here."
                }
                shouldThrow<FileException> { bench.files.open("/dev/null", regular).value() }.errno() shouldBe 0
                shouldThrow<FileException> { bench.files.openIn(root, "link", regular.noFollow()).value() }
                    .message shouldContain "no regular file but SYMBOLIC_LINK"
                shouldThrow<FileException> { bench.files.openIn(root, "none", regular).value() }.errno() shouldBe
                    Errno.ENOENT
                shouldThrow<FileException> { bench.files.openIn(root, "../x", regular).value() }.errno() shouldBe
                    Errno.EXDEV
                shouldThrow<IllegalArgumentException> { bench.files.openIn(root, "new", regular.create()).value() }
                    .message shouldBe
                    "cannot create new: onlyRegular() is of files that exist. Leave out one of them."
                root.close().value()
            }
        }

        driverTest("room is allocated, and a file is cut and stretched") {
            withFiles { bench -> cutAndStretch(bench.files, bench.path("room")) }
        }

        driverTest("on a kernel that cannot cut a file on a ring, a thread beside the worker does it") {
            val directory = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "files")
            val blocks = BlockPool(1 shl 24)
            val options = RingOptions.ofSqEntries(64).without(RingFeature.FTRUNCATE)
            val driver = UringDriver(options, 16, 4096, 1024, blocks)
            val worker = Worker(0, driver, blocks, WorkerOptions(64, 64, 0, Long.MAX_VALUE), null)
            worker.start()
            try {
                worker.call { worker.driver().files().canTruncate() } shouldBe false
                cutAndStretch(WorkerFiles.of(worker), directory.resolve("room").toString())
                await({ "open: ${openBelow(directory)}" }) { openBelow(directory).isEmpty() }
            } finally {
                worker.abandon()
                directory.toFile().deleteRecursively()
            }
        }

        driverTest("a path inside a directory is opened there, and none that leads out of it") {
            withFiles { bench ->
                bench.files.createDirectory(bench.path("root")).value()
                bench.files.createDirectory(bench.path("root/sub")).value()
                bench.close(bench.open("root/sub/inside"))
                bench.close(bench.open("secret"))
                Files.createSymbolicLink(bench.directory.resolve("root/out"), Path.of("../secret"))
                Files.createSymbolicLink(bench.directory.resolve("root/in"), Path.of("sub/inside"))
                val root = bench.open("root", OpenOptions.forDirectory())

                fun openIn(path: String) = bench.files.openIn(root, path, OpenOptions.forReading()).value()
                for (inside in listOf("sub/inside", "sub/../sub/inside", "in")) bench.close(openIn(inside))
                for (outside in listOf("../secret", "sub/../../secret", "out", bench.path("secret"), "/etc/passwd")) {
                    shouldThrow<FileException> { openIn(outside) }.errno() shouldBe Errno.EXDEV
                }
                bench.close(root)
            }
        }

        driverTest("a file that is not there is named in the error, with its cause and remedy") {
            withFiles { bench ->
                val path = bench.path("missing")
                val failure =
                    shouldThrow<FileException> { bench.files.open(path, OpenOptions.forReading()).value() }
                failure.message shouldBe
                    "cannot open $path: ENOENT (no such file or directory).\n" +
                    "  Likely cause: a directory of the path, or the file itself, does not exist. Check the path and " +
                    "the working directory, or open with create()."
                listOf(failure.operation(), failure.path(), failure.errno()) shouldBe
                    listOf("open", path, Errno.ENOENT)
            }
        }

        driverTest("each operation on a path says which one failed and why") {
            withFiles { bench ->
                val files = bench.files
                bench.close(bench.open("file"))
                val failures =
                    listOf(
                        files.rename(bench.path("none"), bench.path("x")) to "rename" to Errno.ENOENT,
                        files.delete(bench.path("none")) to "delete" to Errno.ENOENT,
                        files.delete(bench.directory.toString()) to "delete" to Errno.EISDIR,
                        files.deleteDirectory(bench.path("file")) to "delete directory" to Errno.ENOTDIR,
                        files.createDirectory(bench.path("file")) to "create directory" to Errno.EEXIST,
                        files.status(bench.path("none")) to "ask the status of" to Errno.ENOENT,
                        files.status("") to "ask the status of" to Errno.ENOENT,
                        files.open(bench.path("file"), OpenOptions.forWriting().createNew()) to "open" to Errno.EEXIST,
                        files.open(bench.path("x".repeat(300)), OpenOptions.forReading()) to "open" to
                            Errno.ENAMETOOLONG,
                    )
                for ((asked, errno) in failures) {
                    val failure = shouldThrow<FileException> { asked.first.value() }
                    (failure.operation() to failure.errno()) shouldBe (asked.second to errno)
                }
            }
        }

        driverTest("a path with a NUL character is refused before the kernel cuts it there") {
            withFiles { bench ->
                shouldThrow<IllegalArgumentException> {
                    bench.files.open("a\u0000b", OpenOptions.forReading()).value()
                }.message shouldContain "NUL character"
            }
        }

        driverTest("after the worker has stopped every stage fails") {
            val runtime = UringRuntime.start(smallConfig().build())
            val files = WorkerFiles.of(runtime.worker(0))
            runtime.closeInTime()
            shouldThrow<RejectedExecutionException> { files.open("late", OpenOptions.forReading()).value() }
            shouldThrow<RejectedExecutionException> { files.list(".").value() }
        }
    })

private fun cutAndStretch(
    files: WorkerFiles,
    path: String,
) {
    val file = files.open(path, OpenOptions.forReadingAndWriting().createNew()).value()
    file.allocate(0, 1 shl 20).value()
    file.size().value() shouldBe (1 shl 20)
    (file.status().value().allocatedBytes() >= 1 shl 20) shouldBe true
    file.truncate(1_000).value()
    file.size().value() shouldBe 1_000
    file.truncate(5_000).value()
    file.size().value() shouldBe 5_000
    shouldThrow<FileException> { file.truncate(-1).value() }.errno() shouldBe Errno.EINVAL
    file.close().value()
}
