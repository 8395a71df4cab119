package dev.uring.message

import dev.uring.base.FramingException
import dev.uring.message.codec.Message

/**
 * Sends [head] with a body of any size, in as many parts as it takes: each has the head's operation, channel and id and
 * up to [partBytes] bytes, all but the last say that more follow, and the first has the head's text headers.
 *
 * ### Ownership
 * [head] is handed over; [body] stays the caller's and must not change until this returns.
 * ### Threading and cancellation
 * Suspends while the channel is full, so no more of it is held than that takes. Cancelled in between, the rest is not
 * sent.
 * ### Errors
 * As [Group.send].
 *
 * @sample samples.message.sendFile
 */
public suspend fun Group.sendParts(
    head: Message,
    body: ByteArray,
    partBytes: Int = Message.PART_BYTES_MAX,
) {
    require(partBytes in 1..Message.PART_BYTES_MAX) { "partBytes=$partBytes is not in 1..${Message.PART_BYTES_MAX}" }
    val operation = checkNotNull(head.operation()) { "$head has no operation" }
    val channel = head.channel()
    val id = if (head.id() == 0L) Message.nextId() else head.id()
    var part = head.id(id)
    var at = 0
    while (true) {
        val count = minOf(partBytes, body.size - at)
        part.body().clear().append(body, at, count)
        at += count
        send(part.more(at < body.size))
        if (at == body.size) return
        part = message().operation(operation).channel(channel).id(id)
    }
}

/**
 * Joins the parts of messages again. Parts of several messages may come mixed.
 *
 * ### Shapes and units
 * A message may have up to [bytesMax] bytes of body, and up to [messagesMax] may be incomplete at once.
 * ### Ownership
 * Owns the first part of each incomplete message; [forget] those of a channel that has ended.
 * ### Threading and cancellation
 * One thread at a time.
 * ### Errors
 * [FramingException] a peer sends more; what it has sent so far is forgotten.
 */
public class MessageJoiner(
    private val bytesMax: Int = 64 shl 20,
    private val messagesMax: Int = 1024,
) {
    private data class Key(
        val channel: Int,
        val id: Long,
    )

    private val incomplete = HashMap<Key, Message>()

    /** Takes [part], and gives the whole message when it was the last: the same object as its first part. */
    public fun join(part: Message): Message? {
        val key = Key(part.channel(), part.id())
        val first = incomplete[key]
        if (first == null) {
            if (!part.hasMore()) return part
            if (incomplete.size ==
                messagesMax
            ) {
                fail(key, part, "messages are incomplete already, messagesMax=$messagesMax")
            }
            incomplete[key] = part
            return null
        }
        if (first.body().size().toLong() + part.body().size() >
            bytesMax
        ) {
            fail(key, part, "bytes exceed bytesMax=$bytesMax")
        }
        first.body().append(part.body())
        val isLast = !part.hasMore()
        part.release()
        if (!isLast) return null
        incomplete.remove(key)
        return first.more(false)
    }

    /** Releases the parts that have come over [channel]. */
    public fun forget(channel: Int) {
        incomplete.entries.removeIf { (key, message) -> (key.channel == channel).also { if (it) message.release() } }
    }

    private fun fail(
        key: Key,
        part: Message,
        what: String,
    ): Nothing {
        val had = incomplete.remove(key)
        val bytes = (had?.body()?.size() ?: 0).toLong() + part.body().size()
        had?.release()
        part.release()
        throw FramingException(
            "message id=${key.id} of channel ${key.channel} in parts: $bytes bytes so far; $what.\n" +
                "  Likely cause: the peer sends more than this side takes. Raise the limit of MessageJoiner.",
        )
    }
}
