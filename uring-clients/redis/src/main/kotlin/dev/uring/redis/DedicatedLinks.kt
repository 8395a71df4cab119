package dev.uring.redis

import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlin.coroutines.resumeWithException

/**
 * Connections of one worker for one user at a time: commands that wait at the server, and transactions that watch keys.
 *
 * Opened as needed up to `blockingConnectionsMax`; beyond, users wait in their order. The one used last is used first, so
 * that a few stay and the others are closed.
 *
 * Thread: the worker's.
 */
internal class DedicatedLinks(
    private val side: WorkerSide,
) {
    private val idle = ArrayDeque<Link>()
    private val all = ArrayList<Link>(0)
    private val requests = RequestQueue(side.counters)
    private val leases = ArrayDeque<CancellableContinuation<Link>>()
    private var isClosed = false

    fun submit(request: Request) {
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
            if (requests.count >= side.config.maxWaiting) throw overload(request.name)
            requests.add(request)
        }
    }

    /** Waits for a link of one's own; give it back with [release]. */
    suspend fun lease(): Link {
        take()?.let { return it }
        if (isClosed) throw closed("transaction")
        return suspendCancellableCoroutine { waiter ->
            leases.addLast(waiter)
            waiter.invokeOnCancellation { side.executeUnlessStopped { leases.remove(waiter) } }
        }
    }

    fun release(link: Link) {
        while (true) {
            val waiter = leases.removeFirstOrNull() ?: break
            if (!waiter.isActive) continue
            waiter.resume(link) { _, unclaimed, _ -> side.executeUnlessStopped { release(unclaimed) } }
            return
        }
        val request = requests.poll()
        when {
            request != null -> {
                try {
                    link.submit(request)
                } catch (failure: Throwable) {
                    request.ownsLink = false
                    request.failed(failure)
                    release(link)
                }
            }

            isClosed || idle.size >= IDLE_MAX -> {
                all.remove(link)
                link.close()
            }

            else -> {
                idle.addLast(link)
            }
        }
    }

    fun close() {
        isClosed = true
        repeat(requests.count) { requests.poll()?.let { it.failed(closed(it.name)) } }
        leases.forEach { it.resumeWithException(closed("transaction")) }
        leases.clear()
        all.toList().forEach(Link::close)
        idle.clear()
        all.clear()
    }

    private fun take(): Link? {
        if (isClosed) return null
        idle.removeLastOrNull()?.let { return it }
        if (all.size >= side.config.blockingConnectionsMax) return null
        return Link(side, Link.Kind.DEDICATED).also(all::add)
    }

    private fun closed(name: String) = RedisConnectionException("$name: the client is closed", wasSent = false)

    private fun overload(name: String) =
        RedisOverloadException(
            "$name: maxWaiting=${side.config.maxWaiting} requests wait for one of " +
                "blockingConnectionsMax=${side.config.blockingConnectionsMax} connections already.\n" +
                "  Start fewer at a time, or raise a bound.",
        )

    private companion object {
        // A few, so that a consumer's next BLPOP need not connect.
        const val IDLE_MAX = 8
    }
}
