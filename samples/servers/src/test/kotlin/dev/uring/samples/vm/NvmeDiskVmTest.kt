package dev.uring.samples.vm

import dev.uring.UringRuntime
import dev.uring.dsl.UringScope
import dev.uring.file.NvmeNamespace
import dev.uring.samples.NvmeTrial
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CoroutineScope
import kotlinx.io.Source
import kotlinx.io.bytestring.ByteString
import org.slf4j.Logger
import org.slf4j.simple.SimpleLogger
import java.io.RandomAccessFile
import java.nio.file.Files
import java.nio.file.Path
import java.util.zip.CRC32
import kotlin.io.path.div
import kotlin.io.path.readBytes
import kotlin.io.path.writeBytes
import kotlin.random.Random
import kotlin.time.Duration.Companion.minutes

/**
 * No disk of this machine can be written over, so another machine is made: qemu emulates it and two NVMe namespaces,
 * and `NvmeSmoke` runs there on a kernel of its own. The files behind the namespaces are compared here afterwards.
 */
class NvmeDiskVmTest :
    FunSpec({
        val root = Path.of(System.getProperty("uring.root"))
        val tools = VirtualMachine.Tools.find(root)

        test("a disk gives back what commands wrote to it, in all ways to ask, and says what it refuses").config(
            enabledOrReasonIf = { enabledWith(tools) },
        ) {
            val folder = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "vm")
            try {
                val machine = VirtualMachine(tools.getOrThrow(), folder)
                val disks =
                    listOf(
                        VirtualMachine.Disk(folder / "disk-1", 1, 512),
                        VirtualMachine.Disk(folder / "disk-7", 7, 4096),
                    )
                val first = disks.associateWith { it.create() }
                val guest = GuestSystem(folder, tools.getOrThrow().busybox)
                val console = machine.run(guest.build(nvmeSmoke, neededClasses), disks, within = 5.minutes)

                console shouldContain "status=0"
                val said = console.dropWhile { !it.startsWith("/dev/ng0n1: ") }.takeWhile { it != "status=0" }
                val (small, large) = said.splitAt { it.startsWith("/dev/ng0n2: ") }
                small shouldBe outcomes("/dev/ng0n1", disks[0], first.getValue(disks[0]))
                large shouldBe outcomes("/dev/ng0n2", disks[1], first.getValue(disks[1]))
                disks.forEach { it.checkContent(first.getValue(it)) }
            } finally {
                folder.toFile().deleteRecursively()
            }
        }
    })

/** With CI=true a missing tool fails the test, unless whoever calls it has said why there is none. */
private fun enabledWith(tools: Result<VirtualMachine.Tools>): Enabled {
    val reason = System.getenv("URING_TEST_NO_VM") ?: tools.exceptionOrNull()?.message
    val isRequired = System.getenv("CI") == "true" && System.getenv("URING_TEST_NO_VM") == null
    return if (reason == null || isRequired) Enabled.enabled else Enabled.disabled("no virtual machine: $reason")
}

private val nvmeSmoke =
    GuestSystem.Program(
        mainClass = "dev.uring.samples.NvmeSmokeKt",
        arguments = listOf("/dev/ng0n1", "/dev/ng0n2", "--overwrite"),
        devices = listOf("/dev/ng0n1", "/dev/ng0n2"),
        jvmOptions =
            listOf(
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx128m",
                "--enable-native-access=ALL-UNNAMED",
            ),
    )

/** One of each jar that the program needs. */
private val neededClasses =
    listOf(
        NvmeTrial::class,
        UringScope::class,
        UringRuntime::class,
        Unit::class,
        CoroutineScope::class,
        Source::class,
        ByteString::class,
        Logger::class,
        SimpleLogger::class,
    )

private const val DISK_BYTES = 16L shl 20
private const val FIRST_BLOCKS = 8

