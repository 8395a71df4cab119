package dev.uring.message

import dev.uring.base.ConfigException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds

/**
 * What two engines of this library may agree on for a channel, beyond what tofu speaks. Offered in a header of the
 * hello request and accepted in one of the hello response; a peer that does not know it passes over the header.
 *
 * @property receipts each side tells what it has given to its program. What a channel had on its way when it ended then
 * comes back if, and only if, the peer's program did not get it. Costs 16 bytes for each batch of messages received,
 * and a message is held until its receipt.
 * @property heartbeat a side that has sent nothing for so long says that it is there; one that has received nothing for
 * three times as long gives the channel up. `Duration.ZERO` says and expects nothing.
 * @property compression bodies of regular messages from [EngineConfig.compressionMinBytes] on are deflated on their
 * way, each by itself, if that makes them smaller. Costs about 10 µs of CPU per KiB sent: for networks that are slower
 * than that. Not for secrets beside what an attacker may choose: the size tells whether they are alike.
 */
public data class ChannelFeatures(
    val receipts: Boolean = false,
    val heartbeat: Duration = Duration.ZERO,
    val compression: Boolean = false,
) {
    init {
        if (heartbeat != Duration.ZERO && (heartbeat < HEARTBEAT_MIN || heartbeat.isInfinite())) {
            throw ConfigException("heartbeat", "heartbeat=$heartbeat must be 0 or at least $HEARTBEAT_MIN")
        }
    }

    internal val isNone: Boolean get() = !receipts && heartbeat == Duration.ZERO && !compression

    /** As it stands in the header. */
    internal fun encode(): String =
        listOfNotNull(
            RECEIPTS.takeIf { receipts },
            (HEARTBEAT + heartbeat.inWholeMilliseconds).takeIf { heartbeat > Duration.ZERO },
            DEFLATE.takeIf { compression },
        ).joinToString(" ")

    /** Names and constants. */
    public companion object {
        /** What tofu speaks, and no more. */
        public val NONE: ChannelFeatures = ChannelFeatures()

        /** The text header that offers and accepts. */
        public const val HEADER: String = "~uring"

        private const val RECEIPTS = "receipts"
        private const val HEARTBEAT = "heartbeat="

        // The word names the method: another one may follow, and peers then agree on one.
        private const val DEFLATE = "deflate"
        private val HEARTBEAT_MIN = 10.milliseconds

        /** Words that are not known are passed over: a later version may offer more. */
        internal fun decode(text: String?): ChannelFeatures {
            val words = text.orEmpty().split(' ')
            val millis =
                words.firstOrNull { it.startsWith(HEARTBEAT) }?.removePrefix(HEARTBEAT)?.toIntOrNull() ?: 0
            val heartbeat = if (millis < HEARTBEAT_MIN.inWholeMilliseconds) Duration.ZERO else millis.milliseconds
            return ChannelFeatures(RECEIPTS in words, heartbeat, DEFLATE in words)
        }
    }
}

/**
 * What stands beside the features in the same header, of a channel that both ends keep while it has no connection.
 *
 * @property id by which both know the channel; null when there is none
 * @property got how many messages the speaker's program has got of it, once both have agreed on [id]
 * @property isElsewhere the channel lives on another worker, where the next connection may arrive
 */
internal data class SessionWords(
    val id: String?,
    val got: Long?,
    val isElsewhere: Boolean,
) {
    companion object {
        const val ELSEWHERE = "elsewhere"
        private const val RESUME = "resume="
        private const val GOT = "got="

        fun encode(
            id: String,
            got: Long?,
        ): String = if (got == null) " $RESUME$id" else " $RESUME$id $GOT$got"

        fun decode(text: String?): SessionWords {
            val words = text.orEmpty().split(' ')

            fun value(name: String) = words.firstOrNull { it.startsWith(name) }?.removePrefix(name)
            return SessionWords(
                value(RESUME)?.takeIf(Sessions::isId),
                value(GOT)?.toLongOrNull()?.takeIf { it >= 0 },
                ELSEWHERE in words,
            )
        }
    }
}
