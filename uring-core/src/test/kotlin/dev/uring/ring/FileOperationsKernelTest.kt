package dev.uring.ring

import dev.uring.abi.Errno
import dev.uring.abi.IoUring
import dev.uring.abi.Layouts
import dev.uring.abi.Socket
import dev.uring.ffi.Libc
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeGreaterThanOrEqual
import io.kotest.matchers.shouldBe
import java.lang.foreign.Arena
import java.lang.foreign.FunctionDescriptor
import java.lang.foreign.Linker
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout.ADDRESS
import java.lang.foreign.ValueLayout.JAVA_INT
import java.lang.foreign.ValueLayout.JAVA_LONG

class FileOperationsKernelTest :
    FunSpec({
        kernelTest("what is written at an offset is read back after a sync") {
            Arena.ofConfined().use { arena ->
                val fd = memoryFile(arena)
                withRing { ring ->
                    val content = arena.bytes("uring".toByteArray())
                    ring.complete { it.prepWrite(fd, content.address(), 5, 4096) }.result shouldBe 5
                    ring.complete { it.prepFsync(fd, 0) }.result shouldBe 0
                    ring.complete { it.prepFsync(fd, IoUring.IORING_FSYNC_DATASYNC) }.result shouldBe 0
                    val copy = arena.allocate(5)
                    ring.complete { it.prepRead(fd, copy.address(), 5, 4096) }.result shouldBe 5
                    String(copy.bytesAt(0, 5)) shouldBe "uring"
                    ring.complete { it.prepRead(fd, copy.address(), 5, 5000) }.result shouldBe 0
                }
                Libc.close(fd)
            }
        }

        kernelTest("a multishot poll reports each event until it is cancelled") {
            Arena.ofConfined().use { arena ->
                val eventFd = Libc.eventfd(0, 0)
                val word = arena.allocate(JAVA_LONG)
                word.set(JAVA_LONG, 0, 1)
                withRing { ring ->
                    ring.queue(userData = 1) { it.prepPollMultishot(eventFd, Socket.POLLIN) }
                    ring.enter(0, 0)
                    repeat(3) {
                        Libc.write(eventFd, word)
                        val cqe = ring.await(1).single()
                        (cqe.result and Socket.POLLIN to cqe.hasMore) shouldBe (Socket.POLLIN to true)
                        Libc.read(eventFd, word)
                    }
                    ring.queue(userData = 2) { it.prepCancel(1, 0) }
                    ring.await(2).associate { it.userData to it.result } shouldBe mapOf(2L to 0, 1L to -Errno.ECANCELED)
                }
                Libc.close(eventFd)
            }
        }

        kernelTest("a timeout ends with ETIME after its time, or with zero after its count of completions") {
            Arena.ofConfined().use { arena ->
                withRing { ring ->
                    val start = System.nanoTime()
                    val short = arena.timespec(seconds = 0, nanos = 15_000_000)
                    ring.complete { it.prepTimeout(short.address(), 0, 0) }.result shouldBe -Errno.ETIME
                    (System.nanoTime() - start) shouldBeGreaterThanOrEqual 15_000_000

                    val long = arena.timespec(seconds = 60, nanos = 0)
                    ring.queue(userData = 1) { it.prepTimeout(long.address(), 1, 0) }
                    ring.queue(userData = 2) { it.prepNop() }
                    ring.await(2) shouldContainExactly listOf(Cqe(2, 0, 0), Cqe(1, 0, 0))
                }
            }
        }

        kernelTest("a link runs its second operation after the first, and cancels it when the first fails") {
            withRing { ring ->
                ring.queue(userData = 1) { it.prepNop().flags(IoUring.IOSQE_IO_LINK) }
                ring.queue(userData = 2) { it.prepNop() }
                ring.await(2).map { it.userData to it.result } shouldBe listOf(1L to 0, 2L to 0)

                ring.queue(userData = 3) { it.prepClose(-1).flags(IoUring.IOSQE_IO_LINK) }
                ring.queue(userData = 4) { it.prepNop() }
                ring.await(2).associate { it.userData to it.result } shouldBe
                    mapOf(3L to -Errno.EBADF, 4L to -Errno.ECANCELED)
            }
        }
    })

private val memfdCreate =
    Linker.nativeLinker().downcallHandle(
        Linker
            .nativeLinker()
            .defaultLookup()
            .find("memfd_create")
            .orElseThrow(),
        FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
    )

private fun memoryFile(arena: Arena): Int = memfdCreate.invokeWithArguments(arena.allocateFrom("test"), 0) as Int

private fun Arena.timespec(
    seconds: Long,
    nanos: Long,
): MemorySegment =
    allocate(Layouts.TIMESPEC_BYTES.toLong(), Long.SIZE_BYTES.toLong()).also {
        it.set(JAVA_LONG, Layouts.TIMESPEC_SEC.toLong(), seconds)
        it.set(JAVA_LONG, Layouts.TIMESPEC_NSEC.toLong(), nanos)
    }
