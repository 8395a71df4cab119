package dev.uring.message

import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageStatus

/** What a group's program hears of the engine itself: that a pool is empty, and what becomes of channels. */
internal class Notices(
    private val group: Group,
    private val inbox: Inbox,
) {
    /** A channel has ended, and with it the requests that wait for it. On the channel's worker. */
    fun channelEnded(
        channel: Int,
        firstId: Long,
        reason: String?,
    ) {
        val signal = signal(channel, firstId, MessageStatus.CHANNEL_CLOSED, reason)
        signal.markEndOfChannel()
        if (group.home.isCurrent) {
            endRequests(channel, MessageStatus.CHANNEL_CLOSED, reason)
            group.giveBack(signal)
        } else {
            group.home.tryExecute {
                endRequests(channel, MessageStatus.CHANNEL_CLOSED, reason)
                inbox.deliver(signal)
                inbox.wakeNow()
            }
        }
    }

    fun listenerEnded(channel: Int) =
        group.giveBack(signal(channel, 0, MessageStatus.CHANNEL_CLOSED, null).also { it.markEndOfChannel() })

    /** The connection of [channel] is lost, and it shall have another one. */
    fun connectionLost(
        channel: Int,
        status: MessageStatus,
        reason: String?,
    ) = group.giveBack(signal(channel, Message.nextId(), status, reason).also { it.markConnectionLost() })

    /** [channel] has a connection again. */
    fun connectionBack(channel: Int) =
        group.giveBack(signal(channel, Message.nextId(), MessageStatus.SUCCESS, null).also { it.markConnectionBack() })

    /** [channel] has found no message in [shelf], which hears when the program has heard. */
    fun poolEmpty(
        channel: Int,
        shelf: Shelf,
    ) = group.giveBack(signal(channel, Message.nextId(), MessageStatus.POOL_EMPTY, null).also { it.reportOf = shelf })

    /** The responses of those will not come that wait for [channel], but for those with an id of [kept]. On the home. */
    fun endRequests(
        channel: Int,
        status: MessageStatus,
        reason: String?,
        kept: Set<Long> = emptySet(),
    ) {
        inbox.pending.settleChannel(channel, kept) {
            signal(channel, it.id, status, reason).also { answer -> answer.setKind(MessageOperation.RESPONSE) }
        }
        inbox.wakeLater()
    }

    private fun signal(
        channel: Int,
        id: Long,
        status: MessageStatus,
        reason: String?,
    ): Envelope {
        val message = Message().operation(MessageOperation.SIGNAL).channel(channel).id(id)
        if (reason != null) message.body().appendUtf8(reason)
        return Envelope.of(message).also { it.fail(status) }
    }
}
