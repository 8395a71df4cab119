package dev.uring.dns

import org.xbill.DNS.AAAARecord
import org.xbill.DNS.ARecord
import org.xbill.DNS.CNAMERecord
import org.xbill.DNS.DClass
import org.xbill.DNS.EDNSOption
import org.xbill.DNS.Flags
import org.xbill.DNS.GenericEDNSOption
import org.xbill.DNS.Message
import org.xbill.DNS.Name
import org.xbill.DNS.OPTRecord
import org.xbill.DNS.Rcode
import org.xbill.DNS.Record
import org.xbill.DNS.SOARecord
import org.xbill.DNS.SRVRecord
import org.xbill.DNS.Section
import org.xbill.DNS.Type
import java.io.IOException
import java.net.InetAddress

/** The kinds of records that are asked for. */
internal enum class RecordType(
    val code: Int,
) {
    A(Type.A),
    AAAA(Type.AAAA),
    SRV(Type.SRV),
}

/** What is asked: [name] in lower case, without a dot at its end. */
internal data class Question(
    val name: String,
    val type: RecordType,
) {
    override fun toString(): String = "$type $name"
}

/** A record of an answer. [owner] is in lower case; [ttlSeconds] as it was sent. */
internal sealed interface AnswerRecord {
    val owner: String
    val ttlSeconds: Long

    class Address(
        override val owner: String,
        override val ttlSeconds: Long,
        val type: RecordType,
        val address: InetAddress,
    ) : AnswerRecord

    class Service(
        override val owner: String,
        override val ttlSeconds: Long,
        val service: ServiceRecord,
    ) : AnswerRecord

    class Alias(
        override val owner: String,
        override val ttlSeconds: Long,
        val target: String,
    ) : AnswerRecord
}

/**
 * A message of a server.
 *
 * @property askedName the question's name in the letters of the message; null when it has not exactly one question.
 * @property negativeTtlSeconds how long it may be kept that something is not there, RFC 2308 §5; null without an SOA.
 */
internal class DnsMessage(
    val id: Int,
    val isResponse: Boolean,
    val isTruncated: Boolean,
    val rcode: Int,
    val askedName: String?,
    val askedType: Int,
    val hasQuestion: Boolean,
    val answers: List<AnswerRecord>,
    val negativeTtlSeconds: Long?,
)

/**
 * Bytes to messages and back: the one place that knows dnsjava, whose message codec has met twenty years of servers.
 * Its resolver, which has threads and sockets of its own, is not used.
 */
internal object MessageCodec {
    const val NO_ERROR: Int = Rcode.NOERROR
    const val FORMAT_ERROR: Int = Rcode.FORMERR
    const val NAME_ERROR: Int = Rcode.NXDOMAIN
    const val NOT_IMPLEMENTED: Int = Rcode.NOTIMP
    const val BAD_VERSION: Int = Rcode.BADVERS

    // RFC 6891 §6.1.2: the root as its name, type, payload size, flags, and the length of its options.
    private const val OPT_BYTES = 11
    private const val OPTION_HEADER_BYTES = 4
    private const val PADDING_CODE = 12

    fun rcodeText(rcode: Int): String = Rcode.string(rcode)

    /**
     * A question in the letters of [name]; with EDNS0 unless [ednsPayloadBytes] is 0, and then padded to a multiple of
     * [paddingBlockBytes] unless that is 0.
     */
    fun encode(
        id: Int,
        name: String,
        type: RecordType,
        ednsPayloadBytes: Int,
        paddingBlockBytes: Int = 0,
    ): ByteArray {
        val message = Message(id)
        message.header.setFlag(Flags.RD.toInt())
        message.addRecord(Record.newRecord(Name.fromString(name, Name.root), type.code, DClass.IN), Section.QUESTION)
        if (ednsPayloadBytes > 0) {
            val options = padding(message.toWire().size + OPT_BYTES, paddingBlockBytes)
            message.addRecord(OPTRecord(ednsPayloadBytes, 0, 0, 0, options), Section.ADDITIONAL)
        }
        return message.toWire()
    }

    // RFC 7830 §3: an option whose content says nothing.
    private fun padding(
        messageBytes: Int,
        blockBytes: Int,
    ): List<EDNSOption> {
        if (blockBytes == 0) return emptyList()
        val unpadded = messageBytes + OPTION_HEADER_BYTES
        return listOf(GenericEDNSOption(PADDING_CODE, ByteArray(Math.floorMod(-unpadded, blockBytes))))
    }

    /** Null when [bytes] are no message. */
    fun decodeOrNull(bytes: ByteArray): DnsMessage? =
        try {
            toMessage(Message(bytes))
        } catch (_: IOException) {
            null
        } catch (_: RuntimeException) {
            // Whatever a stranger's bytes make the codec do, they are no message.
            null
        }

    private fun toMessage(message: Message): DnsMessage {
        val questions = message.getSection(Section.QUESTION)
        val question = questions.singleOrNull()?.takeIf { it.dClass == DClass.IN }
        return DnsMessage(
            id = message.header.id,
            isResponse = message.header.getFlag(Flags.QR.toInt()),
            isTruncated = message.header.getFlag(Flags.TC.toInt()),
            rcode = message.rcode,
            askedName = question?.name?.toString(true),
            askedType = question?.type ?: 0,
            hasQuestion = questions.isNotEmpty(),
            answers = message.getSection(Section.ANSWER).mapNotNull(::toAnswer),
            negativeTtlSeconds = negativeTtl(message),
        )
    }

    private fun toAnswer(record: Record): AnswerRecord? {
        if (record.dClass != DClass.IN) return null
        val owner = text(record.name)
        return when (record) {
            is ARecord -> AnswerRecord.Address(owner, ttl(record), RecordType.A, record.address)
            is AAAARecord -> AnswerRecord.Address(owner, ttl(record), RecordType.AAAA, record.address)
            is CNAMERecord -> AnswerRecord.Alias(owner, ttl(record), text(record.target))
            is SRVRecord -> AnswerRecord.Service(owner, ttl(record), toService(record))
            else -> null
        }
    }

    private fun toService(record: SRVRecord) =
        ServiceRecord(text(record.target), record.port, record.priority, record.weight)

    private fun negativeTtl(message: Message): Long? {
        val soa = message.getSection(Section.AUTHORITY).firstOrNull { it is SOARecord } as? SOARecord ?: return null
        return minOf(ttl(soa), soa.minimum)
    }

    // RFC 2181 §8: one with the highest bit set is to be taken for 0.
    private fun ttl(record: Record): Long = if (record.ttl > Int.MAX_VALUE) 0 else record.ttl

    // The root, which is a dot to the codec, is no name at all to us.
    private fun text(name: Name): String = if (name == Name.root) "" else HostName.lower(name.toString(true))
}
