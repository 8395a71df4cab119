package dev.uring.redis

import dev.uring.bytes.ByteView
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.ValueCodec
import kotlinx.serialization.BinaryFormat
import kotlinx.serialization.KSerializer
import kotlinx.serialization.StringFormat
import kotlinx.serialization.serializer

/**
 * Keys or values as this format writes them, JSON for instance:
 * `client.withCodec(RedisCodec(ValueCodec.UTF8, Json.valueCodec<Order>()))`.
 *
 * ### Shapes and units
 * Text in UTF-8.
 * ### Errors
 * The format's `SerializationException` fails the command whose value it is, and no other. `NoClassDefFoundError`:
 * `kotlinx-serialization` is an optional dependency, which a program that uses this has to name.
 *
 * @sample samples.redis.ordersAsJson
 */
public inline fun <reified T : Any> StringFormat.valueCodec(): ValueCodec<T> = valueCodec(serializer<T>())

/** As above, with a [serializer] of one's own. */
public fun <T : Any> StringFormat.valueCodec(serializer: KSerializer<T>): ValueCodec<T> =
    object : ValueCodec<T> {
        override fun write(
            value: T,
            writer: CommandWriter,
        ) {
            writer.arg(encodeToString(serializer, value))
        }

        override fun read(bytes: ByteView): T = decodeFromString(serializer, bytes.toUtf8())
    }

/** As [StringFormat.valueCodec], for a format that writes bytes, such as CBOR. */
public inline fun <reified T : Any> BinaryFormat.valueCodec(): ValueCodec<T> = valueCodec(serializer<T>())

/** As above, with a [serializer] of one's own. */
public fun <T : Any> BinaryFormat.valueCodec(serializer: KSerializer<T>): ValueCodec<T> =
    object : ValueCodec<T> {
        override fun write(
            value: T,
            writer: CommandWriter,
        ) {
            writer.arg(encodeToByteArray(serializer, value))
        }

        override fun read(bytes: ByteView): T = decodeFromByteArray(serializer, bytes.toByteArray())
    }
