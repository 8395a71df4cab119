package dev.uring.dns

import dev.uring.base.UringException
import java.net.InetSocketAddress

/**
 * A name could not be turned into what was asked for.
 *
 * @property kind why.
 * @property name the name, as the program gave it.
 * @property answers whom we asked what, and how each answered, in that order; none when nobody was asked.
 */
public class NameResolutionException internal constructor(
    public val kind: Kind,
    public val name: String,
    public val answers: List<ServerAnswer>,
    detail: String? = null,
) : UringException(describe(kind, name, answers, detail)) {
    /** Why a name could not be resolved. */
    public enum class Kind {
        /** A server said that there is no such name. */
        NOT_FOUND,

        /** The name is there, but has no record of the kind asked for. */
        NO_ADDRESS,

        /** No server answered in time. */
        TIMEOUT,

        /** Servers answered, with errors. */
        SERVER_FAILURE,

        /** The text can be nobody's name; nobody was asked. */
        BAD_NAME,
    }

    private companion object {
        // A search list times servers times attempts: enough is enough.
        const val ANSWERS_SHOWN_MAX = 8

        fun describe(
            kind: Kind,
            name: String,
            answers: List<ServerAnswer>,
            detail: String?,
        ): String =
            buildString {
                append("cannot resolve '")
                    .append(name)
                    .append("': ")
                    .append(detail ?: what(kind))
                    .append('.')
                answers.take(ANSWERS_SHOWN_MAX).forEach { append("\n  ").append(it) }
                if (answers.size > ANSWERS_SHOWN_MAX) {
                    append("\n  and ").append(answers.size - ANSWERS_SHOWN_MAX).append(" more")
                }
                append("\n  ").append(why(kind))
            }

        fun what(kind: Kind): String =
            when (kind) {
                Kind.NOT_FOUND -> "there is no such name"
                Kind.NO_ADDRESS -> "the name has no record of the kind asked for"
                Kind.TIMEOUT -> "no server answered in time"
                Kind.SERVER_FAILURE -> "no server could say"
                Kind.BAD_NAME -> "it can be nobody's name"
            }

        fun why(kind: Kind): String =
            when (kind) {
                Kind.NOT_FOUND -> {
                    "Likely cause: it is misspelt, or known to other servers only. " +
                        "Check the spelling, and nameserver and search in /etc/resolv.conf."
                }

                Kind.NO_ADDRESS -> {
                    "Likely cause: it has addresses of the other IP version only, or is a domain and no host. " +
                        "Ask for either version, or for another name."
                }

                Kind.TIMEOUT -> {
                    "Likely cause: a server is down, or a firewall drops port 53. " +
                        "Check nameserver in /etc/resolv.conf; see ResolverConfig.timeout and attempts."
                }

                Kind.SERVER_FAILURE -> {
                    "Likely cause: the domain's own servers fail, or these servers do not serve us. " +
                        "Try again later, or ask other servers."
                }

                Kind.BAD_NAME -> {
                    "Letters, digits, '-' and '_' in labels of 1 to 63, joined by dots, are at most 253 in all."
                }
            }
    }
}

/**
 * How one server answered one question.
 *
 * @property server whom we asked.
 * @property question what for, such as `A example.org`.
 * @property outcome such as `NXDOMAIN` or `no answer within 5s`.
 */
public data class ServerAnswer(
    val server: InetSocketAddress,
    val question: String,
    val outcome: String,
) {
    override fun toString(): String = "${server.address.hostAddress} port ${server.port}, asked for $question: $outcome"
}
