package dev.uring.message

import dev.uring.message.codec.ChannelAddress
import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageRules
import dev.uring.message.codec.MessageStatus
import dev.uring.message.codec.TextHeaders
import dev.uring.worker.Worker

/** Which channel of a group a message goes to, if it may be sent at all; a welcome or hello request makes one. */
internal class Switchboard(
    private val group: Group,
    private val placement: ChannelPlacement,
) {
    private val engine = group.engine
    private val config = engine.config

    fun target(message: Message?): Channel {
        val kind = MessageRules.checkAndPrepare(message, config.wireFormat)
        checkNotNull(message)
        group.checkOpen()
        if (message.channel() == Message.CHANNEL_NONE) return newChannel(message, kind)
        val target =
            engine.numbers[message.channel()]
                ?: throw MessageRules.refused(
                    message,
                    MessageStatus.INVALID_CHANNEL_NUMBER,
                    "there is no such channel; it may have ended",
                )
        if (target.group !== group) {
            throw MessageRules.refused(message, MessageStatus.INVALID_CHANNEL_GROUP, "the channel is another group's")
        }
        val isWrong = if (target is ListenChannel) !target.takes(kind) else kind == MessageOperation.WELCOME_REQUEST
        if (isWrong || (target is ListenChannel && kind == MessageOperation.WELCOME_REQUEST)) {
            throw MessageRules.refused(
                message,
                MessageStatus.INVALID_CHANNEL_NUMBER,
                "a listener takes nothing but its end, and has a number already",
            )
        }
        return target
    }

    private fun newChannel(
        message: Message,
        kind: MessageOperation,
    ): Channel {
        val isListener = kind == MessageOperation.WELCOME_REQUEST
        val name = if (isListener) TextHeaders.LISTEN_ON else TextHeaders.CONNECT_TO
        val text = message.headers().first(name)
        val address =
            text?.let(ChannelAddress::parse)
                ?: throw MessageRules.refused(
                    message,
                    MessageStatus.WRONG_CONFIGURATION,
                    "its header $name says \"${text.orEmpty()}\", not tcp|host|port or uds|path",
                )
        val made =
            engine.numbers.add {
                if (isListener) ListenChannel(it, group, address) else PeerChannel(it, group, placed(), address)
            }
                ?: throw MessageRules.refused(
                    message,
                    MessageStatus.ALLOCATION_FAILED,
                    "all 65534 channel numbers are taken",
                )
        group.add(made)
        return made
    }

    // One that is opened again lives beside the requests that wait for it, and knows which of them are lost.
    private fun placed(): Worker =
        if (placement == ChannelPlacement.HOME || config.reconnect != null) group.home else engine.nextWorker()
}
