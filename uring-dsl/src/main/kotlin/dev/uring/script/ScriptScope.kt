package dev.uring.script

/**
 * What a `*.uring.kts` script knows about its call. It is a receiver of the script, beside the DSL's
 * [UringScope][dev.uring.dsl.UringScope].
 *
 * ```
 * val port = option("--port", default = "6379")
 * tcp("127.0.0.1:$port") { conn -> conn.forEachView { conn.send(it) } }
 * ```
 */
public class ScriptScope internal constructor(
    /** Everything after the script's file name on the command line, unchanged. */
    public val args: List<String>,
    private val environment: (String) -> String?,
) {
    /** The environment variable [name], or null when it is not set. */
    public fun env(name: String): String? = environment(name)

    /**
     * The value of the option [name] in [args], given as `--port 7000` or `--port=7000`; the last one counts.
     * Without it [default].
     *
     * ### Errors
     * [ScriptUsageException] when the option stands last, without a value: the message names it, no stack is shown.
     */
    public fun option(
        name: String,
        default: String,
    ): String = option(name) ?: default

    /** The value of the option [name] in [args], or null when it is absent. */
    public fun option(name: String): String? {
        val index = args.indexOfLast { it == name || it.startsWith("$name=") }
        if (index < 0) return null
        if (args[index] != name) return args[index].substring(name.length + 1)
        return args.getOrNull(index + 1) ?: throw ScriptUsageException("option $name needs a value")
    }

    /** Whether [name] is among [args]. */
    public fun flag(name: String): Boolean = name in args
}
