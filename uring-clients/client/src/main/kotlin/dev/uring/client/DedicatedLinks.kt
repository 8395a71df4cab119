package dev.uring.client

import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlin.coroutines.resumeWithException

/**
 * Connections of one worker for one user at a time: commands that wait at the server, and exchanges that keep state there.
 *
 * Opened as needed up to `blockingConnectionsMax`; beyond, users wait in their order. The one used last is used first, so
 * that a few stay and the others are closed.
 *
 * Thread: the worker's.
 */
public class DedicatedLinks<R> internal constructor(
    private val side: WorkerSide<R>,
) {
    private val idle = ArrayDeque<Link<R>>()
    private val all = ArrayList<Link<R>>(0)
    private val requests = RequestQueue<R>(side.counters)
    private val leases = ArrayDeque<CancellableContinuation<Link<R>>>()
    private var isClosed = false

    internal fun submit(request: Request<R>) {
        request.ownsLink = true
        val link = take()
        if (link != null) {
            try {
                link.submit(request)
            } catch (refusal: Throwable) {
                request.ownsLink = false
                release(link)
                throw refusal
            }
        } else {
            if (isClosed) throw closed(request.name)
            if (requests.count >= side.links.maxWaiting) throw overload(request.name)
            requests.add(request)
        }
    }

    /** Waits for a link of one's own; give it back with [release]. [user] is what a refusal calls it. */
    public suspend fun lease(user: String): Link<R> {
        take()?.let { return it }
        if (isClosed) throw closed(user)
        return suspendCancellableCoroutine { waiter ->
            leases.addLast(waiter)
            waiter.invokeOnCancellation { side.executeUnlessStopped { leases.remove(waiter) } }
        }
    }

    /** Takes back [link], which has nothing in flight and no state at the server. */
    public fun release(link: Link<R>) {
        while (true) {
            val waiter = leases.removeFirstOrNull() ?: break
            if (!waiter.isActive) continue
            waiter.resume(link) { _, unclaimed, _ -> side.executeUnlessStopped { release(unclaimed) } }
            return
        }
        while (true) {
            val request = requests.poll() ?: break
            try {
                link.submit(request)
                return
            } catch (failure: Throwable) {
                // A loop: all who wait may be refused, one after the other.
                request.ownsLink = false
                request.endUnanswered(failure)
            }
        }
        if (isClosed || idle.size >= IDLE_MAX) {
            all.remove(link)
            link.close()
        } else {
            idle.addLast(link)
        }
    }

    internal fun close() {
        isClosed = true
        repeat(requests.count) { requests.poll()?.let { it.endUnanswered(closed(it.name)) } }
        leases.forEach { it.resumeWithException(closed("a user of a connection")) }
        leases.clear()
        all.toList().forEach { it.close() }
        idle.clear()
        all.clear()
    }

    private fun take(): Link<R>? {
        if (isClosed) return null
        idle.removeLastOrNull()?.let { return it }
        if (all.size >= side.links.blockingConnectionsMax) return null
        return Link(side, Link.Kind.DEDICATED).also(all::add)
    }

    private fun closed(name: String) = side.failures.disconnected("$name: the client is closed", wasSent = false)

    private fun overload(name: String) =
        side.failures.overloaded(
            "$name: maxWaiting=${side.links.maxWaiting} requests wait for one of " +
                "blockingConnectionsMax=${side.links.blockingConnectionsMax} connections already.\n" +
                "  Start fewer at a time, or raise a bound.",
        )

    private companion object {
        // A few, so that a consumer's next command that waits need not connect.
        const val IDLE_MAX = 8
    }
}
