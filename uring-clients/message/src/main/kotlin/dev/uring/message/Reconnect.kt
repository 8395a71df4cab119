package dev.uring.message

import dev.uring.base.ConfigException
import dev.uring.message.codec.MessageStatus
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/**
 * What becomes of the messages that a channel had on their way when its connection broke, and of those that are sent
 * until it has another one. What comes back has a status: [MessageStatus.COMMUNICATION_FAILED] when nobody can know
 * whether the peer's program got it, else that of the break.
 */
public enum class ResendRule {
    /** All come back. For programs that know better what is still worth sending. */
    NONE,

    /**
     * Those are sent again that the peer surely did not get; one of which nobody knows comes back. With plain peers, and
     * without [ChannelFeatures.receipts], what the kernel had taken counts as sent, as it does with tofu.
     */
    UNSENT,

    /**
     * All are sent again that the peer has not confirmed: it may get some of them twice, never out of order. Offers
     * receipts; with a peer that knows none, as [UNSENT].
     */
    AT_LEAST_ONCE,

    /**
     * Both ends keep the channel while it has no connection, and go on where it broke: each message arrives once, in
     * both directions, and neither program has to do anything. The peer has to allow it ([EngineConfig.resume]). If it
     * does not, or has lost the channel because it was started again, as [UNSENT].
     */
    EXACTLY_ONCE,
}

/**
 * That channels which a program connects are opened again when their connection breaks, with the same number.
 *
 * Only a bye ends such a channel, or this side: [Group.close], a peer that speaks another protocol, [attemptsMax]. A
 * channel whose bye was sent is not opened again. The program hears of a break and of its end by signals of the engine
 * ([isConnectionLost][dev.uring.message.codec.Message.isConnectionLost],
 * [isConnectionBack][dev.uring.message.codec.Message.isConnectionBack]); the second has the text headers and the body
 * of the peer's new hello response.
 *
 * What is sent meanwhile waits, up to [EngineConfig.channelMessagesMax] messages: then `send` suspends. Out of band
 * messages go first when there is a connection again. A channel that is closed meanwhile gives back what waits.
 *
 * @property rule which messages are sent again. Default [ResendRule.UNSENT]: none is ever received twice.
 * @property delayMin before the first attempt; twice as long before each further one. Default 10 ms: a server that only
 * restarts is back soon.
 * @property delayMax the longest such wait. Default 2 s: what a person hardly notices. Each wait is cut by chance by up
 * to a half, lest all who lost a server come back in the same moment.
 * @property attemptsMax failed attempts in a row after which the channel ends, and what it has comes back; also at
 * first. Default 1000: half an hour.
 */
public data class Reconnect(
    val rule: ResendRule = ResendRule.UNSENT,
    val delayMin: Duration = 10.milliseconds,
    val delayMax: Duration = 2.seconds,
    val attemptsMax: Int = 1_000,
) {
    init {
        if (!delayMin.isPositive()) throw ConfigException("delayMin", "delayMin=$delayMin must be positive")
        if (delayMax < delayMin || delayMax.isInfinite()) {
            throw ConfigException("delayMax", "delayMax=$delayMax must be finite and not below delayMin=$delayMin")
        }
        if (attemptsMax < 1) throw ConfigException("attemptsMax", "attemptsMax=$attemptsMax must be at least 1")
    }
}

/**
 * That channels which were accepted are kept when their connection breaks, for peers that want
 * [ResendRule.EXACTLY_ONCE].
 *
 * @property timeout how long a peer may stay away before its channel ends. Default 30 s: longer than a network needs to
 * find another way.
 * @property awayMax channels without a connection that are kept at once; one more ends instead. Default 1024: with
 * [EngineConfig.channelMessagesMax] this bounds what peers that never come back can hold.
 */
public data class Resume(
    val timeout: Duration = 30.seconds,
    val awayMax: Int = 1_024,
) {
    init {
        if (!timeout.isPositive() || timeout.isInfinite()) {
            throw ConfigException("timeout", "timeout=$timeout must be positive and finite")
        }
        if (awayMax < 1) throw ConfigException("awayMax", "awayMax=$awayMax must be at least 1")
    }
}
