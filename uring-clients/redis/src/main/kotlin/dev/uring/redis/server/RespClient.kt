package dev.uring.redis.server

import dev.uring.redis.codec.RespReplyEncoder
import java.net.SocketAddress

/**
 * What a server knows about one client: the state of a connection that commands like CLIENT, HELLO and RESET change.
 *
 * ### Threading and cancellation
 * Belongs to the connection's worker: for commands that run there, which are those without a key.
 */
public class RespClient internal constructor(
    /** The number of the connection, as CLIENT ID says it. */
    public val id: Long,
    private val addresses: Addresses,
) {
    internal interface Addresses {
        val remoteAddress: SocketAddress?
        val localAddress: SocketAddress?
    }

    /** The name given by CLIENT SETNAME, or empty. */
    public var name: String = ""

    /** What CLIENT SETINFO said of the client's library: `lib-name` and `lib-ver`. */
    public val libraryInfo: MutableMap<String, String> by lazy(LazyThreadSafetyMode.NONE) { sortedMapOf() }

    /** 2 or 3. A change holds from the reply on that is written after it. */
    public var protocol: Int = RespReplyEncoder.RESP2
        set(value) {
            require(value == RespReplyEncoder.RESP2 || value == RespReplyEncoder.RESP3) {
                "protocol=$value: RESP has the versions 2 and 3"
            }
            field = value
        }

    /** The peer's address, null when the connection was lost before anybody asked. */
    public val remoteAddress: SocketAddress? get() = addresses.remoteAddress

    /** This side's address, null when the connection was lost before anybody asked. */
    public val localAddress: SocketAddress? get() = addresses.localAddress

    /** For whatever else a server's commands keep per connection. */
    public var attachment: Any? = null

    internal var isClosing = false
        private set

    /** Ends the connection, in order, after the reply to the present command. */
    public fun close() {
        isClosing = true
    }

    /** Puts the client back where it was when it connected, as RESET does. */
    public fun reset() {
        name = ""
        protocol = RespReplyEncoder.RESP2
        attachment = null
    }
}
