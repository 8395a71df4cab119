package dev.uring.memcache

import dev.uring.bytes.ByteView
import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.memcache.codec.Transcoder
import kotlinx.serialization.KSerializer
import kotlinx.serialization.json.Json
import kotlinx.serialization.serializer

/**
 * Values as JSON, by kotlinx-serialization, which a program that uses this names as its own dependency.
 *
 * ### Shapes and units
 * The client flags are [clientFlags], and not looked at when reading.
 * ### Errors
 * `SerializationException` what is stored is no such value.
 *
 * @sample samples.memcache.users
 */
public class JsonTranscoder<V : Any>(
    private val serializer: KSerializer<V>,
    private val json: Json = Json,
    private val clientFlags: Int = 0,
) : Transcoder<V> {
    override fun write(
        value: V,
        writer: MemcacheWriter,
    ): Int {
        writer.value(json.encodeToString(serializer, value))
        return clientFlags
    }

    override fun read(
        bytes: ByteView,
        clientFlags: Int,
    ): V = json.decodeFromString(serializer, bytes.toUtf8())
}

/** A [JsonTranscoder] of [V]. */
public inline fun <reified V : Any> json(json: Json = Json): Transcoder<V> =
    JsonTranscoder(json.serializersModule.serializer<V>(), json)