/** Random at first, as far as the program looks; nothing behind. Returns what it was. */
private fun VirtualMachine.Disk.create(): ByteArray {
    val first = Random(namespace).nextBytes(FIRST_BLOCKS * blockBytes)
    file.writeBytes(first)
    RandomAccessFile(file.toFile(), "rw").use { it.setLength(DISK_BYTES) }
    return first
}

/** What `NvmeSmoke` says of a disk that works; qemu's controller takes half a mebibyte for each command. */
private fun outcomes(
    path: String,
    disk: VirtualMachine.Disk,
    first: ByteArray,
): List<String> {
    val namespace = NvmeNamespace(disk.namespace, disk.blockBytes, DISK_BYTES / disk.blockBytes, 512 * 1024)
    val blocks = namespace.blocksCount
    val block = path.replace("ng", "nvme")
    val tooMany = namespace.commandBytesMax / disk.blockBytes + 1
    val outOfRange = "NVMe status=0x4080 (type 0, code 0x80: block out of range)"
    val isNoDevice =
        "it takes no such commands. Open the generic character device: /dev/ng0n1, for example, where the block " +
            "device is /dev/nvme0n1."
    val isInvalid = "it is more than commandBytesMax=524288 bytes, or the device is of another namespace."
    return listOf(
        "$path: $namespace",
        "first $FIRST_BLOCKS blocks: CRC-32 %08x".format(CRC32().apply { update(first) }.value),
        "flush: done",
        "one block: read as written",
        "97 blocks in one command: read as written",
        "one of them alone: read as written",
        "memory that begins at an odd address: read as written",
        "300 commands at a time: read as written",
        "flush after writing: done",
        "as much as a command may read: done",
        "a block more: cannot read $path: EINVAL (invalid argument), block=0, blocks=$tooMany, " +
            "namespace=${disk.namespace}.  Likely cause: $isInvalid",
        "a block behind the end: cannot read $path: $outOfRange, block=$blocks, blocks=1, namespace=${disk.namespace}",
        "writing over the end: cannot write $path: $outOfRange, block=${blocks - 1}, blocks=2, " +
            "namespace=${disk.namespace}",
        "a namespace of another number: cannot read $path: EINVAL (invalid argument), block=0, blocks=1, " +
            "namespace=${disk.namespace + 100}.  Likely cause: $isInvalid",
        "the block device: cannot read $block: EOPNOTSUPP (operation not supported), block=0, blocks=1, " +
            "namespace=${disk.namespace}.  Likely cause: $isNoDevice",
        "the block device without facts: cannot ask the namespace of $block: it is not the generic character device " +
            "of an NVMe disk.  Commands go to /dev/ng0n1, for example, where the disk as a block device is " +
            "/dev/nvme0n1.",
        "a block after that: read as written",
        "closed with commands under way: 64 of 64 answered",
    )
}

/** Looks into the file behind a disk: what commands wrote is at the right place, and nothing else was touched. */
private fun VirtualMachine.Disk.checkContent(first: ByteArray) {
    val content = file.readBytes()
    val expected = first.copyOf(content.size)
    val written = listOf(NvmeTrial.SINGLE_AT to 1, NvmeTrial.ODD_AT to 3, NvmeTrial.TRAIN_AT to NvmeTrial.TRAIN_BLOCKS)
    for ((from, count) in written + (NvmeTrial.DEPTH_AT to NvmeTrial.DEPTH)) {
        for (block in from until from + count) {
            NvmeTrial.patternOf(block, blockBytes).copyInto(expected, Math.toIntExact(block * blockBytes))
        }
    }
    withClue(file) { content.indices.firstOrNull { content[it] != expected[it] } shouldBe null }
}

/** The lines before the first that [begins] another part, and the rest. */
private fun List<String>.splitAt(begins: (String) -> Boolean): Pair<List<String>, List<String>> =
    indexOfFirst(begins).let { take(it.coerceAtLeast(0)) to drop(it.coerceAtLeast(0)) }
