package dev.uring.samples

import dev.uring.base.FileException
import dev.uring.dsl.flushBlocks
import dev.uring.dsl.openNvmeDevice
import dev.uring.dsl.readBlocks
import dev.uring.dsl.writeBlocks
import dev.uring.file.FileBuffer
import dev.uring.file.NvmeDevice
import dev.uring.file.NvmeNamespace
import dev.uring.file.WorkerFiles
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.future.await
import kotlinx.coroutines.launch
import java.nio.ByteBuffer

/**
 * Writes over a disk and reads it back in all the ways that an NVMe command can be asked for, then asks for what the
 * disk must refuse. A line for each; a disk that does not give back what was written ends it with an exception.
 *
 * On a worker.
 */
internal class NvmeTrial(
    private val device: NvmeDevice,
    private val files: WorkerFiles,
) {
    private val blockBytes = device.blockBytes()

    suspend fun run() {
        writeAndReadBack("one block", SINGLE_AT, 1)
        writeAndReadBack("$TRAIN_BLOCKS blocks in one command", TRAIN_AT, TRAIN_BLOCKS)
        readBack("one of them alone", TRAIN_AT + TRAIN_BLOCKS / 2, 1)
        // Drivers copy what a controller cannot reach where it lies: these take another way through the kernel.
        writeAndReadBack("memory that begins at an odd address", ODD_AT, 3, from = 1)
        commandsAtATime()
        device.flushBlocks()
        println("flush after writing: done")
        refusals()
        closeUnderWay()
    }

    private suspend fun writeAndReadBack(
        what: String,
        block: Long,
        blocksCount: Int,
        from: Int = 0,
    ) {
        files.buffer(from + blocksCount * blockBytes).use { buffer ->
            repeat(blocksCount) { buffer.put(from + it * blockBytes, patternOf(block + it, blockBytes), 0, blockBytes) }
            device.writeBlocks(block, blocksCount, buffer, from)
        }
        readBack(what, block, blocksCount, from)
    }

    private suspend fun readBack(
        what: String,
        block: Long,
        blocksCount: Int,
        from: Int = 0,
    ) {
        files.buffer(from + blocksCount * blockBytes).use { buffer ->
            buffer.memory().fill(0)
            device.readBlocks(block, blocksCount, buffer, from)
            repeat(blocksCount) { checkBlock(block + it, buffer, from + it * blockBytes) }
        }
        println("$what: read as written")
    }

    /** More than the ring of commands and most disks hold: the rest waits its turn. */
    private suspend fun commandsAtATime() {
        files.buffer(DEPTH * blockBytes).use { buffer ->
            repeat(DEPTH) { buffer.put(it * blockBytes, patternOf(DEPTH_AT + it, blockBytes), 0, blockBytes) }
            coroutineScope {
                repeat(DEPTH) { launch { device.writeBlocks(DEPTH_AT + it, 1, buffer, it * blockBytes) } }
            }
            buffer.memory().fill(0)
            coroutineScope {
                repeat(DEPTH) { launch { device.readBlocks(DEPTH_AT + it, 1, buffer, it * blockBytes) } }
            }
            repeat(DEPTH) { checkBlock(DEPTH_AT + it, buffer, it * blockBytes) }
        }
        println("$DEPTH commands at a time: read as written")
    }

    private suspend fun refusals() {
        val namespace = device.namespace()
        val most = namespace.commandBytesMax
        files.buffer(most + blockBytes).use { buffer ->
            device.readBlocks(0, most / blockBytes, buffer)
            println("as much as a command may read: done")
            refusal("a block more") { device.readBlocks(0, most / blockBytes + 1, buffer) }
            refusal("a block behind the end") { device.readBlocks(namespace.blocksCount, 1, buffer) }
            refusal("writing over the end") { device.writeBlocks(namespace.blocksCount - 1, 2, buffer) }
            val other =
                NvmeNamespace(namespace.number + 100, blockBytes, namespace.blocksCount, namespace.commandBytesMax)
            refusal("a namespace of another number", device.path(), other) { it.readBlocks(0, 1, buffer) }
            val blockDevice = device.path().replace("/ng", "/nvme")
            refusal("the block device", blockDevice, namespace) { it.readBlocks(0, 1, buffer) }
            refusal("the block device without facts") { openNvmeDevice(blockDevice).close().await() }
        }
        readBack("a block after that", SINGLE_AT, 1)
    }

    private suspend fun refusal(
        what: String,
        path: String,
        namespace: NvmeNamespace,
        command: suspend (NvmeDevice) -> Unit,
    ) {
        val opened = openNvmeDevice(path, namespace)
        refusal(what) { command(opened) }
        opened.close().await()
    }

    private suspend fun refusal(
        what: String,
        command: suspend () -> Unit,
    ) {
        val said =
            try {
                command()
                "no refusal"
            } catch (refusal: FileException) {
                refusal.message.orEmpty().replace("\n", "")
            }
        println("$what: $said")
    }

    /** The device is closed while its commands are with the disk: it goes when the last one has been answered. */
    private suspend fun closeUnderWay() {
        val twin = openNvmeDevice(device.path())
        var answered = 0
        files.buffer(CLOSED_DEPTH * blockBytes).use { buffer ->
            coroutineScope {
                repeat(CLOSED_DEPTH) {
                    launch {
                        twin.readBlocks(DEPTH_AT + it, 1, buffer, it * blockBytes)
                        checkBlock(DEPTH_AT + it, buffer, it * blockBytes)
                        answered++
                    }
                }
                // Behind the commands in the worker's queue, before any answer.
                launch { twin.close() }
            }
        }
        println("closed with commands under way: $answered of $CLOSED_DEPTH answered")
    }

    private fun checkBlock(
        block: Long,
        buffer: FileBuffer,
        from: Int,
    ) {
        val read = buffer.view(from, blockBytes).toByteArray()
        val written = patternOf(block, blockBytes)
        val differs = read.indices.firstOrNull { read[it] != written[it] } ?: return
        error(
            "block $block of ${device.path()}: byte $differs was written as ${written[differs]} and " +
                "read as ${read[differs]}",
        )
    }

    companion object {
        const val SINGLE_AT = 8L
        const val ODD_AT = 50L
        const val TRAIN_AT = 100L
        const val TRAIN_BLOCKS = 97
        const val DEPTH_AT = 1_000L
        const val DEPTH = 300
        private const val CLOSED_DEPTH = 64

        /** What the trial writes to a block: no two blocks, and no two words of a block, are the same. */
        fun patternOf(
            block: Long,
            blockBytes: Int,
        ): ByteArray {
            val pattern = ByteBuffer.allocate(blockBytes)
            for (word in 0 until blockBytes / Long.SIZE_BYTES) pattern.putLong((block shl 16 or word.toLong()) * MIXER)
            return pattern.array()
        }

        // An odd factor is a permutation of all longs; this one, of the golden ratio, moves every bit.
        private const val MIXER = -0x61c8864680b583ebL
    }
}
