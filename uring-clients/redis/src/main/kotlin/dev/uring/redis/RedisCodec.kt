package dev.uring.redis

import dev.uring.bytes.ByteView
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ValueCodec
import kotlinx.io.bytestring.ByteString
import kotlinx.io.bytestring.unsafe.UnsafeByteStringApi
import kotlinx.io.bytestring.unsafe.UnsafeByteStringOperations

/**
 * How a program's keys and values are written and read, and the replies made of them.
 *
 * Without state; one serves all threads. Fields of hashes are keys, members of sets and lists values.
 */
public class RedisCodec<K : Any, V : Any>(
    public val keys: ValueCodec<K>,
    public val values: ValueCodec<V>,
) {
    /** One key. */
    public val key: Reply<K> = Reply.of(keys)

    /** One key, or null. */
    public val keyOrNull: Reply<K?> = Reply.nullable(key)

    /** Keys in their order. */
    public val keyList: Reply<List<K>> = Reply.list(key)

    /** Keys without an order. */
    public val keySet: Reply<Set<K>> = Reply.set(key)

    /** One value. */
    public val value: Reply<V> = Reply.of(values)

    /** One value, or null. */
    public val valueOrNull: Reply<V?> = Reply.nullable(value)

    /** Values in their order. */
    public val valueList: Reply<List<V>> = Reply.list(value)

    /** Values in their order, null where one is missing. */
    public val valueOrNullList: Reply<List<V?>> = Reply.list(valueOrNull)

    /** Values without an order. */
    public val valueSet: Reply<Set<V>> = Reply.set(value)

    /** Fields of a hash with their values. */
    public val fieldMap: Reply<Map<K, V>> = Reply.map(key, value)

    /** The usual codecs. */
    public companion object {
        /** Keys and values are text in UTF-8. */
        public val UTF8: RedisCodec<String, String> = RedisCodec(ValueCodec.UTF8, ValueCodec.UTF8)

        /** Keys are text, values are arrays of bytes. */
        public val BYTE_VALUES: RedisCodec<String, ByteArray> = RedisCodec(ValueCodec.UTF8, ValueCodec.BYTES)

        /** Keys and values are arrays of bytes. */
        public val BYTES: RedisCodec<ByteArray, ByteArray> = RedisCodec(ValueCodec.BYTES, ValueCodec.BYTES)

        /** Keys are text, values are immutable bytes. */
        public val BYTE_STRING_VALUES: RedisCodec<String, ByteString> = RedisCodec(ValueCodec.UTF8, ByteStringCodec)
    }
}

/** Immutable bytes, copied once. */
@OptIn(UnsafeByteStringApi::class)
public object ByteStringCodec : ValueCodec<ByteString> {
    override fun write(
        value: ByteString,
        writer: CommandWriter,
    ) {
        writer.arg(value)
    }

    // Unsafe only in that the array is not copied again; nobody else has it.
    override fun read(bytes: ByteView): ByteString = UnsafeByteStringOperations.wrapUnsafe(bytes.toByteArray())
}

/** Appends [value]. */
@OptIn(UnsafeByteStringApi::class)
public fun CommandWriter.arg(value: ByteString): CommandWriter {
    UnsafeByteStringOperations.withByteArrayUnsafe(value) { arg(it) }
    return this
}

/** Appends [value] as a key. */
@OptIn(UnsafeByteStringApi::class)
public fun CommandWriter.key(value: ByteString): CommandWriter {
    UnsafeByteStringOperations.withByteArrayUnsafe(value) { key(it) }
    return this
}

/** Replies that Kotlin has a type of its own for. */
public object Replies {
    /** `OK`, and whatever else means that it is done. */
    public val unit: Reply<Unit> = Reply { it.skip() }
}
