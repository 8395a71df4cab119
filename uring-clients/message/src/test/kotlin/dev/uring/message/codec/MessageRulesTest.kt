package dev.uring.message.codec

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe

/** Each rule, and that they are asked in their order: every case breaks all the rules behind its own that it can. */
class MessageRulesTest :
    FunSpec({
        fun refusal(
            message: Message?,
            format: WireFormat = WireFormat.V1,
        ): MessageStatus {
            val thrown = shouldThrow<InvalidMessageException> { MessageRules.checkAndPrepare(message, format) }
            if (message != null) message.status() shouldBe thrown.status()
            return thrown.status()
        }

        fun tooLong(message: Message) =
            message.apply {
                headers().appendRaw("x".repeat(65_536))
                body().append(ByteArray(65_536))
            }

        test("no message") { refusal(null) shouldBe MessageStatus.NULL_MESSAGE }

        test("one from the engine is not allowed") {
            val wrong = tooLong(Message().operation(MessageType.WELCOME, MessageRole.RESPONSE).more(true))
            wrong.fromEngine()
            refusal(wrong) shouldBe MessageStatus.NOT_ALLOWED
        }

        test("a response needs an id, whatever its type") {
            for (type in MessageType.entries) {
                val wrong = tooLong(Message().operation(type, MessageRole.RESPONSE).more(true))
                refusal(wrong) shouldBe MessageStatus.INVALID_MESSAGE_ID
            }
        }

        test("more is for regular messages") {
            for (type in MessageType.entries - MessageType.REGULAR) {
                for (role in MessageRole.entries) {
                    val wrong = tooLong(Message().operation(type, role).more(true).id(1))
                    refusal(wrong) shouldBe MessageStatus.INVALID_MORE_USAGE
                }
            }
        }

        test("only the engine answers a welcome, and nobody signals one") {
            refusal(tooLong(Message().operation(MessageType.WELCOME, MessageRole.RESPONSE).id(1))) shouldBe
                MessageStatus.NOT_ALLOWED
            for (role in listOf(MessageRole.SIGNAL, MessageRole.INVALID)) {
                refusal(tooLong(Message().operation(MessageType.WELCOME, role))) shouldBe
                    MessageStatus.INVALID_MESSAGE_MODE
            }
        }

        test("a hello is no signal") {
            refusal(tooLong(Message().operation(MessageType.HELLO, MessageRole.SIGNAL))) shouldBe
                MessageStatus.INVALID_MESSAGE_MODE
        }

        test("a message without a role, as every new one is") {
            for (type in MessageType.entries) {
                refusal(tooLong(Message().operation(type, MessageRole.INVALID))) shouldBe
                    MessageStatus.INVALID_MESSAGE_MODE
            }
            refusal(Message()) shouldBe MessageStatus.INVALID_MESSAGE_MODE
        }

        test("all but welcome and hello requests need a channel") {
            val need = SENDABLE - MessageOperation.WELCOME_REQUEST - MessageOperation.HELLO_REQUEST
            for (operation in need) {
                refusal(tooLong(Message().operation(operation).id(1))) shouldBe MessageStatus.INVALID_CHANNEL_NUMBER
            }
        }

        test("text headers above 65535 bytes") {
            for (operation in SENDABLE) {
                refusal(tooLong(Message().operation(operation).channel(7).id(1))) shouldBe
                    MessageStatus.INVALID_HEADERS_LEN
            }
        }

        test("a welcome or hello request without a configuration, before its body is looked at") {
            for (operation in listOf(MessageOperation.WELCOME_REQUEST, MessageOperation.HELLO_REQUEST)) {
                val wrong = Message().operation(operation).also { it.body().append(ByteArray(65_536)) }
                refusal(wrong) shouldBe MessageStatus.WRONG_CONFIGURATION
            }
        }

        test("a body above 65535 bytes") {
            val message = Message().operation(MessageOperation.SIGNAL).channel(7)
            message.body().append(ByteArray(65_536))
            refusal(message) shouldBe MessageStatus.INVALID_BODY_LEN
            message.body().clear().append(ByteArray(65_535))
            MessageRules.checkAndPrepare(message, WireFormat.V1) shouldBe MessageOperation.SIGNAL
        }

        test("every operation in order passes, gets an id if it has none and keeps the one it has") {
            for (operation in SENDABLE) {
                val message = Message().operation(operation).channel(7).id(99)
                message.headers().append("a", "b")
                MessageRules.checkAndPrepare(message, WireFormat.V1) shouldBe operation
                message.id() shouldBe 99
                if (operation.role() != MessageRole.RESPONSE) {
                    MessageRules.checkAndPrepare(message.id(0), WireFormat.V1) shouldBe operation
                    val first = message.id()
                    first shouldBeGreaterThan 0
                    MessageRules.checkAndPrepare(message.id(0), WireFormat.V1)
                    message.id() shouldBeGreaterThan first
                }
            }
        }

        test("a status from before is forgotten") {
            for (id in listOf(0L, 5L)) {
                val message = Message().id(id)
                refusal(message) shouldBe MessageStatus.INVALID_MESSAGE_MODE
                MessageRules.checkAndPrepare(message.operation(MessageOperation.SIGNAL).channel(1), WireFormat.V1)
                message.status() shouldBe MessageStatus.SUCCESS
            }
        }

        test("version 2 sets the origin instead of refusing it") {
            val message = Message().operation(MessageOperation.SIGNAL).channel(1)
            message.fromEngine()
            MessageRules.checkAndPrepare(message, WireFormat.V2) shouldBe MessageOperation.SIGNAL
            message.isFromEngine shouldBe false
        }

        test("the text says what was refused, why, and what to do") {
            val message = Message().operation(MessageOperation.SIGNAL).id(5)
            val text =
                shouldThrow<InvalidMessageException> {
                    MessageRules.checkAndPrepare(
                        message,
                        WireFormat.V1,
                    )
                }.message
            text shouldBe "message(REGULAR SIGNAL, channel=0, id=5, headers=0 B, body=0 B) may not be sent " +
                "(INVALID_CHANNEL_NUMBER): it has no channel; only a welcome or hello request gets one as it is sent."
        }
    })

private val SENDABLE = MessageOperation.entries - MessageOperation.WELCOME_RESPONSE

/** As an engine that returns it. */
private fun Message.fromEngine() = TestHolder(this).fail()

internal class TestHolder(
    message: Message,
) : MessageHolder(message) {
    var releases = 0

    override fun released() {
        releases++
    }

    fun fail() = stamp(MessageStatus.CHANNEL_CLOSED)

    fun take(to: String) = takeOver(to)

    fun giveBack() = handBack()
}
