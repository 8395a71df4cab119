package dev.uring.dns

import dev.uring.dns.NameResolutionException.Kind
import java.net.InetSocketAddress
import kotlin.math.min

/**
 * One question, from the first server asked to records: repeats it, goes from server to server, follows aliases.
 *
 * Thread: the worker.
 */
internal class Lookup(
    private val exchange: Exchange,
    private val settings: Settings,
    private val firstServer: Int,
) {
    // Kept by a caller whose time is over before this has ended.
    val asked = mutableListOf<ServerAnswer>()
    private var failuresCount = 0
    private var ttlSeconds = Long.MAX_VALUE

    /** How long the outcome may be kept; null when it may not. */
    var keepSeconds: Long? = null
        private set

    suspend fun run(question: Question): Outcome {
        val aliases = linkedSetOf(question.name)
        while (true) {
            val asking = question.copy(name = aliases.last())
            val message = ask(asking) ?: return Outcome.Failed(failureKind(), asked)
            val aliasesCount = aliases.size
            follow(message, aliases)?.let { return Outcome.Failed(Kind.SERVER_FAILURE, asked, it) }
            val records = message.answers.filter { it.owner == aliases.last() && it.isOf(question.type) }
            if (records.isNotEmpty()) return found(records)
            // The server may have left the last of the aliases to us: then ask for that.
            val isFinal =
                message.rcode == MessageCodec.NAME_ERROR || message.negativeTtlSeconds != null ||
                    aliases.size == aliasesCount
            if (isFinal) return absent(message)
        }
    }

    private fun found(records: List<AnswerRecord>): Outcome {
        keepSeconds = min(ttlSeconds, records.minOf { it.ttlSeconds })
        return Outcome.Found(records.take(ResolverConfig.RECORDS_MAX))
    }

    private fun absent(message: DnsMessage): Outcome {
        keepSeconds = message.negativeTtlSeconds?.let { min(ttlSeconds, it) }
        val isNoName = message.rcode == MessageCodec.NAME_ERROR
        return Outcome.Absent(if (isNoName) Kind.NOT_FOUND else Kind.NO_ADDRESS, asked)
    }

    /** Adds the aliases of [message] that lead on from the last of [aliases]; says what is wrong with them, or null. */
    private fun follow(
        message: DnsMessage,
        aliases: LinkedHashSet<String>,
    ): String? {
        while (true) {
            val alias =
                message.answers.firstOrNull { it is AnswerRecord.Alias && it.owner == aliases.last() }
                    as? AnswerRecord.Alias ?: return null
            ttlSeconds = min(ttlSeconds, alias.ttlSeconds)
            if (!aliases.add(
                    alias.target,
                )
            ) {
                return "its aliases go round: ${aliases.joinToString(" → ")} → ${alias.target}"
            }
            if (aliases.size > ResolverConfig.ALIASES_MAX + 1) {
                return "more than ALIASES_MAX=${ResolverConfig.ALIASES_MAX} aliases in a row"
            }
        }
    }

    private suspend fun ask(question: Question): DnsMessage? {
        val servers = settings.servers
        repeat(settings.attempts) {
            for (i in servers.indices) {
                val server = servers[(firstServer + i) % servers.size]
                when (val reply = exchange.ask(server, question, settings.timeout, settings.useTcp)) {
                    is Exchange.Reply.Answer -> {
                        note(server, question, MessageCodec.rcodeText(reply.message.rcode))
                        return reply.message
                    }

                    is Exchange.Reply.Timeout -> {
                        note(server, question, reply.why)
                    }

                    is Exchange.Reply.Failure -> {
                        failuresCount++
                        note(server, question, reply.why)
                    }

                    is Exchange.Reply.NoTls -> {
                        failuresCount++
                        note(server, question, reply.why)
                    }

                    Exchange.Reply.BadFormat -> {
                        failuresCount++
                        note(server, question, "cannot read our questions (FORMERR)")
                    }
                }
            }
        }
        return null
    }

    private fun note(
        server: InetSocketAddress,
        question: Question,
        outcome: String,
    ) {
        asked += ServerAnswer(server, question.toString(), outcome)
    }

    private fun failureKind(): Kind = if (failuresCount == 0) Kind.TIMEOUT else Kind.SERVER_FAILURE

    private fun AnswerRecord.isOf(type: RecordType): Boolean =
        when (this) {
            is AnswerRecord.Address -> this.type == type
            is AnswerRecord.Service -> type == RecordType.SRV
            is AnswerRecord.Alias -> false
        }
}
