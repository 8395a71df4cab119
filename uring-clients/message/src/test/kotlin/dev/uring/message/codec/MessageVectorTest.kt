package dev.uring.message.codec

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

/** What other implementations write, byte for byte, and back. */
class MessageVectorTest :
    FunSpec({
        context("messages of version 1") {
            for (vector in V1_VECTORS) {
                test(vector.name) {
                    vector.message().encode().toHex() shouldBe hex(vector.bytes).toHex()
                    hex(vector.bytes).decode().seen() shouldBe vector.message().seen()
                }
            }
        }

        context("messages of version 2") {
            for (vector in V2_VECTORS) {
                test(vector.name) {
                    vector.message().encode(WireFormat.V2).toHex() shouldBe hex(vector.bytes).toHex()
                    hex(vector.bytes).decode(WireFormat.V2).seen() shouldBe vector.message().seen()
                }
            }
        }

        test("a header with every field set is read as what it says, the status of the wire too") {
            val view = MessageView(WireFormat.V1)
            val bytes = hex("12 34 06 ff aa bb cc dd ee ff 00 11 56 78 9a bc")
            view.decode(
                dev.uring.bytes.ByteWindow
                    .copyOf(bytes),
                0,
            ) shouldBe dev.uring.codec.DecodeStatus.NEED_MORE
            view.channel() shouldBe 0x1234
            view.operation() shouldBe MessageOperation.HELLO_REQUEST
            view.statusCode() shouldBe 0xFF
            view.id() shouldBe 0xAABBCCDDEEFF0011uL.toLong()
            view.headersBytes() shouldBe 0x5678
            view.bodyBytes() shouldBe 0x9ABC
            view.neededBytes() shouldBe 16 + 0x5678 + 0x9ABC
            val whole = bytes + ByteArray(0x5678) { 'h'.code.toByte() } + ByteArray(0x9ABC) { 'b'.code.toByte() }
            val read = whole.decode()
            read.status() shouldBe MessageStatus.UNKNOWN_ERROR
            read.headers().sizeBytes() shouldBe 0x5678
            read.body().size() shouldBe 0x9ABC
        }

        test("the third byte of version 1 is type, role and flags, for all that there are") {
            val expected =
                mapOf(
                    MessageType.REGULAR to listOf(0x04, 0x08, 0x0c),
                    MessageType.WELCOME to listOf(0x05, 0x09, 0x0d),
                    MessageType.HELLO to listOf(0x06, 0x0a, 0x0e),
                    MessageType.BYE to listOf(0x07, 0x0b, 0x0f),
                )
            val roles = listOf(MessageRole.REQUEST, MessageRole.RESPONSE, MessageRole.SIGNAL)
            for ((type, bytes) in expected) {
                for ((role, byte) in roles.zip(bytes)) {
                    fun third(change: Message.() -> Unit) =
                        Message()
                            .operation(type, role)
                            .apply(change)
                            .encode()[2]
                            .toInt()
                    third { } shouldBe byte
                    third { more(true) } shouldBe byte + 0x20
                    third { oob(true) } shouldBe byte + 0x40
                }
            }
        }

        test("status numbers of both versions") {
            MessageStatus.entries.map { it.code(WireFormat.V1) } shouldBe (0..32).toList()
            for (code in 0..31) MessageStatus.of(code, WireFormat.V2).code(WireFormat.V2) shouldBe code
            val ofV2 =
                mapOf(
                    2 to MessageStatus.WRONG_CONFIGURATION,
                    6 to MessageStatus.INVALID_MESSAGE_MODE,
                    7 to MessageStatus.INVALID_HEADERS_LEN,
                    19 to MessageStatus.POOL_EMPTY,
                    21 to MessageStatus.RECEIVER_UPDATE,
                    22 to MessageStatus.CHANNEL_CLOSED,
                    24 to MessageStatus.CONNECT_FAILED,
                    31 to MessageStatus.UNKNOWN_ERROR,
                )
            for ((code, status) in ofV2) MessageStatus.of(code, WireFormat.V2) shouldBe status
            for (code in listOf(32, 33, 255)) MessageStatus.of(code, WireFormat.V1) shouldBe MessageStatus.UNKNOWN_ERROR
            MessageStatus.POOL_EMPTY.code(WireFormat.V1) shouldBe 20
            MessageStatus.CHANNEL_CLOSED.code(WireFormat.V1) shouldBe 23
            MessageStatus.CONNECT_FAILED.code(WireFormat.V1) shouldBe 25
        }
    })

private class Vector(
    val name: String,
    val bytes: String,
    val message: () -> Message,
)

private fun message(
    channel: Int,
    operation: MessageOperation,
    id: Long,
    body: String = "",
) = Message()
    .channel(channel)
    .operation(operation)
    .id(id)
    .also { it.body().appendUtf8(body) }

private fun hello() =
    message(0x1234, MessageOperation.HELLO_REQUEST, 1)
        .also { it.headers().append("~connect_to", "tcp|127.0.0.1|7099") }

private const val HELLO_HEADERS = "7e636f6e6e6563745f746f3a7463707c3132372e302e302e317c373039390d0a"

private val V1_VECTORS =
    listOf(
        Vector("hello request with its address", "12 34 06 00 00000000 00000001 0020 0000 $HELLO_HEADERS", ::hello),
        Vector("hello response", "0b ee 0a 00 00000000 00000001 0000 0000") {
            message(0x0BEE, MessageOperation.HELLO_RESPONSE, 1)
        },
        Vector("request", "12 34 04 00 00000000 00000002 0000 0002 68 69") {
            message(0x1234, MessageOperation.REQUEST, 2, "hi")
        },
        Vector("response", "0b ee 08 00 00000000 00000002 0000 0002 68 69") {
            message(0x0BEE, MessageOperation.RESPONSE, 2, "hi")
        },
        Vector("signal with more to come", "12 34 2c 00 00000000 00000003 0000 0000") {
            message(0x1234, MessageOperation.SIGNAL, 3).more(true)
        },
        Vector("bye request", "12 34 07 00 00000000 00000005 0000 0000") {
            message(0x1234, MessageOperation.BYE_REQUEST, 5)
        },
        Vector("bye response", "0b ee 0b 00 00000000 00000005 0000 0000") {
            message(0x0BEE, MessageOperation.BYE_RESPONSE, 5)
        },
    )

private val V2_VECTORS =
    listOf(
        Vector("hello request with its address", "12 34 03 00 00000000 00000001 0020 0000 $HELLO_HEADERS", ::hello),
        Vector("request", "12 34 00 00 00000000 00000002 0000 0002 68 69") {
            message(0x1234, MessageOperation.REQUEST, 2, "hi")
        },
        Vector("response", "0b ee 01 00 00000000 00000002 0000 0002 68 69") {
            message(0x0BEE, MessageOperation.RESPONSE, 2, "hi")
        },
        Vector("bye signal, out of band", "12 34 47 00 00000000 00000005 0000 0000") {
            message(0x1234, MessageOperation.BYE_SIGNAL, 5).oob(true)
        },
    )
