package dev.uring.sim

import dev.uring.driver.Driver
import dev.uring.driver.Operation
import dev.uring.driver.ReceiveBuffers

/** One thing that a worker has asked for, from the call that asks until its last answer is delivered. */
internal class Asking(
    val driver: SimDriver,
    val operation: Operation,
    val kind: String,
    val socket: SimSocket?,
) {
    /** Whether something is about to happen with it already. */
    var isPumping = false

    /** Whether the last answer is on its way. */
    var isOver = false
        private set

    /** Whether it only keeps memory of the program's, and names no socket any more. */
    var isOnlyNotification = false

    /** Does [action] after the time that the kernel takes. */
    fun later(action: () -> Unit) {
        val world = driver.world
        world.after(world.draw(world.faults.completionDelay.nanos)) { if (!driver.isClosed) action() }
    }

    fun answer(
        result: Int,
        bufferId: Int = Driver.NO_BUFFER,
    ) = driver.post(Answer(this, result, bufferId, isLast = false))

    fun finish(
        result: Int,
        bufferId: Int = Driver.NO_BUFFER,
    ) {
        isOver = true
        driver.post(Answer(this, result, bufferId, isLast = true))
    }

    /** An answer with a buffer that is not one of those for streams. */
    fun bring(
        result: Int,
        bufferId: Int,
        buffers: ReceiveBuffers,
        isLast: Boolean,
    ) {
        isOver = isLast
        driver.post(Answer(this, result, bufferId, isLast, buffers = buffers))
    }

    /** The kernel has let go of the memory of a zero-copy send. */
    fun finishNotification(wasCopied: Boolean) {
        isOver = true
        driver.post(Answer(this, if (wasCopied) 1 else 0, Driver.NO_BUFFER, isLast = true, isNotification = true))
    }

    override fun toString(): String = "$kind on $socket"
}

/** What a worker hears of what it asked. */
internal class Answer(
    val asking: Asking,
    val result: Int,
    val bufferId: Int,
    val isLast: Boolean,
    val isNotification: Boolean = false,
    /** Where the buffer is from; null for those of streams. */
    val buffers: ReceiveBuffers? = null,
)
