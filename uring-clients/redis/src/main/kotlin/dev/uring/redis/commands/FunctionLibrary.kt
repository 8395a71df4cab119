package dev.uring.redis.commands

import dev.uring.redis.codec.Reply

/**
 * A library of functions on the server.
 *
 * @property code null unless it was asked for
 */
public data class FunctionLibrary(
    public val name: String,
    public val engine: String,
    public val functions: List<Function>,
    public val code: String?,
) {
    /** One function of it. */
    public data class Function(
        public val name: String,
        public val description: String?,
        public val flags: Set<String>,
    )

    internal companion object {
        private val function: Reply<Function> =
            Reply { r ->
                var function = Function("", null, emptySet())
                r.eachField { name ->
                    when (name) {
                        "name" -> function = function.copy(name = r.readString())
                        "description" -> function = function.copy(description = Reply.STRING_OR_NULL.read(r))
                        "flags" -> function = function.copy(flags = members(Reply.STRING).read(r))
                        else -> r.skip()
                    }
                }
                function
            }

        val reply: Reply<FunctionLibrary> =
            Reply { r ->
                var library = FunctionLibrary("", "", emptyList(), null)
                r.eachField { name ->
                    when (name) {
                        "library_name" -> library = library.copy(name = r.readString())
                        "engine" -> library = library.copy(engine = r.readString())
                        "functions" -> library = library.copy(functions = elements(function).read(r))
                        "library_code" -> library = library.copy(code = r.readString())
                        else -> r.skip()
                    }
                }
                library
            }
    }
}
