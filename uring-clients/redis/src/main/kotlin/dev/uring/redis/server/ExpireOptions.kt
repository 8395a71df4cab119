package dev.uring.redis.server

import dev.uring.redis.store.Entry

/**
 * What EXPIRE and its kin ask for: a deadline, and whether NX, XX, GT or LT let it be set.
 *
 * ### Source
 * Redis 7.0 `expire.c`, parseExtendedExpireArgumentsOrReply and expireGenericCommand: what may go together, and what is
 * complained about first.
 */
public class ExpireOptions private constructor(
    /** Milliseconds since the epoch; may lie in the past. */
    public val deadlineMillis: Long,
    private val conditions: Int,
) {
    /** Whether the deadline may be set on an entry that has the deadline [oldMillis], or [Entry.NEVER]. */
    public fun allows(oldMillis: Long): Boolean {
        val isVolatile = oldMillis != Entry.NEVER
        return when {
            conditions and NX != 0 && isVolatile -> false

            conditions and XX != 0 && !isVolatile -> false

            // An entry without a deadline counts as one that expires after all others.
            conditions and GT != 0 && deadlineMillis <= oldMillis -> false

            conditions and LT != 0 && isVolatile && deadlineMillis >= oldMillis -> false

            else -> true
        }
    }

    internal companion object {
        private const val NX = 1
        private const val XX = 2
        private const val GT = 4
        private const val LT = 8

        fun read(
            call: RespCall<*>,
            index: Int,
            unitMillis: Long,
            sinceMillis: Long,
        ): ExpireOptions {
            val conditions = conditions(call, index + 1)
            val time = call.long(index)
            if (time > Long.MAX_VALUE / unitMillis || time < Long.MIN_VALUE / unitMillis) throw call.invalidExpireTime()
            val millis = time * unitMillis
            if (millis > Long.MAX_VALUE - sinceMillis) throw call.invalidExpireTime()
            return ExpireOptions(beforeNever(millis + sinceMillis), conditions)
        }

        private fun conditions(
            call: RespCall<*>,
            from: Int,
        ): Int {
            var conditions = 0
            for (at in from until call.count) {
                conditions = conditions or
                    when {
                        call.isWord(at, "NX") -> NX
                        call.isWord(at, "XX") -> XX
                        call.isWord(at, "GT") -> GT
                        call.isWord(at, "LT") -> LT
                        else -> call.fail("ERR Unsupported option ${call.latin1(at)}")
                    }
            }
            if (conditions and NX != 0 && conditions != NX) {
                call.fail("ERR NX and XX, GT or LT options at the same time are not compatible")
            }
            if (conditions and GT != 0 && conditions and LT != 0) {
                call.fail("ERR GT and LT options at the same time are not compatible")
            }
            return conditions
        }
    }
}

/**
 * Reads the time at argument [index], in units of [unitMillis] since [sinceMillis] (now, or 0 for a time of its own), and
 * the options behind it.
 */
public fun RespCall<*>.expireOptions(
    index: Int,
    unitMillis: Long,
    sinceMillis: Long,
): ExpireOptions = ExpireOptions.read(this, index, unitMillis, sinceMillis)

/** The largest number is the sign of no deadline; as a time it is as good one millisecond earlier. */
internal fun beforeNever(deadlineMillis: Long): Long = deadlineMillis.coerceAtMost(Entry.NEVER - 1)
