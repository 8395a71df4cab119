package dev.uring.ring

import dev.uring.abi.IoUring
import dev.uring.abi.Nvme
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.lang.foreign.Arena
import java.lang.foreign.ValueLayout
import java.util.HexFormat

class NvmeCommandTest :
    FunSpec({
        test("the command's number is that of the kernel's macro, _IOWR('N', 0x80, struct nvme_uring_cmd)") {
            Nvme.NVME_URING_CMD_IO shouldBe (3 shl 30 or (72 shl 16) or ('N'.code shl 8) or 0x80)
            Nvme.NVME_URING_CMD_IO.toUInt() shouldBe 0xC0484E80u
        }

        test("a read of three blocks is laid out byte for byte as the kernel reads it") {
            Arena.ofConfined().use { arena ->
                val memory = arena.allocate(256, 8).fill(-1)
                val sqe = Sqe(memory, 128)
                sqe.moveTo(128)
                sqe
                    .prepNvmeCommand(
                        7,
                        Nvme.NVME_CMD_READ,
                        5,
                        0x1122334455667788,
                        1536,
                        0xAABBCCDD00112233uL.toLong(),
                        2,
                    ).userData(0x0102030405060708)
                val bytes = memory.asSlice(128).toArray(ValueLayout.JAVA_BYTE)
                HexFormat.of().formatHex(bytes) shouldBe
                    // opcode 46, fd 7, cmd_op, then addr, len and flags unused, user_data, and what follows unused.
                    "2e00000007000000" + "804e48c000000000" + "00".repeat(16) + "0807060504030201" + "00".repeat(8) +
                    // opcode and flags, nsid, cdw2 and cdw3, metadata, addr, metadata_len and data_len.
                    "02000000" + "05000000" + "00".repeat(8) + "00".repeat(8) + "8877665544332211" +
                    "00000000" + "00060000" +
                    // The first block's number, the count minus one, the rest.
                    "33221100" + "ddccbbaa" + "02000000" + "00".repeat(12) + "00".repeat(16)
                IoUring.IORING_OP_URING_CMD shouldBe 46
            }
        }

        test("a ring of ordinary entries refuses the command, which would not fit") {
            Arena.ofConfined().use { arena ->
                val sqe = Sqe(arena.allocate(128, 8), 64)
                sqe.moveTo(0)
                shouldThrow<IllegalStateException> { sqe.prepNvmeCommand(7, 2, 1, 0, 0, 0, 0) }.message shouldBe
                    "an NVMe command needs SQEs of 128 bytes, this ring's have 64: use Ring.createForCommands"
            }
        }

        kernelTest("a ring with large entries goes round its queues many times") {
            Ring.createForCommands(RingOptions.ofSqEntries(8)).use { ring ->
                ring.enable()
                repeat(100) { round ->
                    repeat(5) { ring.queue(userData = round * 5L + it) { sqe -> sqe.prepNop() } }
                    ring.await(5).map { it.userData } shouldBe List(5) { round * 5L + it }
                }
            }
        }
    })
