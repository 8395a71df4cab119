package dev.uring.memcache

import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.memcache.codec.Transcoder

/**
 * Something that Memcache commands are sent through: a [client][MemcacheClient] of one server, or a pool of servers.
 *
 * ### Shapes and units
 * Commands are extension functions. Keys are text of 1..250 bytes in UTF-8, without spaces and control characters; the meta
 * commands take keys of any bytes, too. Values are of type [V], as [transcoder] has it.
 * ### Threading and cancellation
 * For any coroutine. Cancelling loses nothing for others: what was not sent is not sent, what was sent keeps its place until
 * its reply has come, which is dropped.
 * ### Errors
 * Every command: [MemcacheException] and its subclasses, the server refuses · [MemcacheConnectionException] no connection,
 * or it was lost · [MemcacheTimeoutException] · [MemcacheOverloadException] · `IllegalArgumentException` a key that is none.
 */
public interface Memcache<V : Any> {
    /** How values are written and read. */
    public val transcoder: Transcoder<V>

    /** A writer for the next command; on a worker one that was used before. Give it to [execute] in any case. */
    public fun request(): MemcacheWriter

    /** Sends [request] and reads its reply with [answer]: for commands that there is no function for. */
    public suspend fun <T> execute(
        request: MemcacheWriter,
        answer: Answer<T>,
    ): T

    /**
     * Sends [request], which ends with a [fence][MemcacheWriter.fence], and returns when it lies in the send queue: nobody
     * hears what the server says. For [noReply], and for commands that have no function there.
     */
    public suspend fun send(request: MemcacheWriter)

    /**
     * Runs [use] with a connection of its own to the server of [key], for a value that goes in pieces: see [getStream] and
     * [setStream], which programs use.
     */
    public suspend fun <T> withConnection(
        key: String,
        use: suspend (ValueConnection) -> T,
    ): T

    /** Those of [keys] that belong to the same server, together, each with what reaches that server. */
    public fun split(keys: Collection<String>): Map<Memcache<V>, Collection<String>>

    /** What reaches each single server. */
    public fun servers(): List<Memcache<V>>

    /** The same servers, with values of another type. */
    public fun <W : Any> withTranscoder(transcoder: Transcoder<W>): Memcache<W>
}
