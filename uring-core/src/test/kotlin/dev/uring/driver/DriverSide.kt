package dev.uring.driver

/**
 * The side of operations and buffers that only drivers see, for a driver that lives elsewhere: the simulated one.
 */
internal object DriverSide {
    // Any number that is none: only whether there is one has a meaning outside a ring.
    private const val SLOT_TAKEN = 0

    /** Notes that an asking is under way; says whether one was already. */
    fun begin(operation: Operation): Boolean {
        val isFree = operation.slot == Operation.NO_SLOT
        operation.slot = SLOT_TAKEN
        return isFree
    }

    fun end(operation: Operation) {
        operation.slot = Operation.NO_SLOT
    }

    fun complete(
        operation: Operation,
        result: Int,
        bufferId: Int,
        isLast: Boolean,
    ) = operation.completed(result, bufferId, isLast)

    fun partsCount(send: SendOperation): Int = send.partsCount()

    fun part(
        send: SendOperation,
        index: Int,
    ): SendPart = send.part(index)

    fun isZeroCopy(send: SendOperation): Boolean = send.isZeroCopy

    fun memoryReleased(
        send: SendOperation,
        wasCopied: Boolean,
    ) = send.memoryReleased(wasCopied)

    fun lend(
        buffers: ReceiveBuffers,
        bufferId: Int,
    ) = buffers.lend(bufferId)

    fun release(
        buffers: ReceiveBuffers,
        bufferId: Int,
    ) = buffers.release(bufferId)
}
