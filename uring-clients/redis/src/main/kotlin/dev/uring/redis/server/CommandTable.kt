package dev.uring.redis.server

import dev.uring.bytes.ByteView

/**
 * Finds a command by its name as it stands on the wire, in any case, without making a string of it.
 *
 * A name of up to 16 bytes is two longs, upper-cased eight letters at a time; longer names, which are rare, take a map.
 * Built once and then only read.
 */
internal class CommandTable<C : Any>(
    commands: Map<String, C>,
) {
    private val mask = Integer.highestOneBit(commands.size.coerceAtLeast(1)) * SLOTS_PER_COMMAND - 1
    private val lows = LongArray(mask + 1)
    private val highs = LongArray(mask + 1)
    private val sizes = IntArray(mask + 1)
    private val found = arrayOfNulls<Any>(mask + 1)
    private val longNames = HashMap<String, C>()

    /** All commands, by lower-case name. */
    val all: Map<String, C> = commands.mapKeys { it.key.lowercase() }.toSortedMap()

    init {
        for ((name, command) in commands) {
            val bytes = name.uppercase().toByteArray()
            if (bytes.size > SHORT_NAME_BYTES_MAX) longNames[name.uppercase()] = command else put(bytes, command)
        }
    }

    /** The command whose name is the [count] bytes of [bytes] from [from], or null. */
    fun find(
        bytes: ByteView,
        from: Int,
        count: Int,
    ): C? {
        if (count > SHORT_NAME_BYTES_MAX || count == 0) return findLong(bytes, from, count)
        val low = upperCase(load(bytes, from, minOf(count, Long.SIZE_BYTES)))
        val high =
            if (count >
                Long.SIZE_BYTES
            ) {
                upperCase(load(bytes, from + Long.SIZE_BYTES, count - Long.SIZE_BYTES))
            } else {
                0
            }
        var slot = slot(low, high)
        while (found[slot] != null) {
            // The size too: a name is filled up with zeros, and a peer may send some.
            if (lows[slot] == low && highs[slot] == high && sizes[slot] == count) {
                @Suppress("UNCHECKED_CAST") // put() alone fills the array
                return found[slot] as C
            }
            slot = (slot + 1) and mask
        }
        return null
    }

    private fun findLong(
        bytes: ByteView,
        from: Int,
        count: Int,
    ): C? = if (count in 1..LONG_NAME_BYTES_MAX) longNames[bytes.toLatin1(from, count).uppercase()] else null

    private fun put(
        name: ByteArray,
        command: C,
    ) {
        val low = pack(name, 0)
        val high = pack(name, Long.SIZE_BYTES)
        var slot = slot(low, high)
        while (found[slot] != null) slot = (slot + 1) and mask
        lows[slot] = low
        highs[slot] = high
        sizes[slot] = name.size
        found[slot] = command
    }

    private fun slot(
        low: Long,
        high: Long,
    ): Int {
        val hash = (low xor high * MIX) * MIX
        return (hash ushr Int.SIZE_BITS).toInt() and mask
    }

    private companion object {
        const val SHORT_NAME_BYTES_MAX = 16
        const val LONG_NAME_BYTES_MAX = 128
        const val SLOTS_PER_COMMAND = 8 // few enough are taken that the first look nearly always decides
        const val MIX = -0x61C8864680B583EBL
        const val EVERY_BYTE = 0x0101010101010101L

        fun pack(
            name: ByteArray,
            from: Int,
        ): Long {
            var packed = 0L
            for (i in minOf(name.size, from + Long.SIZE_BYTES) - 1 downTo from) {
                packed = (packed shl Byte.SIZE_BITS) or (name[i].toLong() and 0xFF)
            }
            return packed
        }

        fun load(
            bytes: ByteView,
            from: Int,
            count: Int,
        ): Long {
            if (count == Long.SIZE_BYTES) return bytes.getLongLe(from)
            // What follows the name is usually there to be read along: its line end, its arguments.
            if (from + Long.SIZE_BYTES <= bytes.size()) {
                return bytes.getLongLe(from) and ((1L shl (count * Byte.SIZE_BITS)) - 1)
            }
            var packed = 0L
            for (i in from + count - 1 downTo from) {
                packed =
                    (packed shl Byte.SIZE_BITS) or bytes.getUnsigned(i).toLong()
            }
            return packed
        }

        // Adding moves a letter's byte past 0x80 exactly when it is >= 'a', and again when it is > 'z'. Bytes above
        // 0x7F are no letters.
        fun upperCase(text: Long): Long {
            val low7 = text and (0x7F * EVERY_BYTE)
            val fromA = low7 + (0x80 - 'a'.code) * EVERY_BYTE
            val afterZ = low7 + (0x80 - 'z'.code - 1) * EVERY_BYTE
            val isLetter = (fromA xor afterZ) and text.inv() and (0x80L * EVERY_BYTE)
            return text xor (isLetter ushr 2)
        }
    }
}
