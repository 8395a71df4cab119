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
    paddingBlockBytes: Int = 0,
) {
    val id: Int = random.nextInt(IDS)
    private val askedName = if (randomizesCase) mixCase(question.name, random) else question.name

    val bytes: ByteArray = MessageCodec.encode(id, askedName, question.type, ednsPayloadBytes, paddingBlockBytes)

    /** [bytes] as they go over a stream: RFC 1035 §4.2.2, behind their length. */
    fun framed(): ByteArray = byteArrayOf((bytes.size shr Byte.SIZE_BITS).toByte(), bytes.size.toByte()) + bytes

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

    companion object {
        private const val IDS = 1 shl 16
        private const val ID_BYTES = 2
        private val BELIEVED_WITH_QUESTION = setOf(MessageCodec.NO_ERROR, MessageCodec.NAME_ERROR)

        /** The id of a message; null when it is too short to have one. */
        fun idOrNull(message: ByteArray): Int? =
            if (message.size < ID_BYTES) {
                null
            } else {
                (message[0].toInt() and 0xFF shl Byte.SIZE_BITS) or (message[1].toInt() and 0xFF)
            }

        private fun mixCase(
            name: String,
            random: SecureRandom,
        ): String {
            val bits = ByteArray(name.length)
            random.nextBytes(bits)
            return String(CharArray(name.length) { if (bits[it] < 0) name[it].uppercaseChar() else name[it] })
        }
    }
}
