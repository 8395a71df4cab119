package dev.uring.memcache.server

import dev.uring.UringRuntime
import dev.uring.dsl.Connection
import dev.uring.dsl.Server
import dev.uring.dsl.UringScope
import dev.uring.memcache.codec.MemcacheLimits
import dev.uring.memcache.store.ItemStore
import dev.uring.memcache.store.LruItemStore
import dev.uring.memcache.store.MemcacheService

/** What a server is made of. */
public class MemcacheServerBuilder internal constructor() {
    /** Longest value; a longer one is refused as memcached does. Default 1 MiB, as memcached's `-I`. */
    public var valueBytesMax: Int = 1 shl 20

    /** What `version` answers. */
    public var version: String = "1.6.0-uring"

    internal var store: () -> ItemStore = { LruItemStore(BYTES_MAX) }
    internal var onError: ((Connection, Throwable) -> Unit)? = null

    /**
     * What one worker keeps: [make] is called once on each worker that comes to need it, and a key always goes to the same
     * one. By itself an [LruItemStore] of 64 MiB.
     */
    public fun store(make: () -> ItemStore) {
        store = make
    }

    /** Hears of what ended a connection, but for the peer's own doing; by itself it is logged. */
    public fun onError(listener: (connection: Connection, cause: Throwable) -> Unit) {
        onError = listener
    }

    private companion object {
        // Memcached's own default for all of its memory.
        const val BYTES_MAX = 64L shl 20
    }
}

/**
 * Serves the Memcache protocols, text and meta, on [address].
 *
 * A counter that becomes shorter is stored as short as it is; memcached would put blanks behind it, and its protocol
 * leaves that open.
 *
 * ### Shapes and units
 * [address] as in [UringScope.tcp]. Each worker keeps its share of the keys.
 * ### Ownership
 * The server is a child of this scope. It copies what it keeps of a request.
 * ### Threading and cancellation
 * Requests that arrive together are executed in their order, and their replies leave in one send. One for a key of another
 * worker goes there and back while its connection reads no further. A client that does not read what it is sent is not read
 * from either, from `sendHighWaterBytes` on.
 * ### Errors
 * What a client sends wrong is answered as memcached does; a line without an end ends its connection. Thrown here: the
 * address cannot be bound.
 *
 * @sample samples.memcache.smallServer
 */
public fun UringScope.memcacheServer(
    address: String,
    configure: MemcacheServerBuilder.() -> Unit = {},
): Server {
    val builder = MemcacheServerBuilder().apply(configure)
    val config = runtime.config()
    // A value must begin to move into the decoder's memory before the connection refuses to hold more of it.
    val limits =
        MemcacheLimits
            .defaults()
            .withValueBytesMax(builder.valueBytesMax)
            .withGatherBytesMin(minOf(MemcacheLimits.GATHER_BYTES_MIN, config.frameBytesMax() / 2))
    val shards = ServerShards(runtime, builder, limits)
    val serve: suspend (Connection) -> Unit = { ServerConnection(it, shards).serve() }
    val onError = builder.onError
    return if (onError == null) tcp(address) { serve(it) } else tcp(address, onError) { serve(it) }
}

/** The services of all workers; each is made, and used, on its own. */
internal class ServerShards(
    val runtime: UringRuntime,
    private val builder: MemcacheServerBuilder,
    val limits: MemcacheLimits,
) {
    private val services = arrayOfNulls<MemcacheService>(runtime.workersCount())
    val count: Int get() = services.size

    /** Thread: worker [index]'s. */
    fun service(index: Int): MemcacheService =
        services[index] ?: MemcacheService(builder.store(), builder.version).also { services[index] = it }

    /** The worker that a key with [hash] belongs to. */
    fun owner(hash: Int): Int = Math.floorMod(hash, count)
}
