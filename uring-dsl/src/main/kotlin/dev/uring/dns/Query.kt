package dev.uring.dns

import java.security.SecureRandom

/**
 * One question as it is sent once: with an id of its own and letters in random case, which its answer must repeat. With
 * the port of a socket of its own that makes what a forger, who does not see the question, has to guess: RFC 5452.
 */
internal class Query(
    val question: Question,
    random: SecureRandom,
    ednsPayloadBytes: Int,
    randomizesCase: Boolean,
) {
    private val id = random.nextInt(IDS)
    private val askedName = if (randomizesCase) mixCase(question.name, random) else question.name

    val bytes: ByteArray = MessageCodec.encode(id, askedName, question.type, ednsPayloadBytes)

    /** What a datagram from the server's address is to this question. */
    fun judge(bytes: ByteArray): Verdict {
        val message = MessageCodec.decodeOrNull(bytes) ?: return Verdict.Stranger
        if (!message.isResponse || message.id != id) return Verdict.Stranger
        // A server that cannot read a question may not repeat it. Believing this can but send us to the next server.
        if (!message.hasQuestion && message.rcode !in BELIEVED_WITH_QUESTION) return Verdict.Answer(message)
        val name = message.askedName
        return when {
            name == null || message.askedType != question.type.code -> Verdict.Stranger
            name == askedName -> Verdict.Answer(message)
            HostName.lower(name) == question.name -> Verdict.OtherCase
            else -> Verdict.Stranger
        }
    }

    sealed interface Verdict {
        /** The answer. */
        class Answer(
            val message: DnsMessage,
        ) : Verdict

        /** The answer but for the case of its letters: a server that does not keep it, or a forger who guessed well. */
        data object OtherCase : Verdict

        /** No answer to this question. */
        data object Stranger : Verdict
    }

    private companion object {
        const val IDS = 1 shl 16
        val BELIEVED_WITH_QUESTION = setOf(MessageCodec.NO_ERROR, MessageCodec.NAME_ERROR)

        fun mixCase(
            name: String,
            random: SecureRandom,
        ): String {
            val bits = ByteArray(name.length)
            random.nextBytes(bits)
            return String(CharArray(name.length) { if (bits[it] < 0) name[it].uppercaseChar() else name[it] })
        }
    }
}
