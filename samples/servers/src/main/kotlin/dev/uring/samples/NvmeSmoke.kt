package dev.uring.samples

import dev.uring.dsl.flushBlocks
import dev.uring.dsl.openNvmeDevice
import dev.uring.dsl.readBlocks
import dev.uring.dsl.uring
import dev.uring.file.WorkerFiles
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.name
import kotlin.time.measureTime

/**
 * Reads the first blocks of an NVMe disk by passthrough commands and flushes it; writes nothing. The argument is the
 * generic character device, by default the first one that there is. Needs the right to open it, usually root's.
 */
suspend fun main(args: Array<String>) {
    val path = args.firstOrNull() ?: firstDevice()
    if (path == null) {
        println("skipped: this machine has no NVMe device (no /dev/ng*)")
        return
    }
    uring {
        val namespace = path.substringAfterLast('n').toInt()
        val device = openNvmeDevice(path, namespace, blockBytesOf(path))
        val buffer = WorkerFiles.of(runtime.worker(0)).buffer(BLOCKS * device.blockBytes())
        val duration =
            measureTime {
                device.readBlocks(0, BLOCKS, buffer)
                device.flushBlocks()
            }
        val zeros = buffer.view(0, buffer.capacity()).toByteArray().count { it == 0.toByte() }
        println(
            "$path: read $BLOCKS blocks of ${device.blockBytes()} bytes and flushed in $duration; $zeros zero bytes",
        )
        buffer.close()
        device.close()
    }
}

private fun firstDevice(): String? =
    Files.list(Path.of("/dev")).use { entries ->
        entries
            .filter { it.name.matches(Regex("ng\\d+n\\d+")) }
            .map { it.toString() }
            .sorted()
            .findFirst()
            .orElse(null)
    }

/** `/dev/ng0n1` is the character device of the disk that is `nvme0n1` as a block device. */
private fun blockBytesOf(path: String): Int {
    val disk = Path.of(path).name.replaceFirst("ng", "nvme")
    return Files.readString(Path.of("/sys/block/$disk/queue/logical_block_size")).trim().toInt()
}

private const val BLOCKS = 8
