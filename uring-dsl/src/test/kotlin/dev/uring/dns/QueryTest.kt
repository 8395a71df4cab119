package dev.uring.dns

import dev.uring.dsl.newSeed
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import org.xbill.DNS.DClass
import org.xbill.DNS.Flags
import org.xbill.DNS.Message
import org.xbill.DNS.Rcode
import org.xbill.DNS.Record
import org.xbill.DNS.Section
import org.xbill.DNS.Type
import java.security.SecureRandom
import kotlin.random.Random

private const val NAME = "a-rather-long-name-with-letters.example"

private fun query(randomizesCase: Boolean = true) =
    Query(Question(NAME, RecordType.A), SecureRandom(), 1232, randomizesCase)

private fun Query.kindOf(change: (Message) -> Unit): String {
    val reply = Message(bytes)
    reply.header.setFlag(Flags.QR.toInt())
    change(reply)
    return judge(reply.toWire())::class.simpleName!!
}

private fun Message.ask(
    name: String,
    type: Int = Type.A,
    dClass: Int = DClass.IN,
) {
    removeAllRecords(Section.QUESTION)
    addRecord(Record.newRecord(fqdn(name), type, dClass), Section.QUESTION)
}

class QueryTest :
    FunSpec({
        test("an answer has the id, the question and its letters; anything else is a stranger's") {
            val query = query()
            query.kindOf { } shouldBe "Answer"
            query.kindOf { it.header.id = it.header.id xor 1 } shouldBe "Stranger"
            query.kindOf { it.header.unsetFlag(Flags.QR.toInt()) } shouldBe "Stranger"
            query.kindOf { it.ask("other.example") } shouldBe "Stranger"
            query.kindOf { it.ask(NAME, Type.AAAA) } shouldBe "Stranger"
            query.kindOf { it.ask(NAME, dClass = DClass.CH) } shouldBe "Stranger"
            query.kindOf { it.addRecord(Record.newRecord(fqdn(NAME), Type.A, DClass.IN), Section.QUESTION) } shouldBe
                "Stranger"
            query.judge(ByteArray(0))::class.simpleName shouldBe "Stranger"
        }

        test("letters of another case are told apart, and may be anything where they are not at random") {
            // Not all of 30 letters of one case: 2^-29 that the one that was sent is.
            query().kindOf { it.ask(NAME) } shouldBe "OtherCase"
            query(randomizesCase = false).kindOf { it.ask(NAME) } shouldBe "Answer"
            query(randomizesCase = false).kindOf { it.ask(NAME.uppercase()) } shouldBe "OtherCase"
        }

        test("an error may come without the question, an answer may not") {
            val query = query()
            query.kindOf { it.removeAllRecords(Section.QUESTION) } shouldBe "Stranger"
            query.kindOf {
                it.removeAllRecords(Section.QUESTION)
                it.header.rcode = Rcode.NXDOMAIN
            } shouldBe "Stranger"
            query.kindOf {
                it.removeAllRecords(Section.QUESTION)
                it.header.rcode = Rcode.FORMERR
            } shouldBe "Answer"
        }

        test("ids and letters are drawn anew for each question") {
            val messages = List(64) { Message(query().bytes) }
            messages.map { it.header.id }.toSet().size shouldBeGreaterThan 32
            messages.map { it.question.name.toString() }.toSet().size shouldBeGreaterThan 32
            messages.forEach { it.opt.payloadSize shouldBe 1232 }
        }

        test("bytes of strangers never do more than be no answer") {
            val random = Random(newSeed())
            val query = query()
            val answer = Message(query.bytes).apply { header.setFlag(Flags.QR.toInt()) }.toWire()
            repeat(20_000) {
                val bytes = answer.copyOf(random.nextInt(answer.size + 20))
                // Behind the id and the flags, so that the rest of the message is read at all.
                repeat(random.nextInt(1, 6)) {
                    if (bytes.size >
                        4
                    ) {
                        bytes[random.nextInt(3, bytes.size)] = random.nextInt().toByte()
                    }
                }
                query.judge(bytes)
            }
        }
    })
