package dev.uring.momento.codec

import com.google.protobuf.ByteString
import com.google.protobuf.DescriptorProtos.DescriptorProto
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto
import com.google.protobuf.DescriptorProtos.FileDescriptorProto
import com.google.protobuf.DescriptorProtos.OneofDescriptorProto
import com.google.protobuf.Descriptors.Descriptor
import com.google.protobuf.Descriptors.FileDescriptor
import com.google.protobuf.DynamicMessage
import com.google.protobuf.InvalidProtocolBufferException

/**
 * The messages as protobuf-java reads and writes them, described in its own terms: what the codec must agree with.
 *
 * Text is declared as bytes: whether it is UTF-8 is not the codec's business.
 */
internal object ProtobufReference {
    private val file: FileDescriptor =
        FileDescriptor.buildFrom(
            FileDescriptorProto
                .newBuilder()
                .setName("momento.proto")
                .setSyntax("proto2")
                .addMessageType(message("Authenticate", bytes("token", 1)))
                .addMessageType(message("Get", bytes("namespace", 1), bytes("key", 2)))
                .addMessageType(
                    message("Set", bytes("namespace", 1), bytes("key", 2), bytes("value", 3), number("ttl", 4)),
                ).addMessageType(message("Delete", bytes("namespace", 1), bytes("key", 2)))
                .addMessageType(
                    oneOf("Unary", choice("Authenticate", 1), choice("Get", 2), choice("Set", 3), choice("Delete", 4)),
                ).addMessageType(
                    message("Command", number("id", 2), number("control", 3), child("unary", "Unary", 10)),
                ).addMessageType(message("Error", number("code", 1), bytes("message", 2)))
                .addMessageType(message("Value", bytes("value", 1)))
                .addMessageType(message("Nothing"))
                .addMessageType(
                    oneOf(
                        "Reply",
                        choice("Error", 9),
                        choice("Nothing", 10, "authenticated"),
                        choice("Value", 11),
                        choice("Nothing", 12, "stored"),
                        choice("Nothing", 13, "deleted"),
                    ).addField(number("id", 1)).addField(number("control", 2)),
                ).build(),
            emptyArray(),
        )

    private val command: Descriptor = file.findMessageTypeByName("Command")
    private val reply: Descriptor = file.findMessageTypeByName("Reply")

    /** What a command says, as [MomentoCommand.describe] tells it, or null when protobuf refuses it. */
    fun describeCommand(message: ByteArray): String? {
        val parsed = parse(command, message) ?: return null
        val unary = parsed.child("unary")
        val kind = unary?.choice()
        return head(parsed) +
            when (kind?.descriptorForType?.name) {
                null -> "NONE"
                "Authenticate" -> "AUTHENTICATE <${kind.text("token")}>"
                "Get" -> "GET <${kind.text("namespace")}> <${kind.text("key")}>"
                "Delete" -> "DELETE <${kind.text("namespace")}> <${kind.text("key")}>"
                else -> "SET <${kind.text("namespace")}> <${kind.text("key")}> <${kind.text("value")}> ${kind.ttl()}"
            }
    }

    /** What a reply says, as [MomentoReply.describe] tells it, or null when protobuf refuses it. */
    fun describeReply(message: ByteArray): String? {
        val parsed = parse(reply, message) ?: return null
        val field = parsed.allFields.keys.firstOrNull { it.containingOneof != null }
        return head(parsed) +
            when (field?.number) {
                null -> {
                    "NONE"
                }

                ReplyKind.ERROR.field -> {
                    val error = parsed.getField(field) as DynamicMessage
                    "ERROR ${StatusCode.of(error.number("code"))} <${error.utf8("message")}>"
                }

                ReplyKind.GET.field -> {
                    val value = parsed.getField(field) as DynamicMessage
                    "GET " + if (value.has("value")) "<${value.text("value")}>" else "null"
                }

                else -> {
                    "${ReplyKind.of(field.number)}"
                }
            }
    }

    private fun head(message: DynamicMessage) =
        "#${java.lang.Long.toUnsignedString(message.number("id"))} ${ControlCode.of(message.number("control"))} "

    private fun parse(
        type: Descriptor,
        message: ByteArray,
    ): DynamicMessage? =
        try {
            DynamicMessage.parseFrom(type, message)
        } catch (_: InvalidProtocolBufferException) {
            null
        }

    private fun DynamicMessage.field(name: String) = descriptorForType.findFieldByName(name)

    private fun DynamicMessage.has(name: String) = hasField(field(name))

    private fun DynamicMessage.number(name: String) = getField(field(name)) as Long

    private fun DynamicMessage.ttl() = java.lang.Long.toUnsignedString(number("ttl"))

    private fun DynamicMessage.text(name: String) = (getField(field(name)) as ByteString).toString(Charsets.ISO_8859_1)

    private fun DynamicMessage.utf8(name: String) = (getField(field(name)) as ByteString).toStringUtf8()

    private fun DynamicMessage.child(name: String) = if (has(name)) getField(field(name)) as DynamicMessage else null

    private fun DynamicMessage.choice() =
        allFields.entries.firstOrNull { it.key.containingOneof != null }?.value as DynamicMessage?

    private fun message(
        name: String,
        vararg fields: FieldDescriptorProto.Builder,
    ): DescriptorProto.Builder = DescriptorProto.newBuilder().setName(name).apply { fields.forEach(::addField) }

    private fun oneOf(
        name: String,
        vararg fields: FieldDescriptorProto.Builder,
    ): DescriptorProto.Builder = message(name, *fields).addOneofDecl(OneofDescriptorProto.newBuilder().setName("kind"))

    private fun choice(
        type: String,
        number: Int,
        name: String = type.lowercase(),
    ) = child(name, type, number).setOneofIndex(0)

    private fun bytes(
        name: String,
        number: Int,
    ) = field(name, number).setType(FieldDescriptorProto.Type.TYPE_BYTES)

    private fun number(
        name: String,
        number: Int,
    ) = field(name, number).setType(FieldDescriptorProto.Type.TYPE_UINT64)

    private fun child(
        name: String,
        type: String,
        number: Int,
    ) = field(name, number).setType(FieldDescriptorProto.Type.TYPE_MESSAGE).setTypeName(type)

    private fun field(
        name: String,
        number: Int,
    ) = FieldDescriptorProto
        .newBuilder()
        .setName(name)
        .setNumber(number)
        .setLabel(FieldDescriptorProto.Label.LABEL_OPTIONAL)
}
