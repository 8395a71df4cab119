package dev.uring.memcache

import dev.uring.UringRuntime
import dev.uring.dsl.UringScope
import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.memcache.codec.Transcoder
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn

/**
 * A client of one Memcache server, for coroutines.
 *
 * ### Shapes and units
 * Every worker has one connection that all of its coroutines share: what they send in one turn of the loop leaves together,
 * and replies resume them in order. Values are strings; see [withTranscoder].
 * ### Ownership
 * Owns its connections, which are opened when they are first needed. [close] it, or leave that to the end of the runtime.
 * ### Threading and cancellation
 * For any coroutine. On a worker of the runtime a command runs right there; from elsewhere it goes to a worker and comes
 * back. Otherwise as [Memcache].
 * ### Errors
 * As [Memcache].
 *
 * @sample samples.memcache.visits
 */
public class MemcacheClient internal constructor(
    internal val core: ClientCore,
) : ClientFace<String>(core, Transcoder.UTF8),
    AutoCloseable {
    /** A client that connects when it is first used. */
    public constructor(runtime: UringRuntime, config: MemcacheConfig) : this(ClientCore(runtime, config))

    /** How it was made. */
    public val config: MemcacheConfig get() = core.config

    /** What was counted so far. Any thread; nothing stops for it. */
    public fun snapshot(): MemcacheSnapshot = core.snapshot()

    /**
     * Takes no more commands, and closes the connections when those in flight are answered, at the latest after
     * [MemcacheConfig.commandTimeout]. Returns at once; repeated calls do nothing.
     */
    override fun close(): Unit = core.close()

    override fun toString(): String = "MemcacheClient(${config.address})"
}

/** One client with one kind of values. */
public open class ClientFace<V : Any> internal constructor(
    private val core: ClientCore,
    final override val transcoder: Transcoder<V>,
) : Memcache<V> {
    final override fun request(): MemcacheWriter = core.request()

    // A tail call in every caller: no state machine, and nothing allocated on the way down.
    @Suppress("UNCHECKED_CAST")
    final override suspend fun <T> execute(
        request: MemcacheWriter,
        answer: Answer<T>,
    ): T =
        suspendCoroutineUninterceptedOrReturn { continuation ->
            core.execute(request, answer, continuation as Continuation<Any?>)
        }

    final override suspend fun send(request: MemcacheWriter): Unit = core.send(request)

    final override suspend fun <T> withConnection(
        key: String,
        use: suspend (ValueConnection) -> T,
    ): T = core.withConnection(use)

    final override fun split(keys: Collection<String>): Map<Memcache<V>, Collection<String>> = mapOf(this to keys)

    final override fun servers(): List<Memcache<V>> = listOf(this)

    final override fun <W : Any> withTranscoder(transcoder: Transcoder<W>): Memcache<W> = ClientFace(core, transcoder)
}

/**
 * A client of the server at [address], connected on this worker.
 *
 * ### Shapes and units
 * [address] as in [MemcacheConfig]; [configure] changes the rest.
 * ### Ownership
 * The caller closes the client; what is left open ends with the runtime.
 * ### Errors
 * `ConfigException` no such address · what [Memcache] says, if the server cannot be reached or refuses.
 *
 * @sample samples.memcache.visits
 */
public suspend fun UringScope.memcache(
    address: String,
    configure: MemcacheConfig.() -> MemcacheConfig = { this },
): MemcacheClient {
    val client = MemcacheClient(runtime, MemcacheConfig(address).configure())
    try {
        client.version()
    } catch (failure: Throwable) {
        client.close()
        throw failure
    }
    return client
}
