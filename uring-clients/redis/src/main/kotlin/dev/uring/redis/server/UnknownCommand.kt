package dev.uring.redis.server

import dev.uring.redis.codec.RespArguments

/** The errors about commands that a server does not have, word for word as Redis puts them, its cuts included. */
internal object UnknownCommand {
    private const val TEXT_BYTES_MAX = 128

    fun error(request: RespArguments): String =
        buildString {
            append("ERR unknown command '").append(cString(request, 0, TEXT_BYTES_MAX))
            append("', with args beginning with: ")
            val argumentsFrom = length
            for (i in 1 until request.argumentsCount()) {
                val used = length - argumentsFrom
                if (used >= TEXT_BYTES_MAX) break
                append('\'').append(cString(request, i, TEXT_BYTES_MAX - used)).append("' ")
            }
        }

    fun subcommandError(
        request: RespArguments,
        commandName: String,
    ): String = "ERR unknown subcommand '${cString(request, 1, TEXT_BYTES_MAX)}'. Try ${commandName.uppercase()} HELP."

    // Redis prints arguments as C strings: a NUL byte ends them.
    private fun cString(
        request: RespArguments,
        index: Int,
        bytesMax: Int,
    ): String {
        val count = minOf(request.argumentBytes(index), bytesMax)
        return request.arguments().toLatin1(request.argumentFrom(index), count).substringBefore('\u0000')
    }
}
