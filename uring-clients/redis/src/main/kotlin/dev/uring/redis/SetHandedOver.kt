package dev.uring.redis

import dev.uring.buffer.BlockLease
import dev.uring.net.OwnedBytes
import dev.uring.net.SendGuard
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.commands.Expiry
import dev.uring.redis.commands.writeTo
import java.util.concurrent.RejectedExecutionException
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.intercepted
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn

/**
 * Sets the value at [key] to memory of the program's own, which is sent from where it lies.
 *
 * ### Shapes and units
 * From [RedisConfig.handOverBytesMin] on nothing copies the value in user space, and if the runtime asks for it
 * (`zeroCopySendBytesMin`) the kernel does not either. Smaller ones are copied, and over TLS every one is encrypted from
 * where it lies. [expiry] is that of the new value; null is none.
 * ### Ownership
 * [value] is handed over: its memory must stay as it is until [SendGuard.released], which comes exactly once, on a worker of
 * the client: when it was copied or the kernel has let go of it, and also when it was never sent, because the caller was
 * cancelled, its time was over, the client is closed or its connection was lost. That is before or after this call returns.
 * ### Threading and cancellation
 * As any command: what is on its way when the caller is cancelled is sent whole, and its reply dropped. Never sent twice,
 * whatever [RedisConfig.replay] says: the memory may be something else by then.
 * ### Errors
 * As [RedisExecutor]. `IllegalArgumentException` memory that cannot be sent, on the heap or of another thread, or more of it
 * than a command may have: [value] stays the caller's then, and only then. `UnsupportedOperationException` in a cluster,
 * where a MOVED would ask for memory that is gone: use the client of the key's node, `RedisCluster.masters()`.
 *
 * @sample samples.redis.storeMapped
 */
public suspend fun <K : Any> RedisExecutor<K, *>.setHandedOver(
    key: K,
    value: SendGuard,
    expiry: Expiry? = null,
): Unit = send(SetParts.of(this, key, expiry), HandedOver.of(value, core(NAME)))

/**
 * As above with bytes that were received and kept. They are handed over instead of closed. Only on the worker whose they are,
 * with a client of its runtime: `IllegalStateException` elsewhere, and the bytes stay the caller's.
 *
 * @sample samples.redis.storeReceived
 */
public suspend fun <K : Any> RedisExecutor<K, *>.setHandedOver(
    key: K,
    value: OwnedBytes,
    expiry: Expiry? = null,
): Unit = send(SetParts.of(this, key, expiry), HandedOver.of(value, core(NAME)))

/** As above with what [value] holds, which is never copied. */
public suspend fun <K : Any> RedisExecutor<K, *>.setHandedOver(
    key: K,
    value: BlockLease,
    expiry: Expiry? = null,
): Unit = send(SetParts.of(this, key, expiry), HandedOver.of(value, core(NAME)))

private suspend fun RedisExecutor<*, *>.send(
    parts: SetParts,
    value: HandedOver,
) {
    val core = core(NAME)
    val link = (this as? CodecExecutor<*, *>)?.link
    suspendCoroutineUninterceptedOrReturn<Any?> { continuation ->
        core.send(link, parts, value, continuation)
    }
}

private fun ClientCore.send(
    link: RedisLink?,
    parts: SetParts,
    value: HandedOver,
    continuation: Continuation<Any?>,
): Any {
    val side = here()
    if (side != null) return SetCall(side, parts, value).begin(link, continuation)
    val there = place()
    val intercepted = continuation.intercepted()
    try {
        there.worker.execute { SetCall(there, parts, value).beginFor(intercepted) }
    } catch (stopped: RejectedExecutionException) {
        value.release(null)
        throw RedisConnectionException("SET: the runtime has stopped", wasSent = false, stopped)
    }
    return COROUTINE_SUSPENDED
}

private const val NAME = "setHandedOver"

/** The bytes of a SET before and behind its value; the value's own length line is not among them. */
internal class SetParts(
    val head: ByteArray,
    val tail: ByteArray,
) {
    companion object {
        private val SET: Command = Command.of("SET")

        // Where the value would be: an empty one is written there, and cut out again.
        private const val PLACE_BYTES = "$0\r\n\r\n".length
        private const val BEFORE_KEY_BYTES = "*3\r\n$3\r\nSET\r\n".length

        fun <K : Any> of(
            executor: RedisExecutor<K, *>,
            key: K,
            expiry: Expiry?,
        ): SetParts {
            val writer = CommandWriter().begin(SET).key(executor.codec.keys, key)
            writer.arg("")
            expiry?.writeTo(writer)
            val keyBytes = writer.keyAt(0).size
            writer.finish()
            val all = writer.copy()
            val until = BEFORE_KEY_BYTES + "$$keyBytes\r\n".length + keyBytes + 2
            return SetParts(all.copyOf(until), all.copyOfRange(until + PLACE_BYTES - 2, all.size))
        }
    }
}
