package dev.uring.redis.commands

import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.ValueCodec
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * The numbers that say where an element of a vector set lies, or what a query of an index is to find the nearest of.
 *
 * ### Ownership
 * Takes a copy of the numbers, which go over the wire as they are: 4 bytes each.
 */
public class Vector(
    vararg numbers: Float,
) {
    private val bytes: ByteArray =
        ByteBuffer
            .allocate(numbers.size * Float.SIZE_BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .apply { numbers.forEach(::putFloat) }
            .array()

    /** How many numbers it has. */
    public val size: Int get() = bytes.size / Float.SIZE_BYTES

    internal fun writeTo(request: CommandWriter) {
        request.arg("FP32").arg(bytes)
    }

    /** The numbers alone, as queries of an index take them. */
    internal fun writeNumbersTo(request: CommandWriter) {
        request.arg(bytes)
    }
}

/** What elements of a vector set are compared with. */
public sealed interface VectorQuery<out V> {
    /** Another element. */
    public data class Element<V>(
        public val element: V,
    ) : VectorQuery<V>

    /** A vector that need not be in the set. */
    public class Near(
        public val vector: Vector,
    ) : VectorQuery<Nothing>
}

internal fun <V> VectorQuery<V>.writeTo(
    request: CommandWriter,
    values: ValueCodec<V>,
) {
    when (this) {
        is VectorQuery.Element -> request.arg("ELE").value(values, element)
        is VectorQuery.Near -> vector.writeTo(request)
    }
}
