package dev.uring.driver

import dev.uring.abi.Layouts
import dev.uring.buffer.BlockPool
import java.lang.foreign.MemorySegment

/** As [DriverSide], for what is asked about files. */
internal object FileSide {
    /** Gives an operation the memory that the facts about a file are written to; it gives it back itself. */
    fun prepare(
        status: StatusOperation,
        blocks: BlockPool,
    ): MemorySegment {
        val block = blocks.take(Layouts.STATX_BYTES)
        status.facts = block
        return block.memory().asSlice(block.offset(), Layouts.STATX_BYTES.toLong())
    }
}
