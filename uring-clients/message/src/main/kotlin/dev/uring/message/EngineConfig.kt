package dev.uring.message

import dev.uring.base.ConfigException
import dev.uring.message.codec.WireFormat
import dev.uring.tls.TlsClientOptions
import dev.uring.tls.TlsServerSource
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * What an engine speaks and how much it may hold.
 *
 * Immutable; `copy` changes it.
 *
 * @property wireFormat which version; both sides have to be set to the same one. Default V1, tofu's own until 2025.
 * @property poolInitial messages that each group has for receiving on each worker that has channels of it. Default 256:
 * what one receive can bring of messages of 100 bytes, and 100 KiB.
 * @property poolMax messages that such a pool keeps. A group that has not given back so many is not received for: its
 * peers have to wait, and no other group. When so many are under way, a channel's sender waits with 32 unsent already;
 * these are kept in addition, for each channel. Default 1024: 400 KiB of small messages.
 * @property poolKeptBytesMax bytes of grown messages that such a pool keeps. Default 16 MiB: 256 of the largest.
 * @property channelMessagesMax messages of a channel that the kernel has not taken; then `send` suspends. Default 512:
 * half of the pool, so that a sender that waits for it takes no message beyond the pool.
 * @property channelBytesMax bytes of a channel that the kernel has not taken; then `send` suspends, too. Default 128 KiB:
 * two of the largest messages, which are still in the CPU's cache when they are sent. While there is no connection,
 * [channelMessagesMax] alone counts.
 * @property connectTimeout for the peer's answer, the look-up of its name and the TLS handshake. Default 10 s.
 * @property closeTimeout how long a channel that ends in order may take to send what it has. Default 5 s.
 * @property features what this engine offers in its hello requests. Default none: nothing is added to what the program
 * says. What a peer offers is always accepted.
 * @property reconnect opens channels again that this engine has connected; they live on their group's home. Null, the
 * default, ends a channel with its connection.
 * @property resume keeps channels that were accepted for peers that come back. Null, the default, keeps none.
 * @property compressionMinBytes bodies below that are sent as they are, also where peers have agreed on
 * [ChannelFeatures.compression]. Default 1024: below a packet of Ethernet nothing is there sooner for being smaller.
 * @property tlsClient connects with TLS; null without
 * @property tlsServer listens with TLS; null without
 * @property authorize asked on a worker, which it must not block, with the token of each hello request that comes in,
 * or null when it has none; a peer that is refused is disconnected and the program does not hear of it. Null takes all.
 * @property token what this engine says of itself in its hello requests
 * @property tap hears of every message that goes over a wire, on the channel's worker; costs an object for each
 */
public data class EngineConfig(
    val wireFormat: WireFormat = WireFormat.V1,
    val poolInitial: Int = 256,
    val poolMax: Int = 1024,
    val poolKeptBytesMax: Long = 16L shl 20,
    val channelMessagesMax: Int = 512,
    val channelBytesMax: Long = 128L shl 10,
    val connectTimeout: Duration = 10.seconds,
    val closeTimeout: Duration = 5.seconds,
    val features: ChannelFeatures = ChannelFeatures.NONE,
    val tlsClient: TlsClientOptions? = null,
    val tlsServer: TlsServerSource? = null,
    val authorize: ((token: String?) -> Boolean)? = null,
    val token: String? = null,
    val tap: MessageTap? = null,
    val reconnect: Reconnect? = null,
    val resume: Resume? = null,
    val compressionMinBytes: Int = 1_024,
) {
    init {
        require("poolInitial", poolInitial in 0..poolMax) { "$poolInitial must be from 0 to poolMax=$poolMax" }
        require("poolMax", poolMax >= 1) { "$poolMax must be at least 1" }
        require("poolKeptBytesMax", poolKeptBytesMax >= 0) { "$poolKeptBytesMax must be 0 or more" }
        require("channelMessagesMax", channelMessagesMax >= 1) { "$channelMessagesMax must be at least 1" }
        require("channelBytesMax", channelBytesMax >= 1) { "$channelBytesMax must be at least 1" }
        require("connectTimeout", connectTimeout.isPositive()) { "$connectTimeout must be positive" }
        require("closeTimeout", closeTimeout.isPositive() && closeTimeout.isFinite()) {
            "$closeTimeout must be positive and finite"
        }
        require("compressionMinBytes", compressionMinBytes >= 1) { "$compressionMinBytes must be at least 1" }
    }

    // A token in a log is a token lost.
    override fun toString(): String =
        "EngineConfig(wireFormat=$wireFormat, pool=$poolInitial..$poolMax, channelMessagesMax=$channelMessagesMax, " +
            "features=$features, token=${if (token == null) "none" else "***"})"

    private inline fun require(
        name: String,
        isRight: Boolean,
        text: () -> String,
    ) {
        if (!isRight) throw ConfigException(name, "$name=${text()}")
    }
}
