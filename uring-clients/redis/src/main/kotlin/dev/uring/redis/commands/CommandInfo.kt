package dev.uring.redis.commands

import dev.uring.redis.codec.Command

/**
 * What is known of a command: the facts by which it is routed, repeated or refused.
 *
 * ### Shapes and units
 * [arity] is the server's: the number of words, the name included, negative for "at least".
 * [keys] says where keys stand, an entry for each key specification, in the form that the table's README describes.
 *
 * @property command what requests are made of; it holds the flags that routing goes by
 * @property group the file of the table that it is from
 * @property module the module of the server that has it; null when the server itself does
 * @property since the first version of Redis, or of the module, that has it
 * @property functionsCount how many typed forms it has
 * @property withoutReason why it has none; null when it has some
 */
@Suppress("LongParameterList") // one for each column of the table, and only generated code calls it
public class CommandInfo internal constructor(
    public val command: Command,
    public val group: String,
    module: String,
    public val arity: Int,
    public val since: String,
    flags: String,
    keys: String,
    policy: String,
    deprecated: String,
    public val functionsCount: Int,
    withoutReason: String,
) {
    /** In capitals; the words of a sub-command with a blank between them. */
    public val name: String get() = command.name()

    public val module: String? = module.ifEmpty { null }

    /** As the server names them. */
    public val flags: Set<String> = words(flags)

    /** Where keys stand. */
    public val keys: List<String> = words(keys).toList()

    /** Whom a cluster client asks, and behind a colon how replies are joined; null when keys tell, or any node can. */
    public val policy: String? = policy.ifEmpty { null }

    /** Since when Redis advises against it; null when it does not. */
    public val deprecatedSince: String? = deprecated.ifEmpty { null }

    public val withoutReason: String? = withoutReason.ifEmpty { null }

    override fun toString(): String = "$name (since ${module ?: "Redis"} $since)"

    private fun words(text: String): Set<String> = if (text.isEmpty()) emptySet() else text.split(',').toSet()
}
