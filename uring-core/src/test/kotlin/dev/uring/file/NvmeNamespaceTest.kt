package dev.uring.file

import dev.uring.base.FileException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlin.io.path.createDirectories
import kotlin.io.path.createFile
import kotlin.io.path.createSymbolicLinkPointingTo
import kotlin.io.path.writeText

/** Against files as the kernel shows them; see the virtual machine of the samples for a kernel that does. */
class NvmeNamespaceTest :
    FunSpec({
        val folder = tempdir().toPath()
        val device = folder.resolve("ng3n2").createFile()
        val description = folder.resolve("block/nvme3n2/queue").createDirectories().parent

        test("a namespace is what the block device of the same numbers says, whatever name leads to it") {
            description.resolve("nsid").writeText("7\n")
            description.resolve("size").writeText("2048\n")
            description.resolve("queue/logical_block_size").writeText("4096\n")
            description.resolve("queue/max_hw_sectors_kb").writeText("512\n")
            val link = folder.resolve("disk").createSymbolicLinkPointingTo(device)
            for (path in listOf(device, link)) {
                NvmeNamespace.of("$path", folder.resolve("block")) shouldBe NvmeNamespace(7, 4096, 256, 1 shl 19)
            }
        }

        test("what is no generic character device is refused with the name of one") {
            val block = folder.resolve("nvme0n1").createFile()
            shouldThrow<FileException> { NvmeNamespace.of("$block") }.message shouldBe
                "cannot ask the namespace of $block: it is not the generic character device of an NVMe disk.\n" +
                "  Commands go to /dev/ng0n1, for example, where the disk as a block device is /dev/nvme0n1."
            shouldThrow<FileException> { NvmeNamespace.of("$folder/none") }.message shouldBe
                "cannot ask the namespace of $folder/none: there is no such file."
        }

        test("a device that the kernel does not describe is refused with what is missing") {
            val other = folder.resolve("ng9n9").createFile()
            shouldThrow<FileException> { NvmeNamespace.of("$other", folder.resolve("block")) }.message shouldContain
                "its description in $folder/block/nvme9n9 cannot be read"
        }

        test("facts that no namespace can have are refused with their values") {
            for (facts in listOf(
                listOf(0, 512, 512),
                listOf(1, 513, 1024),
                listOf(1, 1 shl 17, 1 shl 17),
                listOf(1, 512, 1),
            )) {
                val (number, blockBytes, commandBytes) = facts
                shouldThrow<IllegalArgumentException> { NvmeNamespace(number, blockBytes, 1, commandBytes) }
                    .message shouldBe "number=$number must be 1 or more, blockBytes=$blockBytes a power of two up to " +
                    "65536, blocksCount=1 not negative, commandBytesMax=$commandBytes a block or more"
            }
        }
    })
