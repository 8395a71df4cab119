package dev.uring.ring

import dev.uring.abi.Errno
import dev.uring.base.RingSetupException
import dev.uring.ffi.Libc
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.lang.foreign.Arena
import java.lang.foreign.ValueLayout.JAVA_BYTE
import java.nio.file.Files
import java.nio.file.Path

private const val GROUP = 7

class BufferRingKernelTest :
    FunSpec({
        kernelTest("received bytes lie at the buffer's offset and the headroom stays untouched") {
            withSocketPair { left, right ->
                withRing { ring ->
                    val buffers = ring.newBufferRing(GROUP, 4, 256, 100)
                    buffers.headroomBytes() shouldBe 128
                    buffers.memory().fill(0x55)
                    ring.queue { it.prepRecvMultishot(left, GROUP) }
                    ring.enter(0, 0)
                    repeat(4) { round ->
                        write(right, "message $round")
                        val cqe = ring.await(1).single()
                        (cqe.result to cqe.hasMore) shouldBe (9 to true)
                        val offset = buffers.offset(cqe.bufferId)
                        String(buffers.memory().bytesAt(offset, 9)) shouldBe "message $round"
                        buffers.address(cqe.bufferId) shouldBe buffers.memory().address() + offset
                        buffers.memory().bytesAt(offset - 128, 128).all { it == 0x55.toByte() } shouldBe true
                        buffers.memory().get(JAVA_BYTE, offset + 9) shouldBe 0x55.toByte()
                        buffers.add(cqe.bufferId)
                        buffers.publish()
                    }
                }
            }
        }

        kernelTest("a message larger than a buffer arrives in several, none of them overfilled") {
            withSocketPair { left, right ->
                withRing { ring ->
                    val buffers = ring.newBufferRing(GROUP, 8, 100, 0)
                    val message = ByteArray(350) { it.toByte() }
                    ring.queue { it.prepRecvMultishot(left, GROUP) }
                    write(right, message)
                    val received = ring.await(4)
                    received.map(Cqe::result) shouldBe listOf(100, 100, 100, 50)
                    val bytes =
                        received.flatMap {
                            buffers
                                .memory()
                                .bytesAt(
                                    buffers.offset(it.bufferId),
                                    it.result,
                                ).toList()
                        }
                    bytes shouldBe message.toList()
                }
            }
        }

        kernelTest("a receive without a free buffer ends with ENOBUFS and goes on after one is added") {
            withSocketPair { left, right ->
                withRing { ring ->
                    val buffers = ring.newBufferRing(GROUP, 2, 64, 0)
                    ring.queue { it.prepRecvMultishot(left, GROUP) }
                    write(right, ByteArray(160) { 1 })
                    val (first, second, starved) = ring.await(3)
                    listOf(first.result, second.result, starved.result) shouldBe listOf(64, 64, -Errno.ENOBUFS)
                    starved.hasMore shouldBe false

                    buffers.add(second.bufferId)
                    buffers.publish()
                    ring.queue { it.prepRecvMultishot(left, GROUP) }
                    val recovered = ring.await(1).single()
                    (recovered.result to recovered.bufferId) shouldBe (32 to second.bufferId)
                }
            }
        }

        kernelTest("added buffers stay with us until they are published") {
            withSocketPair { left, right ->
                withRing { ring ->
                    val buffers = ring.newBufferRing(GROUP, 1, 64, 0)
                    write(right, "a")
                    ring.complete { it.prepRecvSelect(left, GROUP) }.result shouldBe 1
                    buffers.add(0)
                    write(right, "b")
                    ring.complete { it.prepRecvSelect(left, GROUP) }.result shouldBe -Errno.ENOBUFS
                    buffers.publish()
                    ring.complete { it.prepRecvSelect(left, GROUP) }.result shouldBe 1
                }
            }
        }

        kernelTest("the tail wraps around its sixteen bits") {
            withSocketPair { left, right ->
                withRing { ring ->
                    val buffers = ring.newBufferRing(GROUP, 2, 64, 0)
                    ring.queue { it.prepRecvMultishot(left, GROUP) }
                    Arena.ofConfined().use { arena ->
                        val byte = arena.allocate(1)
                        repeat(70_000) { round ->
                            byte.set(JAVA_BYTE, 0, round.toByte())
                            Libc.write(right, byte)
                            val cqe = ring.await(1).single()
                            check(cqe.result == 1 && cqe.hasMore) { "round $round: $cqe" }
                            check(buffers.memory().get(JAVA_BYTE, buffers.offset(cqe.bufferId)) == round.toByte())
                            buffers.add(cqe.bufferId)
                            buffers.publish()
                        }
                    }
                }
            }
        }

        kernelTest("a group closed and made again works, a closed one is gone for the kernel") {
            withSocketPair { left, right ->
                withRing { ring ->
                    ring.newBufferRing(GROUP, 2, 64, 0).close()
                    write(right, "x")
                    ring.complete { it.prepRecvSelect(left, GROUP) }.result shouldBe -Errno.ENOBUFS
                    ring.newBufferRing(GROUP, 2, 64, 0)
                    ring.complete { it.prepRecvSelect(left, GROUP) }.result shouldBe 1
                }
            }
        }

        kernelTest("the largest ring of the default size touches no memory until it is used") {
            withRing { ring ->
                val before = residentBytes()
                ring.newBufferRing(GROUP, 1024, 32 * 1024, 512)
                check(residentBytes() - before < 16 * 1024 * 1024) { "32 MiB of buffers became resident at once" }
            }
        }

        kernelTest("a group in use is refused with its number") {
            withRing { ring ->
                ring.newBufferRing(GROUP, 2, 64, 0)
                shouldThrow<RingSetupException> { ring.newBufferRing(GROUP, 2, 64, 0) }.message shouldBe
                    """
                    io_uring_register(PBUF_RING) failed: errno=17 (EEXIST), group=7, entries=2.
                      Likely cause: the calling thread is not the ring's owner, or the group is registered already. Check: that the call is made on the thread that enabled the ring, and once per group.
                    """.trimIndent()
            }
        }

        listOf(
            Refused("group=65536 is outside 0..65535", group = 65_536),
            Refused("entries=3 is not a power of two in 1..32768", entries = 3),
            Refused("entries=65536 is not a power of two in 1..32768", entries = 65_536),
            Refused("entries=0 is not a power of two in 1..32768", entries = 0),
            Refused("bufferBytes=0 is outside 1..1073741824", bufferBytes = 0),
            Refused("headroomBytes=-1 is outside 0..1073741824", headroomBytes = -1),
        ).forEach { case ->
            kernelTest("refuses with value and bound: ${case.message}") {
                withRing { ring ->
                    shouldThrow<IllegalArgumentException> {
                        ring.newBufferRing(case.group, case.entries, case.bufferBytes, case.headroomBytes)
                    }.message shouldBe case.message
                }
            }
        }
    })

private data class Refused(
    val message: String,
    val group: Int = 0,
    val entries: Int = 8,
    val bufferBytes: Int = 64,
    val headroomBytes: Int = 0,
)

private fun write(
    fd: Int,
    text: String,
) = write(fd, text.toByteArray())

private fun write(
    fd: Int,
    bytes: ByteArray,
) {
    Arena.ofConfined().use { ok("write", Libc.write(fd, it.bytes(bytes))) shouldBe bytes.size }
}

private fun residentBytes(): Long {
    val status =
        java.nio.file.Files
            .readAllLines(
                java.nio.file.Path
                    .of("/proc/self/status"),
            )
    val line = status.first { it.startsWith("VmRSS:") }
    return line.filter(Char::isDigit).toLong() * 1024
}
