package dev.uring.redis

import dev.uring.redis.codec.Command
import dev.uring.redis.codec.ReplyReader
import dev.uring.redis.codec.ReplyType
import dev.uring.redis.codec.ValueCodec
import dev.uring.redis.session.PushListener
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/**
 * A published message.
 *
 * @property channel where it was published
 * @property pattern which of a subscriber's patterns matched, or null
 * @property payload what was published
 */
public data class RedisMessage<V : Any>(
    val channel: String,
    val pattern: String?,
    val payload: V,
)

/**
 * Messages of [channels], as long as this is collected.
 *
 * ### Shapes and units
 * One connection for each collection; collect one flow of many channels rather than many of one. After a lost connection
 * the channels are subscribed again; Redis keeps no messages for those who are not there, so what was published in between
 * is lost. [onSubscribed] is called when the server has confirmed all channels, and again after each reconnect.
 * ### Threading and cancellation
 * Messages and [onSubscribed] come in the collector's context. A collector that is slow makes the server wait: above 1024
 * messages the connection is not read, and the server's `client-output-buffer-limit pubsub` decides. Cancelling closes the
 * connection.
 * ### Errors
 * The flow fails with [RedisException] when the server refuses, and with [RedisConnectionException] when the first
 * connection cannot be opened.
 *
 * @sample samples.redis.printNews
 */
public fun <V : Any> RedisExecutor<*, V>.subscribe(
    vararg channels: String,
    onSubscribed: suspend () -> Unit = {},
): Flow<RedisMessage<V>> = messages(SUBSCRIBE, channels, codec.values, onSubscribed)

/** Messages of all channels that match one of the glob-style [patterns]; otherwise as [subscribe]. */
public fun <V : Any> RedisExecutor<*, V>.psubscribe(
    vararg patterns: String,
    onSubscribed: suspend () -> Unit = {},
): Flow<RedisMessage<V>> = messages(PSUBSCRIBE, patterns, codec.values, onSubscribed)

/** Messages of shard [channels] (Redis 7), which a cluster keeps to the nodes of one shard; otherwise as [subscribe]. */
public fun <V : Any> RedisExecutor<*, V>.ssubscribe(
    vararg channels: String,
    onSubscribed: suspend () -> Unit = {},
): Flow<RedisMessage<V>> = messages(SSUBSCRIBE, channels, codec.values, onSubscribed)

internal fun <V : Any> RedisExecutor<*, *>.messages(
    command: Command,
    names: Array<out String>,
    values: ValueCodec<V>,
    onSubscribed: suspend () -> Unit,
): Flow<RedisMessage<V>> {
    require(names.isNotEmpty()) { "$command without a channel" }
    val core = core(command.name())
    return flow {
        val side = core.place()
        val subscriber = Subscriber(side, command, names.toList(), values)
        side.worker.execute(subscriber::open)
        try {
            while (true) {
                val message = subscriber.take()
                if (message == null) onSubscribed() else emit(message)
            }
        } finally {
            side.executeUnlessStopped(subscriber::close)
        }
    }
}

/** One collection of messages and its connection. Thread: the worker's, but for [take]. */
private class Subscriber<V : Any>(
    private val side: RedisSide,
    private val command: Command,
    private val names: List<String>,
    private val values: ValueCodec<V>,
) : PushListener {
    private val arrived = PausingChannel<RedisMessage<V>?>()
    private val link = SubscriberLink(side, this)
    private var unconfirmed = 0

    fun open() {
        link.whenReady = ::subscribe
        link.whenLost = { cause ->
            arrived.forgetPause()
            if (cause is RedisException || link.generation == 0L) end(cause)
        }
        link.connect()
    }

    fun close() = link.close()

    /** The next message, or null when all names are confirmed. */
    suspend fun take(): RedisMessage<V>? = arrived.take { side.executeUnlessStopped { arrived.resume(link) } }

    override fun pushed(reader: ReplyReader) =
        try {
            read(reader)
        } catch (unreadable: Exception) {
            end(RedisConnectionException("$command: a message cannot be read", wasSent = true, unreadable))
        }

    private fun read(reader: ReplyReader) {
        val error = reader.errorText()
        if (error != null) return end(RedisException(command.name(), error))
        // A PONG comes as a string of its own to a RESP3 subscriber.
        val type = reader.peek()
        if (type != ReplyType.PUSH && type != ReplyType.ARRAY) return
        if (reader.readArrayHeader() < 3) return
        when (reader.readString()) {
            "message", "smessage" -> deliver(RedisMessage(reader.readString(), null, reader.read(values)))
            "pmessage" -> deliver(patternMessage(reader))
            "subscribe", "psubscribe", "ssubscribe" -> if (--unconfirmed == 0) deliver(null)
        }
    }

    private fun patternMessage(reader: ReplyReader): RedisMessage<V> {
        val pattern = reader.readString()
        return RedisMessage(reader.readString(), pattern, reader.read(values))
    }

    private fun deliver(message: RedisMessage<V>?) = arrived.add(message, link)

    private fun subscribe() {
        unconfirmed = names.size
        val request = side.writer(command)
        for (name in names) request.arg(name)
        side.writePushing(link, request)
    }

    private fun end(cause: Throwable) {
        arrived.close(
            cause as? RedisFailure ?: RedisConnectionException(cause.message.orEmpty(), wasSent = false, cause),
        )
        link.close()
    }
}

private val SUBSCRIBE = Command.of("SUBSCRIBE", Command.CONNECTION)
internal val PSUBSCRIBE: Command = Command.of("PSUBSCRIBE", Command.CONNECTION)
private val SSUBSCRIBE = Command.of("SSUBSCRIBE", Command.CONNECTION)
