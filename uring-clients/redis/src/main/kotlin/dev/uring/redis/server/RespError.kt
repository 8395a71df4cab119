package dev.uring.redis.server

/**
 * An answer that is an error: thrown by a handler, it becomes the reply, and nothing else happens.
 *
 * ### Shapes and units
 * The message is code, blank and text, as on the wire: `ERR syntax error`. Line ends in it are sent as blanks.
 * ### Threading and cancellation
 * Has no stack trace: a client can provoke it at will, so it must cost no more than another reply. Keep it in a constant
 * and it costs no allocation either.
 */
public class RespError(
    message: String,
) : RuntimeException(message, null, false, false) {
    /** The errors that Redis uses in more than one command, in its words. */
    public companion object {
        /** An option that does not exist or does not fit the others. */
        public val SYNTAX: RespError = RespError("ERR syntax error")

        /** An argument or a value that should be a 64-bit integer. */
        public val NOT_AN_INTEGER: RespError = RespError("ERR value is not an integer or out of range")

        /** A sum that does not fit in 64 bits. */
        public val WOULD_OVERFLOW: RespError = RespError("ERR increment or decrement would overflow")

        /** A value of another type than the command is for. */
        public val WRONG_TYPE: RespError =
            RespError("WRONGTYPE Operation against a key holding the wrong kind of value")

        /** A cursor that no scan has given out. */
        public val INVALID_CURSOR: RespError = RespError("ERR invalid cursor")

        internal fun wrongArity(commandName: String) =
            RespError("ERR wrong number of arguments for '$commandName' command")
    }
}
