package dev.uring.redis.commands

import dev.uring.redis.codec.Reply

/**
 * What a server says of itself.
 *
 * @property text as it came
 */
public class ServerInfo internal constructor(
    public val text: String,
) {
    /** The values by name, section by section; names of sections as the server writes them, such as `Memory`. */
    public val sections: Map<String, Map<String, String>> by lazy { parse() }

    /** The value of this name, whichever section it stands in; null when there is none. */
    public operator fun get(name: String): String? = sections.values.firstNotNullOfOrNull { it[name] }

    override fun toString(): String = text

    private fun parse(): Map<String, Map<String, String>> {
        val sections = LinkedHashMap<String, MutableMap<String, String>>()
        var section = ""
        for (line in text.lineSequence()) {
            val colon = line.indexOf(':')
            if (line.startsWith("#")) {
                section = line.removePrefix("#").trim()
            } else if (colon > 0) {
                sections.getOrPut(section) { LinkedHashMap() }[line.substring(0, colon)] = line.substring(colon + 1)
            }
        }
        return sections
    }

    internal companion object {
        val reply: Reply<ServerInfo> = Reply { r -> ServerInfo(r.readString()) }
    }
}

/**
 * What a server knows of one of its connections.
 *
 * @property fields by the server's names, such as `addr` and `name`
 */
public data class ClientDescription(
    public val fields: Map<String, String>,
) {
    /** The connection's number. */
    public val id: Long get() = fields["id"]?.toLongOrNull() ?: -1

    /** The field of this name; null when the server does not have it. */
    public operator fun get(name: String): String? = fields[name]

    internal companion object {
        val reply: Reply<ClientDescription> = Reply { r -> parse(r.readString().trim()) }

        /** One to a line. */
        val replies: Reply<List<ClientDescription>> =
            Reply { r ->
                r
                    .readString()
                    .lineSequence()
                    .filter { it.isNotBlank() }
                    .map(::parse)
                    .toList()
            }

        private fun parse(line: String): ClientDescription =
            ClientDescription(line.split(' ').associate { it.substringBefore('=') to it.substringAfter('=', "") })
    }
}
