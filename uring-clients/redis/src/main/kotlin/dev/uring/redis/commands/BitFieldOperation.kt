package dev.uring.redis.commands

import dev.uring.redis.codec.CommandWriter

/** A whole number's width and sign inside a string. */
public class BitFieldType private constructor(
    private val name: String,
) {
    /** As the server names it, such as `u8`. */
    override fun toString(): String = name

    override fun equals(other: Any?): Boolean = other is BitFieldType && other.name == name

    override fun hashCode(): Int = name.hashCode()

    /** What types there are. */
    public companion object {
        /** 0 and up, [bits] wide: 1..63. */
        @JvmStatic
        public fun unsigned(bits: Int): BitFieldType = of('u', bits, 63)

        /** Two's complement, [bits] wide: 1..64. */
        @JvmStatic
        public fun signed(bits: Int): BitFieldType = of('i', bits, 64)

        private fun of(
            sign: Char,
            bits: Int,
            max: Int,
        ): BitFieldType {
            require(bits in 1..max) { "bits=$bits is outside 1..$max, which is how wide the server's numbers are" }
            return BitFieldType("$sign$bits")
        }
    }
}

/** One of the operations of a `bitField`, which run in the order that they are given. */
public sealed interface BitFieldOperation {
    /** Reads the number at bit [offset]. */
    public data class Get(
        public val type: BitFieldType,
        public val offset: Long,
    ) : BitFieldOperation

    /** Writes the number at bit [offset]; results in the one before. */
    public data class Set(
        public val type: BitFieldType,
        public val offset: Long,
        public val value: Long,
    ) : BitFieldOperation

    /** Adds to the number at bit [offset]; results in the one afterwards. */
    public data class IncrBy(
        public val type: BitFieldType,
        public val offset: Long,
        public val increment: Long,
    ) : BitFieldOperation

    /** What the operations behind this one do with a number that does not fit; results in nothing. */
    public enum class Overflow(
        internal val word: String,
    ) : BitFieldOperation {
        /** Goes on at the other end of the range. */
        Wrap("WRAP"),

        /** Stays at the end of the range. */
        Saturate("SAT"),

        /** Changes nothing and results in null. */
        Fail("FAIL"),
    }
}

internal fun BitFieldOperation.writeTo(request: CommandWriter) {
    when (this) {
        is BitFieldOperation.Get -> {
            request.arg("GET").arg(type.toString()).arg(offset)
        }

        is BitFieldOperation.Set -> {
            request
                .arg("SET")
                .arg(type.toString())
                .arg(offset)
                .arg(value)
        }

        is BitFieldOperation.IncrBy -> {
            request
                .arg("INCRBY")
                .arg(type.toString())
                .arg(offset)
                .arg(increment)
        }

        is BitFieldOperation.Overflow -> {
            request.arg("OVERFLOW").arg(word)
        }
    }
}
