package dev.uring.momento

import dev.uring.bytes.ByteView
import dev.uring.momento.codec.CommandKind
import dev.uring.momento.codec.FieldBytes
import dev.uring.momento.codec.MomentoCommandFrame
import kotlin.time.Duration

/**
 * One cache of a [MomentoClient].
 *
 * ### Shapes and units
 * Keys and values are bytes, or text in UTF-8. A value is kept for its ttl, in whole milliseconds, or until the service
 * needs the room.
 * ### Ownership
 * Arrays are not copied: they must not change until the call returns.
 * ### Threading and cancellation
 * As [MomentoClient].
 * ### Errors
 * As [MomentoClient] · `IllegalArgumentException` a ttl below 1 ms or without end, or a command that is larger than the send
 * queue of a connection takes.
 *
 * @sample samples.momento.visits
 */
public class MomentoCache internal constructor(
    private val core: MomentoCore,
    /** What the service calls it. */
    public val name: String,
) {
    internal val namespace = FieldBytes.of(name)
    private val defaultTtl: Duration get() = core.config.defaultTtl

    /** The value of [key], or null. */
    public suspend fun get(key: String): ByteArray? = core.await(frame(CommandKind.GET).key(key), toBytes)

    /** The value of [key], or null. */
    public suspend fun get(key: ByteArray): ByteArray? = core.await(frame(CommandKind.GET).key(key), toBytes)

    /** The value of [key] as text, or null. */
    public suspend fun getText(key: String): String? = core.await(frame(CommandKind.GET).key(key), toText)

    /**
     * Reads the value of [key] where it was received, without a copy.
     *
     * ### Shapes and units
     * [read] gets the value, or null when there is none; what it returns is returned.
     * ### Ownership
     * The view is borrowed until [read] returns.
     * ### Threading and cancellation
     * [read] runs on the connection's worker and must be quick: replies behind this one wait. Not called for a cancelled
     * caller.
     *
     * @sample samples.momento.lengthOfValue
     */
    public suspend fun <R> getView(
        key: String,
        read: (value: ByteView?) -> R,
    ): R = core.await(frame(CommandKind.GET).key(key), read)

    /** Stores [value] for [ttl]. */
    public suspend fun set(
        key: String,
        value: ByteArray,
        ttl: Duration = defaultTtl,
    ): Unit = core.await(setting(ttl).key(key).value(value), noValue)

    /** Stores [value] for [ttl]. */
    public suspend fun set(
        key: ByteArray,
        value: ByteArray,
        ttl: Duration = defaultTtl,
    ): Unit = core.await(setting(ttl).key(key).value(value), noValue)

    /** Stores [value] for [ttl]. */
    public suspend fun set(
        key: String,
        value: String,
        ttl: Duration = defaultTtl,
    ): Unit = core.await(setting(ttl).key(key).value(value), noValue)

    /** Deletes the value of [key], if there is one. */
    public suspend fun delete(key: String): Unit = core.await(frame(CommandKind.DELETE).key(key), noValue)

    /** Deletes the value of [key], if there is one. */
    public suspend fun delete(key: ByteArray): Unit = core.await(frame(CommandKind.DELETE).key(key), noValue)

    /**
     * For commands that are sent one after the other without waiting, and whose results are received as they come.
     *
     * ### Shapes and units
     * At most [pendingMax] that are fired and not received, by default [MomentoConfig.maxInFlight].
     * ### Threading and cancellation
     * Belongs to the worker that this is called on.
     * ### Errors
     * `IllegalStateException` not on a worker of the client's runtime.
     *
     * @sample samples.momento.severalAtOnce
     */
    public fun operations(pendingMax: Int = core.config.maxInFlight): MomentoOperations =
        MomentoOperations(
            checkNotNull(core.here()) {
                "operations() belongs to a worker, and this thread is none (${Thread.currentThread().name}).\n" +
                    "  Call it inside uring { } or onWorker { }."
            },
            this,
            pendingMax,
        )

    internal fun frame(kind: CommandKind): MomentoCommandFrame = core.frame().begin(kind).namespace(namespace)

    internal fun setting(ttl: Duration): MomentoCommandFrame {
        val millis = MomentoConfig.ttlMillis(ttl)
        return frame(CommandKind.SET).ttlMillis(millis)
    }

    override fun toString(): String = "MomentoCache($name)"

    internal companion object {
        val toBytes: ValueReader = { it?.toByteArray() }
        val toText: ValueReader = { it?.toUtf8() }
    }
}
