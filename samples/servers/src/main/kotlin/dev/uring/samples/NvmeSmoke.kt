package dev.uring.samples

import dev.uring.dsl.flushBlocks
import dev.uring.dsl.openNvmeDevice
import dev.uring.dsl.readBlocks
import dev.uring.dsl.uring
import dev.uring.file.NvmeDevice
import dev.uring.file.WorkerFiles
import java.nio.file.Files
import java.nio.file.Path
import java.util.zip.CRC32
import kotlin.io.path.name

/**
 * Tries NVMe disks by passthrough commands: `NvmeSmoke [DEVICE…] [--overwrite]`.
 *
 * Reads the first blocks and flushes; writes only with `--overwrite`, which destroys what is on the disks: see
 * [NvmeTrial]. A device is the generic character device, such as `/dev/ng0n1`; by default every one that there is.
 * Needs the right to open it, usually root's.
 */
suspend fun main(args: Array<String>) {
    val named = args.filter { it != OVERWRITE }
    val overwrites = OVERWRITE in args
    require(!overwrites || named.isNotEmpty()) { "name the devices whose content $OVERWRITE may destroy" }
    val paths = named.ifEmpty { devices() }
    if (paths.isEmpty()) {
        println("skipped: this machine has no NVMe device (no /dev/ng*)")
        return
    }
    uring {
        val files = WorkerFiles.of(runtime.worker(0))
        for (path in paths) {
            val device = openNvmeDevice(path)
            println("$path: ${device.namespace()}")
            readAndFlush(device, files)
            if (overwrites) NvmeTrial(device, files).run()
            device.close()
        }
    }
}

private suspend fun readAndFlush(
    device: NvmeDevice,
    files: WorkerFiles,
) {
    files.buffer(FIRST_BLOCKS * device.blockBytes()).use { buffer ->
        device.readBlocks(0, FIRST_BLOCKS, buffer)
        val read = buffer.view(0, FIRST_BLOCKS * device.blockBytes()).toByteArray()
        println("first $FIRST_BLOCKS blocks: CRC-32 %08x".format(CRC32().apply { update(read) }.value))
    }
    device.flushBlocks()
    println("flush: done")
}

private fun devices(): List<String> =
    Files.list(Path.of("/dev")).use { entries ->
        entries
            .filter { it.name.matches(Regex("ng\\d+n\\d+")) }
            .map { it.toString() }
            .sorted()
            .toList()
    }

private const val OVERWRITE = "--overwrite"
private const val FIRST_BLOCKS = 8
