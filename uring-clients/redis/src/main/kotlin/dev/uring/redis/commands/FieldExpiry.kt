package dev.uring.redis.commands

import dev.uring.redis.codec.Reply

/** What became of setting when a hash's field expires. */
public enum class FieldExpiry(
    internal val code: Long,
) {
    /** The hash has no such field. */
    NoField(-2),

    /** The condition did not hold. */
    ConditionNotMet(0),

    /** It is set. */
    Applied(1),

    /** The moment has passed, so the field is deleted. */
    Deleted(2),
    ;

    internal companion object {
        val reply: Reply<FieldExpiry> = codeReply(entries, FieldExpiry::code)
    }
}

/** What became of keeping a hash's field from expiring. */
public enum class FieldPersist(
    internal val code: Long,
) {
    /** The hash has no such field. */
    NoField(-2),

    /** The field would not have expired. */
    NoExpiry(-1),

    /** It does not expire any more. */
    Applied(1),
    ;

    internal companion object {
        val reply: Reply<FieldPersist> = codeReply(entries, FieldPersist::code)
    }
}

/** What became of deleting an entry of a stream. */
public enum class StreamDeletion(
    internal val code: Long,
) {
    /** The stream has no such entry. */
    NoEntry(-1),

    /** It is deleted. */
    Deleted(1),

    /** It stays because consumer groups still refer to it. */
    StillReferenced(2),
    ;

    internal companion object {
        val reply: Reply<StreamDeletion> = codeReply(entries, StreamDeletion::code)
    }
}

/** A number on the wire that stands for a constant; one that is not known is an error of this client. */
private fun <T> codeReply(
    constants: List<T>,
    code: (T) -> Long,
): Reply<T> =
    Reply { r ->
        val number = r.readLong()
        constants.firstOrNull { code(it) == number }
            ?: error("the server answered $number, which is none of ${constants.map { "${code(it)}=$it" }}")
    }
