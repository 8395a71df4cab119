package dev.uring.ping

import dev.uring.UringRuntime
import dev.uring.client.LinkConfig
import java.util.concurrent.atomic.AtomicInteger

/**
 * Several servers that are all as good: each ping goes to the next one, and to the one after it when that fails.
 *
 * ### Ownership
 * Owns a [PingClient] for each server; [close] closes them.
 * ### Threading and cancellation
 * For any coroutine.
 * ### Errors
 * As [PingClient], of the server that was asked last: then all have failed.
 *
 * @sample samples.ping.anyOfThree
 */
public class PingPool(
    runtime: UringRuntime,
    servers: List<LinkConfig>,
) : AutoCloseable {
    private val clients: List<PingClient> = servers.map { PingClient(runtime, it) }
    private val next = AtomicInteger()

    init {
        require(servers.isNotEmpty()) { "a pool needs at least one server" }
    }

    /** Suspends until a server has answered; returns the index of that server. */
    public suspend fun ping(): Int {
        val first = Math.floorMod(next.getAndIncrement(), clients.size)
        var failure: PingFailure? = null
        for (i in clients.indices) {
            val index = (first + i) % clients.size
            try {
                clients[index].ping()
                return index
            } catch (failed: PingFailure) {
                failure = failed
            }
        }
        throw checkNotNull(failure)
    }

    override fun close(): Unit = clients.forEach { it.close() }
}
