package dev.uring.file

import dev.uring.abi.Errno
import dev.uring.base.FileException
import dev.uring.testing.RingOnly
import dev.uring.testing.ringTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.util.concurrent.CompletableFuture

/**
 * Without a disk that nobody needs, commands go to the kernel's null device, which takes any and says 0: everything but
 * the disk itself is on the way, two rings included.
 */
class NvmeDeviceKernelTest :
    FunSpec({
        ringTest(RingOnly.NVME, "commands go through the second ring and are answered on the worker") {
            withFiles { bench ->
                val device = NvmeDevice.open(bench.worker, "/dev/null", NvmeNamespace(1, 512, 1024, 1 shl 20)).value()
                repeat(3) {
                    val answers = List(300) { CompletableFuture<Unit>() }
                    bench.onWorker {
                        bench.files.buffer(4096).use { buffer ->
                            answers.forEachIndexed { i, answer ->
                                when (i % 3) {
                                    0 -> device.read(i.toLong(), 8, buffer, 0, hearing(answer))
                                    1 -> device.write(i.toLong(), 8, buffer, 0, hearing(answer))
                                    else -> device.flush(hearing(answer))
                                }
                            }
                        }
                    }
                    answers.forEach { it.value() }
                }
                device.close().value()
            }
        }

        ringTest(RingOnly.NVME, "a file that takes no commands says so") {
            withFiles { bench ->
                bench.close(bench.open("file"))
                val device =
                    NvmeDevice
                        .open(
                            bench.worker,
                            bench.path("file"),
                            NvmeNamespace(1, 512, 1024, 1 shl 20),
                        ).value()
                val answer = CompletableFuture<Unit>()
                bench.onWorker { device.flush(hearing(answer)) }
                shouldThrow<FileException> { answer.value() }.errno() shouldBe Errno.EOPNOTSUPP
                device.close().value()
            }
        }

        ringTest(RingOnly.NVME, "a range that no command can name is refused before it is asked for") {
            withFiles { bench ->
                val device = NvmeDevice.open(bench.worker, "/dev/null", NvmeNamespace(1, 512, 1024, 1 shl 20)).value()
                bench.onWorker {
                    bench.files.buffer(4096).use { buffer ->
                        val request = hearing(CompletableFuture())
                        shouldThrow<IllegalArgumentException> { device.read(-1, 1, buffer, 0, request) }
                        shouldThrow<IllegalArgumentException> { device.read(0, 65_537, buffer, 0, request) }
                            .message shouldContain "in 1..65536"
                        shouldThrow<IndexOutOfBoundsException> { device.read(0, 9, buffer, 0, request) }
                        request.isUnderWay shouldBe false
                    }
                }
                device.close().value()
            }
        }

        test("a status word is an error and is told in words") {
            val namespace = NvmeNamespace(1, 512, 1024, 1 shl 19)
            NvmeStatus.refused("read", "/dev/ng0n1", namespace, 7, 2, 0x4281).message shouldBe
                "cannot read /dev/ng0n1: NVMe status=0x4281 (type 2, code 0x81: unrecovered read error), " +
                "block=7, blocks=2, namespace=1"
            NvmeStatus.refused("read", "/dev/ng0n1", namespace, 7, 2, 0x80).message shouldContain "block out of range"
        }

        test("a command that the kernel refuses itself is told with what it likely was") {
            val namespace = NvmeNamespace(3, 512, 1024, 1 shl 19)
            NvmeStatus.refused("read", "/dev/ng0n1", namespace, 7, 2048, -Errno.EINVAL).message shouldBe
                "cannot read /dev/ng0n1: EINVAL (invalid argument), block=7, blocks=2048, namespace=3.\n" +
                "  Likely cause: it is more than commandBytesMax=524288 bytes, or the device is of another namespace."
            val causes =
                listOf(Errno.EINVAL, Errno.EOPNOTSUPP, Errno.EACCES, Errno.EIO)
                    .map { NvmeStatus.refused("read", "/dev/ng0n1", namespace, 7, 2, -it).message!! }
                    .map { it.substringAfter("Likely cause: ") }
            causes.toSet().size shouldBe causes.size
        }
    })

private fun hearing(answer: CompletableFuture<Unit>): NvmeRequest =
    object : NvmeRequest() {
        override fun completed() {
            answer.complete(Unit)
        }

        override fun failed(failure: FileException) {
            answer.completeExceptionally(failure)
        }
    }
