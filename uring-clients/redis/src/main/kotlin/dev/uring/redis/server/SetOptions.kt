package dev.uring.redis.server

import dev.uring.redis.store.Entry

/**
 * What may stand behind `SET key value`: `NX | XX`, `GET`, `KEEPTTL` and one of `EX s`, `PX ms`, `EXAT s`, `PXAT ms`.
 *
 * ### Source
 * Redis 7.0 `t_string.c`, parseExtendedStringArgumentsOrReply and getExpireMillisecondsOrReply: what may go together, and
 * what is complained about first.
 */
public class SetOptions private constructor(
    private val presence: Presence,
    /** GET: the reply is the value that was there before. */
    public val returnsOld: Boolean,
    /** KEEPTTL: the key expires when it would have expired. */
    public val keepsDeadline: Boolean,
    /** When the key expires, in milliseconds since the epoch; [Entry.NEVER] unless said. */
    public val deadlineMillis: Long,
) {
    private enum class Presence { ANY, ABSENT, PRESENT }

    /** Whether NX and XX let the value be set, the key being there or not. */
    public fun allows(isPresent: Boolean): Boolean =
        when (presence) {
            Presence.ANY -> true
            Presence.ABSENT -> !isPresent
            Presence.PRESENT -> isPresent
        }

    internal companion object {
        private val PLAIN = SetOptions(Presence.ANY, returnsOld = false, keepsDeadline = false, Entry.NEVER)

        fun read(
            call: RespCall<*>,
            from: Int,
            nowMillis: () -> Long,
        ): SetOptions {
            if (call.count <= from) return PLAIN
            var presence = Presence.ANY
            var returnsOld = false
            var keepsDeadline = false
            var unit: ExpiryUnit? = null
            var timeAt = 0
            var at = from
            while (at < call.count) {
                val unitHere = ExpiryUnit.at(call, at)
                when {
                    call.isWord(at, "NX") && presence != Presence.PRESENT -> {
                        presence = Presence.ABSENT
                    }

                    call.isWord(at, "XX") && presence != Presence.ABSENT -> {
                        presence = Presence.PRESENT
                    }

                    call.isWord(at, "GET") -> {
                        returnsOld = true
                    }

                    call.isWord(at, "KEEPTTL") && unit == null -> {
                        keepsDeadline = true
                    }

                    unitHere != null && (unit ?: unitHere) == unitHere && !keepsDeadline && at + 1 < call.count -> {
                        unit = unitHere
                        timeAt = ++at
                    }

                    else -> {
                        throw RespError.SYNTAX
                    }
                }
                at++
            }
            val deadline = unit?.deadlineMillis(call, timeAt, nowMillis) ?: Entry.NEVER
            return SetOptions(presence, returnsOld, keepsDeadline, deadline)
        }
    }
}

/** Reads the options of SET from argument [from] to the last; without any, allocates nothing. */
public fun RespCall<*>.setOptions(
    from: Int,
    nowMillis: () -> Long = System::currentTimeMillis,
): SetOptions = SetOptions.read(this, from, nowMillis)

private enum class ExpiryUnit(
    val millis: Long,
    val isRelative: Boolean,
) {
    EX(1000, true),
    PX(1, true),
    EXAT(1000, false),
    PXAT(1, false),
    ;

    fun deadlineMillis(
        call: RespCall<*>,
        index: Int,
        nowMillis: () -> Long,
    ): Long {
        val time = call.long(index)
        if (time <= 0 || time > Long.MAX_VALUE / millis) throw call.invalidExpireTime()
        val deadline = time * millis + if (isRelative) nowMillis() else 0
        if (deadline <= 0) throw call.invalidExpireTime()
        return beforeNever(deadline)
    }

    companion object {
        fun at(
            call: RespCall<*>,
            index: Int,
        ): ExpiryUnit? = entries.firstOrNull { call.isWord(index, it.name) }
    }
}

internal fun RespCall<*>.invalidExpireTime() = RespError("ERR invalid expire time in '$commandName' command")
