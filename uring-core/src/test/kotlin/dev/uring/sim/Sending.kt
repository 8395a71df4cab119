package dev.uring.sim

import dev.uring.driver.DriverSide
import dev.uring.driver.SendOperation
import dev.uring.ffi.NativeMemory
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout

/**
 * A send under way: the memory it was given, and what was in it then.
 *
 * Read as late as the kernel may, and compared with what it was: memory that was given back, or written to, before its
 * time shows here.
 */
internal class Sending(
    val asking: Asking,
    val operation: SendOperation,
) {
    private val parts =
        List(
            DriverSide.partsCount(operation),
        ) { DriverSide.part(operation, it).run { Part(memory(), offset(), length()) } }
    private val bytes = ByteArray(parts.sumOf { it.length }).also { read(it, 0) }

    val isZeroCopy: Boolean = DriverSide.isZeroCopy(operation)
    var isPumping = false
    var sentBytes = 0
        private set
    val leftBytes: Int get() = bytes.size - sentBytes

    private class Part(
        val memory: MemorySegment,
        val offset: Long,
        val length: Int,
    )

    /** The next bytes of it. */
    fun take(count: Int): ByteArray {
        verify()
        return bytes.copyOfRange(sentBytes, sentBytes + count).also { sentBytes += count }
    }

    /** Sees to it that the memory is what it was when it was given. */
    fun verify() {
        val now = ByteArray(bytes.size)
        val world = asking.driver.world
        if (!parts.all { it.memory.scope().isAlive }) {
            throw world.fail("memory of a send was unmapped before its answer: $asking")
        }
        read(now, 0)
        if (!now.contentEquals(bytes)) {
            val at = now.indices.first { now[it] != bytes[it] }
            throw world.fail(
                "memory of a send was changed before ${if (isZeroCopy) "the kernel let go of it" else "its answer"}: " +
                    "byte $at of ${bytes.size}, $asking",
            )
        }
    }

    private fun read(
        into: ByteArray,
        from: Int,
    ) {
        var at = from
        for (part in parts) {
            // By its address, as the kernel does: the memory may be confined to its worker's thread.
            val source = NativeMemory.at(part.memory.address() + part.offset, part.length.toLong())
            MemorySegment.copy(source, ValueLayout.JAVA_BYTE, 0, into, at, part.length)
            at += part.length
        }
    }
}
