package dev.uring.sim

import dev.uring.driver.ReceiveBuffers
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment

/** Receive buffers that the simulated kernel fills ahead of the program, and that lie in ruins when they are given back. */
internal class SimReceiveBuffers(
    count: Int,
    val bufferBytes: Int,
    private val headroomBytes: Int,
    arena: Arena,
    private val onGivenBack: () -> Unit,
) : ReceiveBuffers(count) {
    private val strideBytes = (headroomBytes + bufferBytes).toLong()
    private val memory = arena.allocate(count * strideBytes, ALIGNMENT_BYTES)
    private val free = ArrayDeque((0 until count).toList())

    /** Filled, and not delivered yet. */
    var filledCount = 0
        private set

    val freeCount: Int get() = free.size

    override fun memory(): MemorySegment = memory

    override fun offset(bufferId: Int): Long = bufferId * strideBytes + headroomBytes

    override fun headroomBytes(): Int = headroomBytes

    /** Takes one for the kernel to fill; null when none is free. */
    fun take(): Int? = free.removeFirstOrNull()?.also { filledCount++ }

    /** Takes back what [take] gave: nothing is to be told of it. */
    fun untake(bufferId: Int) {
        filledCount--
        free.addFirst(bufferId)
    }

    override fun taken() {
        filledCount--
    }

    override fun giveBack(bufferId: Int) {
        // Whoever looks at it from now on sees nothing that could be taken for data.
        memory.asSlice(offset(bufferId) - headroomBytes, strideBytes).fill(RUIN)
        free.addLast(bufferId)
        onGivenBack()
    }

    private companion object {
        const val ALIGNMENT_BYTES = 64L
        const val RUIN: Byte = 0x5D
    }
}
