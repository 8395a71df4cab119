package dev.uring.testing

import dev.uring.net.SendGuard
import dev.uring.worker.Worker
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.util.concurrent.atomic.AtomicInteger

/** Memory to hand over, that counts its releases and sees to it that they come on a worker. */
internal class Guarded(
    bytes: ByteArray,
    private val onReleased: () -> Unit = {},
) : SendGuard {
    private val memory =
        Arena.ofAuto().allocate(bytes.size.toLong()).also { it.copyFrom(MemorySegment.ofArray(bytes)) }
    private val counted = AtomicInteger()

    val releases: Int get() = counted.get()

    override fun memory(): MemorySegment = memory

    override fun released() {
        checkNotNull(Worker.current()) { "released on ${Thread.currentThread().name}" }
        counted.incrementAndGet()
        // Whoever reads the memory from now on, the kernel above all, would read this.
        memory.fill(0x5A)
        onReleased()
    }
}
