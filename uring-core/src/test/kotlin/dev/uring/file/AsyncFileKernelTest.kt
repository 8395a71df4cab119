package dev.uring.file

import dev.uring.UringRuntime
import dev.uring.abi.Errno
import dev.uring.base.FileException
import dev.uring.driver.FileDriver
import dev.uring.driver.FileOperation
import dev.uring.testing.await
import dev.uring.testing.awaitDone
import dev.uring.testing.block
import dev.uring.testing.driverTest
import dev.uring.testing.isOnNio
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.smallConfig
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import kotlin.random.Random

class AsyncFileKernelTest :
    FunSpec({
        driverTest("what is written at a position is read back there, and the hole before it reads as zeros") {
            withFiles { bench ->
                val file = bench.open("hole")
                val content = bytesOf(seed = 1, count = 100_000)
                bench.write(file, 5_000, content) shouldBe content.size
                bench.read(file, 5_000, content.size) shouldBe content
                bench.read(file, 0, 5_000) shouldBe ByteArray(5_000)
                Files.size(Path.of(file.path())) shouldBe 105_000
                bench.close(file)
            }
        }

        driverTest("a read over the end of the file brings what there is, and one beyond it nothing") {
            withFiles { bench ->
                val file = bench.open("short")
                bench.write(file, 0, "uring".toByteArray())
                String(bench.read(file, 2, 100)) shouldBe "ing"
                bench.read(file, 5, 100).size shouldBe 0
                bench.read(file, 1_000_000, 100).size shouldBe 0
                bench.close(file)
            }
        }

        driverTest("a hundred reads that are asked for in one turn reach the kernel in one call, each with its bytes") {
            withFiles { bench ->
                val content = bytesOf(seed = 2, count = 100 * 512)
                val file = bench.open("batch")
                bench.write(file, 0, content)
                val results = List(100) { CompletableFuture<ByteArray>() }
                val entersBefore = CompletableFuture<Long>()
                bench.onWorker {
                    entersBefore.complete(bench.worker.snapshot().enters())
                    results.forEachIndexed { i, result ->
                        val buffer = bench.files.buffer(512)
                        val request =
                            recording { outcome ->
                                outcome.fold(
                                    { result.complete(buffer.view(0, it).toByteArray()) },
                                    result::completeExceptionally,
                                )
                                buffer.close()
                            }
                        file.read(i * 512L, buffer, 0, 512, request)
                    }
                }
                results.forEachIndexed { i, result ->
                    result.value() shouldBe content.copyOfRange(i * 512, (i + 1) * 512)
                }
                // One that submits them all, and some that find the answers and the test's own calls. The threads that
                // read for the selector's driver answer whenever they are done: one by one, if it comes to that.
                val entersMax = if (isOnNio) 120L else 20L
                bench.onWorker { bench.worker.snapshot().enters() } - entersBefore.value() shouldBeLessThanOrEqual
                    entersMax
                bench.close(file)
            }
        }

        driverTest("reads and writes at random places do what the same on an array does") {
            val seed = System.getProperty("uring.test.seed")?.toInt() ?: System.nanoTime().toInt()
            println(
                "seed=$seed; again with: mvn -pl uring-core test -Dtest=AsyncFileKernelTest -During.test.seed=$seed",
            )
            val random = Random(seed)
            withFiles { bench ->
                val model = ByteArray(1 shl 18)
                var size = 0
                val file = bench.open("random", OpenOptions.forReadingAndWriting().createNew().registered())
                repeat(400) {
                    val position = random.nextInt(model.size)
                    val count = random.nextInt(1, minOf(40_000, model.size - position) + 1)
                    when (random.nextInt(5)) {
                        0, 1 -> {
                            val content = random.nextBytes(count)
                            bench.write(file, position.toLong(), content) shouldBe count
                            content.copyInto(model, position)
                            size = maxOf(size, position + count)
                        }

                        2 -> {
                            file.truncate(position.toLong()).value()
                            if (position < size) model.fill(0, position, size)
                            size = position
                        }

                        else -> {
                            bench.read(file, position.toLong(), count) shouldBe
                                model.copyOfRange(minOf(position, size), minOf(position + count, size))
                        }
                    }
                }
                file.size().value() shouldBe size
                bench.close(file)
            }
        }

        driverTest("a write with a sync writes it whole and answers once") {
            withFiles { bench ->
                val file = bench.open("chain")
                bench.writeAndSync(file, 0, bytesOf(seed = 3, count = 10_000)) shouldBe 10_000
                bench.read(file, 0, 10_000) shouldBe bytesOf(seed = 3, count = 10_000)
                bench.close(file)
            }
        }

        driverTest("the sync behind a write that fails is not run") {
            withFiles { bench ->
                bench.close(bench.open("readonly"))
                val descriptor = bench.openDescriptor("readonly")
                val answers = CompletableFuture<List<Int>>()
                bench.onWorker {
                    val driver = bench.worker.driver().files()
                    val block = bench.worker.blocks().take(4096)
                    val heard = mutableListOf<Int>()
                    val (write, sync) =
                        List(2) {
                            object : FileOperation() {
                                override fun answered(result: Int) {
                                    heard += result
                                    if (heard.size == 2) {
                                        block.release()
                                        answers.complete(heard.sorted())
                                    }
                                }
                            }
                        }
                    val address = block.memory().address() + block.offset()
                    driver.writeThenSync(descriptor, address, 10, 0, FileDriver.UNREGISTERED, write, sync)
                }
                answers.value() shouldBe listOf(-Errno.ECANCELED, -Errno.EBADF)
                bench.closeDescriptor(descriptor)
            }
        }

        driverTest("a chain whose write fails reports the write, and the sync's cancellation is not heard of") {
            withFiles { bench ->
                bench.close(bench.open("readonly"))
                val file = bench.open("readonly", OpenOptions.forReading())
                val failure = shouldThrow<FileException> { bench.writeAndSync(file, 0, ByteArray(10)) }
                failure.errno() shouldBe Errno.EBADF
                failure.operation() shouldBe "write and sync"
                bench.close(file)
            }
        }

        driverTest("a file is closed when the requests under way have been answered, and takes no more") {
            withFiles { bench ->
                val file = bench.open("closing")
                bench.write(file, 0, ByteArray(1 shl 20))
                val done = CountDownLatch(32)
                bench.onWorker {
                    repeat(32) {
                        val buffer = bench.files.buffer(1 shl 15)
                        val request =
                            recording {
                                buffer.close()
                                if (it.getOrNull() == 1 shl 15) done.countDown()
                            }
                        file.read(it.toLong() shl 15, buffer, 0, 1 shl 15, request)
                    }
                    file.close()
                    file.isOpen shouldBe false
                    bench.files.buffer(10).use { buffer ->
                        shouldThrow<IllegalStateException> { file.read(0, buffer, 0, 10, recording { }) }
                            .message shouldContain "is used after close()"
                    }
                }
                file.close().value()
                done.awaitDone("reads that were under way at the close")
            }
        }

        driverTest("a cancelled request is answered once, and its buffer lives until then") {
            withFiles { bench ->
                val file = bench.open("cancelled")
                bench.write(file, 0, ByteArray(1 shl 20))
                repeat(200) {
                    val answers = CompletableFuture<Int>()
                    var answered = 0
                    bench.onWorker {
                        val buffer = bench.files.buffer(1 shl 20)
                        val request = recording { answers.complete(++answered) }
                        file.read(0, buffer, 0, 1 shl 20, request)
                        buffer.close()
                        request.cancel()
                        request.isUnderWay shouldBe true
                        bench.worker.blocks().blocksHeldCount() shouldBe 1
                    }
                    answers.value() shouldBe 1
                    bench.onWorker { answered } shouldBe 1
                }
                bench.close(file)
            }
        }

        driverTest("a request that is under way cannot be asked for again") {
            withFiles { bench ->
                val file = bench.open("twice")
                val done = CountDownLatch(1)
                bench.onWorker {
                    val buffer = bench.files.buffer(100)
                    val request =
                        recording {
                            buffer.close()
                            done.countDown()
                        }
                    file.read(0, buffer, 0, 100, request)
                    shouldThrow<IllegalStateException> { file.read(0, buffer, 0, 100, request) }
                        .message shouldContain "request is under way: position=0, bytes=100, done=0 of ${file.path()}"
                }
                done.awaitDone("the first asking")
                bench.close(file)
            }
        }

        driverTest("what a callback throws is counted, and the worker lives") {
            withFiles { bench ->
                val file = bench.open("throws")
                bench.onWorker {
                    file.sync(SyncMode.DATA, recording { error("a user's mistake") })
                }
                await { bench.worker.snapshot().failures() == 1L }
                file.sync(SyncMode.DATA_AND_METADATA).value()
                bench.close(file)
            }
        }

        driverTest("a mapping shows the file from any thread, outlives its closing and is unmapped once") {
            withFiles { bench ->
                val content = bytesOf(seed = 4, count = 20_000)
                val file = bench.open("mapped")
                bench.write(file, 0, content)
                val mapped = bench.onWorker { file.map(5_001, 10_000) }
                bench.close(file)
                mapped.view(0, 10_000).toByteArray() shouldBe content.copyOfRange(5_001, 15_001)
                val view = mapped.view(0, 10)
                mapped.close()
                mapped.close()
                shouldThrow<IllegalStateException> { view.get(0) }
            }
        }

        driverTest("a worker that stops under reads and open files lets none of them go on or stay open") {
            val directory = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "files")
            try {
                withStoppedUnderReads(directory)
                openBelow(directory) shouldBe emptyList()
            } finally {
                directory.toFile().deleteRecursively()
            }
        }

        driverTest("a file belongs to its worker's thread") {
            withFiles { bench ->
                val file = bench.open("thread")
                val gate = bench.worker.block()
                try {
                    shouldThrow<IllegalStateException> { file.sync(SyncMode.DATA, recording { }) }
                } finally {
                    gate.countDown()
                }
                bench.close(file)
            }
        }
    })

private fun withStoppedUnderReads(directory: Path) {
    leavesNothingBehind {
        val runtime =
            UringRuntime.start(smallConfig().build())
        val bench = FileBench(runtime, directory)
        val file = bench.open("busy")
        bench.write(file, 0, ByteArray(1 shl 20))
        bench.onWorker {
            repeat(16) {
                val buffer = bench.files.buffer(1 shl 20)
                // Asks for ever: the driver's end has to end it.
                val request =
                    object : FileRequest() {
                        override fun completed(bytes: Int) = file.read(0, buffer, 0, 1 shl 20, this)

                        override fun failed(failure: FileException) = buffer.close()
                    }
                file.read(0, buffer, 0, 1 shl 20, request)
            }
        }
        runtime.shutdown()
        runtime.awaitTermination(Duration.ofSeconds(20)) shouldBe true
    }
}
