package dev.uring.dsl

import dev.uring.net.OwnedBytes
import kotlinx.io.bytestring.ByteString
import kotlinx.io.bytestring.unsafe.UnsafeByteStringApi
import kotlinx.io.bytestring.unsafe.UnsafeByteStringOperations
import kotlin.time.Duration

/**
 * Waits for bytes and gives them to the program to keep, outside the garbage-collected heap.
 *
 * ### Shapes and units
 * Everything that has arrived, 1 byte or more, or null when the peer has finished sending.
 * ### Ownership
 * The caller owns them and closes them exactly once, whenever it likes; until then they count in
 * `WorkerSnapshot.blocksHeld`. One copy, out of the receive buffer; none when they lay in the connection's own memory
 * already.
 * ### Threading and cancellation
 * As [Connection.receive]. Bytes are taken only when the call returns them: a cancelled one leaves them in the connection.
 * ### Errors
 * As [Connection.receive] · [PoolExhaustedException][dev.uring.base.PoolExhaustedException] the pool is at
 * `blockPoolBytesMax`; the bytes are still in the connection.
 *
 * @sample samples.dsl.keepArrivals
 */
public suspend fun Connection.receiveOwned(timeout: Duration = Duration.INFINITE): OwnedBytes? {
    var owned: OwnedBytes? = null
    receive(timeout) { view ->
        owned = input.own(view.size())
        0
    }
    return owned
}

/** Waits for exactly [bytes] bytes and gives them to the program; as [receiveOwned], and null as in [readExactly]. */
public suspend fun Connection.readOwned(
    bytes: Int,
    timeout: Duration = Duration.INFINITE,
): OwnedBytes? {
    var owned: OwnedBytes? = null
    require(bytes > 0) { "readOwned($bytes): at least 1 byte can be read" }
    readMessage(
        timeout,
        leastBytes = bytes,
        measure = { view, _ -> if (view.size() >= bytes) bytes else -bytes },
        take = { _, total ->
            owned = input.own(total)
            0
        },
    )
    return owned
}

/**
 * Waits for bytes and returns a copy of them on the heap, for the garbage collector to free: one copy.
 *
 * Everything that has arrived, 1 byte or more, or null when the peer has finished sending; otherwise as
 * [Connection.receive].
 */
public suspend fun Connection.receiveByteArray(timeout: Duration = Duration.INFINITE): ByteArray? {
    var bytes: ByteArray? = null
    receive(timeout) { view ->
        bytes = view.toByteArray()
        view.size()
    }
    return bytes
}

/** As [receiveByteArray], immutable. One copy, too. */
@OptIn(UnsafeByteStringApi::class)
public suspend fun Connection.receiveByteString(timeout: Duration = Duration.INFINITE): ByteString? =
    // Unsafe only in that the array is not copied again; nobody else has it.
    receiveByteArray(timeout)?.let(UnsafeByteStringOperations::wrapUnsafe)
