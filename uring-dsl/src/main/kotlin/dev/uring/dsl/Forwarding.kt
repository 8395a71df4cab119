package dev.uring.dsl

import dev.uring.file.FileForward
import dev.uring.net.Forward
import dev.uring.net.ForwardListener
import dev.uring.net.Relay
import kotlinx.coroutines.suspendCancellableCoroutine
import java.util.concurrent.CompletionException
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException

/**
 * Forwards what this connection has and receives to [target], without a copy, and then the end of input.
 *
 * ### Shapes and units
 * Bytes in order, until the peer has finished sending; then [target] sends a FIN behind the last byte. Returns how many
 * bytes that were, when the last one is with the target's kernel. The receive buffers that the kernel filled are queued
 * for sending as they are (arrivals below `retainBytesMin` are copied, which is cheaper).
 * ### Ownership
 * Both connections stay open, and stay the caller's: half of each is still in use when an answer comes back. While it
 * runs, this connection has no other reader; anybody may write to [target].
 * ### Threading and cancellation
 * Both connections belong to this worker. When more than `sendHighWaterBytes` are unsent at [target] this connection
 * stops receiving until they are `sendLowWaterBytes`: a slow target holds back its source and nobody else. Cancelled, it
 * ends as it stands: what was taken is sent, the rest stays here for the next reader, no FIN follows.
 * ### Errors
 * [ForwardException][dev.uring.base.ForwardException] one of the two was lost or closed here: it says which, why, and
 * after how many bytes · `IllegalArgumentException` [target] lives on another worker · `IllegalStateException` this
 * connection has a reader, or one of the two takes part in another forwarding already.
 *
 * @sample samples.dsl.pipeInto
 */
public suspend fun Connection.forwardTo(target: Connection): Long {
    val bytes = forward { core.forwardTo(target.core, it) }
    target.outgoing.end("forwardTo()")
    return bytes
}

/**
 * Forwards [bytes] bytes, no more and no less, to [target], without a copy.
 *
 * As [forwardTo], but what follows them stays here for the next reader, and an end of input is not forwarded.
 * ### Errors
 * As in [forwardTo]; an end of input before the last byte is a [ForwardException][dev.uring.base.ForwardException] too.
 *
 * @sample samples.dsl.passBody
 */
public suspend fun Connection.forwardExactly(
    target: Connection,
    bytes: Long,
) {
    forward { core.forwardExactly(target.core, bytes, it) }
}

/**
 * Forwards what this connection has and receives into [file], without a copy, up to the end of input.
 *
 * ### Shapes and units
 * Bytes in order, the first one at [position]. Returns how many, when all of them are written: into the page cache, see
 * [UringFile.sync]. The receive buffers that the kernel filled are written from where they lie (arrivals below
 * `retainBytesMin` are copied and gathered).
 * ### Ownership
 * Connection and file stay the caller's. While it runs, this connection has no other reader.
 * ### Threading and cancellation
 * [file] and the connection belong to one worker. While [FileForward.WRITES_MAX] writes are under way the connection
 * does not receive: a slow disk holds back its own uploads. Cancelled, it ends as it stands: what was taken is written,
 * the rest stays here for the next reader. Closing the file then waits for the writes.
 * ### Errors
 * [FileException][dev.uring.base.FileException] a write failed; it says how many bytes were taken and how many of them
 * are in the file without a gap, and those in between are lost ·
 * [ForwardException][dev.uring.base.ForwardException] the connection was lost or closed here; what had arrived is in
 * the file · `IllegalArgumentException` [file] belongs to another worker or is direct · `IllegalStateException` this
 * connection has a reader or is being forwarded already.
 *
 * @sample samples.dsl.storeAll
 */
public suspend fun Connection.forwardTo(
    file: UringFile,
    position: Long = 0,
): Long = forwardInto(file, position, FileForward.UNLIMITED)

/**
 * Forwards [bytes] bytes, no more and no less, into [file], without a copy.
 *
 * As [forwardTo], but what follows them stays here for the next reader, and so does the end of input. One before the
 * last byte is a [ForwardException][dev.uring.base.ForwardException] too.
 *
 * @sample samples.dsl.storeBody
 */
public suspend fun Connection.forwardExactly(
    file: UringFile,
    position: Long,
    bytes: Long,
) {
    forwardInto(file, position, bytes)
}

/**
 * Joins two connections of this worker until both peers have finished, then closes both.
 *
 * ### Shapes and units
 * [Connection.forwardTo] in both directions at once. An end of input in one direction is passed on and the other goes
 * on. Returns the bytes of each direction.
 * ### Ownership
 * Ends both connections, in order when all went well. When it is cancelled it leaves both to the caller, as they stand.
 * ### Threading and cancellation
 * As in [Connection.forwardTo]. A server that shuts down leaves it alone while it drains, since nobody can tell from
 * bytes whether a message is whole; after `drainTimeout` the handler is cancelled, and its connections are reset.
 * ### Errors
 * As in [Connection.forwardTo]; then both connections are reset, so that neither peer takes half a message for the
 * whole.
 *
 * @sample samples.dsl.proxy
 */
public suspend fun relay(
    first: Connection,
    second: Connection,
): RelayedBytes {
    first.input.handOver()
    second.input.handOver()
    try {
        val bytes =
            suspendCancellableCoroutine { continuation ->
                val relay =
                    Relay.start(first.core, second.core) { relay, failure ->
                        if (failure == null) {
                            continuation.resume(RelayedBytes(relay.bytesFromFirst(), relay.bytesFromSecond()))
                        } else {
                            continuation.resumeWithException(failure)
                        }
                    }
                continuation.invokeOnCancellation { first.worker.executeUnlessStopped { relay.stop() } }
            }
        // The core has closed them; here it is said again for those who wait for the one or the other.
        first.close()
        second.close()
        return bytes
    } catch (failure: dev.uring.base.ForwardException) {
        first.abort()
        second.abort()
        throw failure
    }
}

/** What a [relay] carried. */
public class RelayedBytes internal constructor(
    /** Bytes from the first connection to the second. */
    public val fromFirst: Long,
    /** Bytes from the second connection to the first. */
    public val fromSecond: Long,
) {
    override fun toString(): String = "RelayedBytes(fromFirst=$fromFirst, fromSecond=$fromSecond)"
}

private suspend fun Connection.forward(start: (ForwardListener) -> Forward): Long {
    input.handOver()
    return suspendCancellableCoroutine { continuation ->
        val forward =
            start { forward, failure ->
                if (failure == null) continuation.resume(forward.bytes()) else continuation.resumeWithException(failure)
            }
        // Queued before the cancelled coroutine is, and so done when that runs: it may read on at once.
        continuation.invokeOnCancellation { worker.executeUnlessStopped { forward.stop() } }
    }
}

private suspend fun Connection.forwardInto(
    file: UringFile,
    position: Long,
    bytes: Long,
): Long {
    input.handOver()
    return suspendCancellableCoroutine { continuation ->
        val forward = FileForward.start(core, file.core, position, bytes)
        forward.result().whenComplete { written, failure ->
            if (failure == null) {
                continuation.resume(written)
            } else {
                continuation.resumeWithException((failure as? CompletionException)?.cause ?: failure)
            }
        }
        continuation.invokeOnCancellation { worker.executeUnlessStopped { forward.stop() } }
    }
}
